"""The job probes: the entries run, in which order and with which result."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assets.kettle.errors import KettleError
from assets.kettle.files.read import read_job
from assets.kettle.files.variables import Variables
from assets.kettle.jobs.start import run_job


def job_cases(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and golden record of each job."""
    for path in sorted((folder / "probes" / "jobs-expected-pdi-9.3").glob("*.json")):
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))


def golden_steps(golden: dict[str, Any]) -> list[list[Any]]:
    """What ended, in order: name, result, number of errors."""
    return list(_ended(golden["tracker"]["children"]))


def _ended(children: list[dict[str, Any]]) -> Iterator[list[Any]]:
    for child in children:
        if "result" in child and child["entry"] != "null":
            yield [child["entry"], child["result"], child["errors"]]
        yield from _ended(child["children"])


def job_differs(folder: Path, name: str, golden: dict[str, Any]) -> str:
    """The first difference, or ""."""
    job = read_job(folder / "probes" / "kjb" / f"{name}.kjb")
    variables = Variables()
    variables.set("PROBES", str(folder / "probes"))
    try:
        result, events = run_job(job, variables=variables)
    except KettleError as error:
        return f"error: {error}"
    found = [[e.entry, e.ok, e.errors] for e in events]
    expected = golden_steps(golden)
    if any(e.parallel for e in job.entries):
        found.sort(key=str)
        expected.sort(key=str)
    if found != expected:
        wrong = next((i for i, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), len(expected))
        return f"entry {wrong}: {found[wrong : wrong + 1]} instead of {expected[wrong : wrong + 1]}"
    if (result.ok, result.errors) != (golden["result"], golden["errors"]):
        return f"result {result.ok}, {result.errors} errors instead of {golden['result']}, {golden['errors']}"
    return ""
