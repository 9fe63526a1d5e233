"""The files to run and what is expected of them."""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Case:
    """One transformation with the golden output of its steps.

    Attributes:
        roots: text that stands for a folder in the golden values -> that folder.
        loose: steps whose rows vary between runs of the reference.
        ordered: whether the order of rows counts.
        steps: step -> golden record.
    """

    name: str
    kind: str
    path: Path
    variables: dict[str, str]
    roots: dict[str, str]
    steps: dict[str, Any]
    loose: set[str] = field(default_factory=set)
    ordered: bool = True
    truncated: bool = False
    database: bool = False
    log: str = ""

    @property
    def moment(self) -> datetime | None:
        """When the reference ran, by its log."""
        return datetime.strptime(self.log[:19], "%Y/%m/%d %H:%M:%S") if self.log else None


def corpus(folder: Path) -> Iterator[Case]:
    """The public transformations of INDEX.csv that the reference ran."""
    root = folder / "corpus"
    with (folder / "INDEX.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["status"] != "ok":
                continue
            golden = json.loads(gzip.decompress((folder / row["golden"]).read_bytes()))
            yield Case(
                row["path"],
                "corpus",
                root / row["path"],
                {"CORPUS": str(root), "testfolder": str((root / row["path"]).parent)},  # as the reference set it
                {"${CORPUS}": str(root), "${ENGINE}": str(folder / "engine")},
                golden["steps"],
                set(filter(None, row["nondet_steps"].split("|"))),
                row["det"] != "multiset",
                row["truncated"] == "True",
                "database" in row["needs"],
                golden["log"],
            )


def probes(folder: Path, out: Path) -> Iterator[Case]:
    """The probes, in the order of their numbers: some build on the tables of the one before."""
    root = folder / "probes"
    variables = {"PROBES": str(root), "PD": str(root / "data"), "PO": str(out)}
    for path in sorted((root / "expected-pdi-9.3").glob("*.json")):
        golden = json.loads(path.read_text(encoding="utf-8"))
        roots = {"${PROBES}": str(root), "${PD}": str(root / "data"), "${PO}": str(out)}
        yield Case(path.stem, "probe", root / "ktr" / f"{path.stem}.ktr", variables, roots, golden["steps"])


def hop(folder: Path) -> Iterator[Case]:
    """Hop's own integration tests: one step's rows against a data set (values as text)."""
    for case in sorted((folder / "hop").iterdir()):
        for test in case.glob("unit-test.json"):
            unit = json.loads(test.read_text(encoding="utf-8"))
            steps = {g["transform_name"]: _data_set(case, g) for g in unit["golden_data_sets"]}
            home = str(case / "home")
            variables = {"PROJECT_HOME": home} | {v["name"]: v["value"] for v in unit["variableValues"] if "name" in v}
            yield Case(case.name, "hop", next(case.glob("*.ktr")), variables, {}, steps)


def _data_set(case: Path, golden: dict[str, Any]) -> dict[str, Any]:
    described = json.loads((case / f"{golden['data_set_name']}.dataset.json").read_text(encoding="utf-8"))
    base = described["base_filename"] or f"{golden['data_set_name']}.csv"
    with (case / base).open(encoding="utf-8", newline="") as handle:
        lines = list(csv.reader(handle))
    names = {m["data_set_field"]: m["transform_field"] for m in golden["field_mappings"]}
    header = [f["field_name"] for f in described["dataset_fields"]]
    rows = [dict(zip(header, line, strict=False)) for line in lines[1:]]
    kinds = {f["field_name"]: (f["field_type"], f["field_format"]) for f in described["dataset_fields"]}
    return {"data_set": rows, "names": names, "kinds": kinds, "order": golden["field_order"]}
