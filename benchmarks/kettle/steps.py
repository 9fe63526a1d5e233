"""One transformation of 5 to 200 steps: the fused native plan against the same steps as Dagster ops.

Run: python -m benchmarks.kettle.steps [--rows 1000 1000000] [--steps 5 20 60 200] [--multiprocess-steps 5]

`fused` is the engine alone (heddle kettle run). The others materialize the graph asset with one op per step: in
Dagster's own process, by the bundling executor in the run's process and in one worker process, and by Dagster's
default multiprocess executor (short chains only: it takes seconds a step). `bare` is Dagster without Kettle: as many
ops that do nothing, in one process. The instance is Heddle's, and the file has been loaded once before; what this
first load costs is `load`. Each run is a process of its own; seconds, CPU seconds and memory (the largest process)
include its children. `handed` is what ops report as handed over in memory, `stored` what they wrote for other ops.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from assets.kettle.files.write import write
from benchmarks.kettle.data import CUSTOMER_FIELDS, make
from benchmarks.kettle.flows import Step, calculator, chain, csv_in, csv_out, filter_rows, value_mapper
from benchmarks.kettle.steps_defs import STEPS
from core import settings as config
from orchestration.instance import prepare_instance

KINDS = ("fused", "bare", "in_process", "bundled_here", "bundled", "multiprocess")


def _cycle(number: int) -> Step:
    """Four steps that leave the rows as they were: calculate, filter, map, drop what was added."""
    name = f"s{number}"
    if number % 4 == 0:
        return (name, *calculator()[1:])
    if number % 4 == 1:
        keep = (
            "condition",
            [("negated", "N"), ("leftvalue", "amount"), ("function", "IS NOT NULL"), ("rightvalue", "")],
        )
        return (name, filter_rows()[1], [("send_true_to", ""), ("send_false_to", ""), ("compare", [keep])])
    if number % 4 == 2:
        return (name, *value_mapper()[1:])
    removed = [("remove", [("name", n)]) for n in ("total", "year", "full", "upper", "region")]
    return (name, "SelectValues", [("fields", [*removed, ("select_unspecified", "N")])])


def flow(folder: Path, steps: int) -> Path:
    """A chain of so many steps; the middle is cut to whole cycles and filled up with filters."""
    middle = steps - 2
    whole = middle // 4 * 4
    cycle = [_cycle(n) for n in range(whole)] + [(f"f{n}", *_cycle(1)[1:]) for n in range(middle - whole)]
    model = chain("chain", csv_in("in", folder / "cust.csv", CUSTOMER_FIELDS), *cycle, csv_out(folder / "chain.csv"))
    files = folder / f"files{steps}"
    files.mkdir(exist_ok=True)
    write(model, files / "chain.ktr")
    return files


CHILD = """
import json, resource, sys, time
from pathlib import Path
kind, files = sys.argv[1], Path(sys.argv[2])
handed = stored = 0
begun = time.perf_counter()
if kind == "fused":
    from assets.kettle.engine.start import run_transformation
    from assets.kettle.files.read import read_transformation
    run_transformation(read_transformation(files / "chain.ktr"))
elif kind == "load":
    import dagster as dg
    from benchmarks.kettle import steps_defs
    with dg.DagsterInstance.get():
        steps_defs.in_process()
else:
    import dagster as dg
    from benchmarks.kettle import steps_defs
    with dg.DagsterInstance.get() as instance:
        job = dg.reconstructable(steps_defs.JOBS[kind])
        with dg.execute_job(job, instance=instance, raise_on_error=True) as done:
            assert done.success
            handed, stored = steps_defs.handed_and_stored(done.all_events)
wall = time.perf_counter() - begun
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cpu = sum(u.ru_utime + u.ru_stime for u in used)
print(json.dumps([wall, cpu, max(u.ru_maxrss for u in used) / 1024, handed / 1e6, stored / 1e6]))
"""


class Figures(NamedTuple):
    """Wall and CPU seconds; MB at peak, handed over in memory, written for other ops."""

    wall: float
    cpu: float
    peak: float
    handed: float
    stored: float


def measure(kind: str, files: Path, steps: int, home: Path) -> Figures:
    """One run in a process of its own."""
    settings = config.load({"HEDDLE_HOME": str(home), "HEDDLE_KETTLE_FILES": str(files), "HEDDLE_KETTLE_OPS": "1000"})
    env = os.environ | config.variables(settings) | {"DAGSTER_HOME": str(prepare_instance(settings))}
    command = [sys.executable, "-c", CHILD, kind, str(files)]
    done = subprocess.run(
        command, env=env | {STEPS: str(steps)}, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    if done.returncode:
        raise SystemExit(f"{kind}: {done.stderr[-3000:]}")
    return Figures(*json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--steps", type=int, nargs="+", default=[5, 20, 60, 200])
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--multiprocess-steps", type=int, default=5, help="longest chain for multiprocess")
    options = parser.parse_args()
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="kettle-bench-") as scratch:
            make(Path(scratch), rows)
            for steps in options.steps:
                table(Path(scratch), rows, steps, options)


def table(folder: Path, rows: int, steps: int, options: argparse.Namespace) -> None:
    files = flow(folder, steps)
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as home:
        told: dict[str, Figures] = {}
        for kind in ("load", *options.kinds):
            if kind == "multiprocess" and steps > options.multiprocess_steps:
                continue
            found = told[kind] = measure(kind, files, steps, Path(home))
            line = f"{rows:>8} rows {steps:>4} steps {kind:<13} {found.wall:7.2f} s wall {found.cpu:7.2f} s CPU"
            line += f" {found.peak:6.0f} MB; {found.handed:8.1f} MB handed {found.stored:8.1f} MB stored"
            if kind not in ("load", "fused", "bare") and {"fused", "bare"} <= told.keys():
                fused, bare = told["fused"].cpu, told["bare"].cpu
                line += f"; {found.cpu / fused:5.2f}x fused, {(found.cpu - bare) / fused:5.2f}x without bare Dagster"
                line += f", {(found.cpu - fused) / steps:6.3f} s CPU a step"
            print(line, flush=True)


if __name__ == "__main__":
    main()
