"""Heddle's native Kettle engine against what PDI 9.3 emitted, step by step.

Run: HEDDLE_BENCH_DATA=<folder of public data> python -m benchmarks.accuracy.kettle [--only text] [--details] [--json f]

The folder holds kettle/{INDEX.csv,golden,corpus,probes,hop}. It is copied first: transformations write beside
themselves. A step is equal when its rows (in order, where the reference is deterministic), fields, counters and
rejected rows are.
"""

import argparse
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from assets.kettle.engine.run import EngineSettings
from benchmarks.accuracy.kettle.capture import run_file
from benchmarks.accuracy.kettle.cases import Case, corpus, hop, probes
from benchmarks.accuracy.kettle.compare import data_set_differs, step_differs
from benchmarks.accuracy.kettle.jobs import job_cases, job_differs

Findings = dict[str, dict[str, str]]


def check(case: Case) -> tuple[str, Findings]:
    """The run's error and, per step that differs, the differences."""
    outcome = run_file(case.path, case.variables, EngineSettings(allow_shell=True), case.moment)
    if outcome.error:
        return outcome.error, {}
    found: Findings = {}
    for name, golden in case.steps.items():
        emitted = outcome.steps.get(name)
        if "data_set" in golden:
            differs = data_set_differs(golden, emitted)
        else:
            differs = step_differs(case, name, golden, emitted)
        if differs:
            found[name] = differs
    return "", found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only files whose name holds this text")
    parser.add_argument("--kind", default="", help="only probe, corpus, hop or job")
    parser.add_argument("--type", default="", help="only files with a step of this type")
    parser.add_argument("--details", action="store_true", help="print every difference")
    parser.add_argument("--json", type=Path, help="write all findings to this file")
    arguments = parser.parse_args()
    source = os.environ.get("HEDDLE_BENCH_DATA")
    if not source or not (Path(source) / "kettle").is_dir():
        sys.exit("set HEDDLE_BENCH_DATA to the folder of public data that holds kettle/")
    logging.getLogger("heddle.kettle").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="kettle-accuracy-") as scratch:
        folder = Path(scratch) / "kettle"
        shutil.copytree(Path(source) / "kettle", folder, copy_function=shutil.copyfile)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        report(folder, arguments)


def engine_folder(folder: Path) -> Path:
    """The folder that the reference ran in: relative paths of the integration tests start here."""
    inside = folder / "corpus" / "pentaho-kettle" / "integration" / "src"
    engine = folder / "engine"
    engine.mkdir()
    if inside.is_dir():
        (engine / "src").symlink_to(inside)
        (engine / "testfiles").symlink_to(inside / "it" / "resources")
    return engine


def report(folder: Path, arguments: argparse.Namespace) -> None:
    out = folder / "out"
    out.mkdir()
    (folder / "probes" / "h2").mkdir(exist_ok=True)
    os.chdir(engine_folder(folder))
    tally = Tally()
    for case in [*probes(folder, out), *corpus(folder), *hop(folder)]:
        named = arguments.only in case.name and arguments.kind in ("", case.kind)
        if named and (not arguments.type or arguments.type in {g.get("type") for g in case.steps.values()}):
            since = time.perf_counter()
            error, differs = check(case)
            if tally.add(case, error, differs) != "equal":
                show(case, error, differs, arguments.details, time.perf_counter() - since)
    for name, golden in job_cases(folder):
        if arguments.only in name and arguments.kind in ("", "job") and not arguments.type:
            tally.add_job(name, job_differs(folder, name, golden))
    summary(tally.files, tally.types, tally.aspects)
    if arguments.json:
        text = json.dumps(tally.findings, indent=1, ensure_ascii=False, default=str)
        arguments.json.write_text(text, encoding="utf-8")


class Tally:
    """What was equal and what was not, by kind of file, step type and aspect."""

    def __init__(self) -> None:
        self.files: dict[str, Counter[str]] = defaultdict(Counter)
        self.types: dict[str, Counter[str]] = defaultdict(Counter)
        self.aspects: Counter[str] = Counter()
        self.findings: dict[str, object] = {}

    def add(self, case: Case, error: str, differs: Findings) -> str:
        """Counts a transformation; its state."""
        state = "error" if error else "differs" if differs else "equal"
        if "is not there; looked for" in error and case.kind == "corpus":
            state = "called file kept aside"  # the file that it calls is not part of the data
        self.files[case.kind][state] += 1
        for name, golden in case.steps.items():
            kind = golden.get("type", "hop data set")
            self.types[kind]["equal" if not error and name not in differs else "not"] += 1
        for found in differs.values():
            self.aspects.update(found.keys())
        if state != "equal":
            self.findings[f"{case.kind} {case.name}"] = error or differs
        return state

    def add_job(self, name: str, difference: str) -> None:
        """Counts a job."""
        self.files["job"]["differs" if difference else "equal"] += 1
        if difference:
            self.findings[f"job {name}"] = difference
            print(f"  job {name}: {difference}")


def show(case: Case, error: str, differs: Findings, details: bool, seconds: float) -> None:
    print(f"{case.kind} {case.name} ({seconds:.1f} s)")
    if error:
        print(f"    error: {error[:400]}")
    shown = list(differs.items()) if details else list(differs.items())[:2]
    for name, found in shown:
        for aspect, text in found.items():
            print(f"    {name} [{case.steps[name].get('type', '')}] {aspect}: {text[:300]}")


def summary(files: dict[str, Counter[str]], types: dict[str, Counter[str]], aspects: Counter[str]) -> None:
    print("\nstep type: equal of all")
    for kind, counts in sorted(types.items(), key=lambda item: (-item[1]["not"], item[0])):
        print(f"  {kind:28} {counts['equal']:4} of {counts.total():4}")
    print("\nfiles: equal of all")
    for kind, counts in files.items():
        aside = counts["called file kept aside"]
        total = counts.total() - aside
        share = counts["equal"] / max(1, total)
        print(f"  {kind:8} {counts['equal']:4} of {total:4} = {share:.1%}  (errors {counts['error']}, aside {aside})")
    print("differences by aspect:", dict(aspects))


if __name__ == "__main__":
    main()
