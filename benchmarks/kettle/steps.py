"""One transformation of 5 to 200 steps: the fused native plan against the same steps as Dagster ops.

Run: python -m benchmarks.kettle.steps [--rows 1000 1000000] [--steps 5 20 60 200] [--multiprocess-steps 5]

`fused` is the engine alone (heddle kettle run). The others materialize the graph asset with one op per step: in
Dagster's own process, by the bundling executor in the run's process and in one worker process, and by Dagster's
default multiprocess executor (short chains only: it takes seconds a step). Each run is a process of its own; seconds,
CPU seconds and memory include its children. The bytes that ops hand over are not measured: a run removes them itself.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from assets.kettle.files.write import write
from benchmarks.kettle.data import CUSTOMER_FIELDS, make
from benchmarks.kettle.flows import Step, calculator, chain, csv_in, csv_out, filter_rows, value_mapper

KINDS = ("fused", "in_process", "bundled_here", "bundled", "multiprocess")


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
import json, os, resource, sys, time
from pathlib import Path
kind, files = sys.argv[1], Path(sys.argv[2])
if kind == "fused":
    from assets.kettle.engine.start import run_transformation
    from assets.kettle.files.read import read_transformation
    begun = time.perf_counter()
    run_transformation(read_transformation(files / "chain.ktr"))
    wall = time.perf_counter() - begun
else:
    import dagster as dg
    from benchmarks.kettle import steps_defs
    with dg.DagsterInstance.get() as instance:
        begun = time.perf_counter()
        job = dg.reconstructable(steps_defs.JOBS[kind])
        with dg.execute_job(job, instance=instance, raise_on_error=True) as done:
            assert done.success
        wall = time.perf_counter() - begun
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cpu = sum(u.ru_utime + u.ru_stime for u in used)
print(json.dumps([wall, cpu, max(u.ru_maxrss for u in used) / 1024]))
"""


def measure(kind: str, files: Path) -> tuple[float, float, float]:
    """Wall and CPU seconds, MB at peak."""
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as home:
        (Path(home) / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        env = os.environ | {
            "DAGSTER_HOME": home,
            "HEDDLE_HOME": home,
            "HEDDLE_KETTLE_FILES": str(files),
            "HEDDLE_KETTLE_OPS": "1000",
        }
        command = [sys.executable, "-c", CHILD, kind, str(files)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=Path(__file__).parents[2])
        if done.returncode:
            raise SystemExit(f"{kind}: {done.stderr[-3000:]}")
        found: tuple[float, float, float] = tuple(json.loads(done.stdout.splitlines()[-1]))
        return found


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
    base: float | None = None
    for kind in options.kinds:
        if kind == "multiprocess" and steps > options.multiprocess_steps:
            continue
        wall, cpu, peak = measure(kind, files)
        base = base or cpu
        extra = (cpu - base) / steps
        print(
            f"{rows:>8} rows {steps:>4} steps {kind:<13} {wall:7.2f} s wall {cpu:7.2f} s CPU {peak:6.0f} MB; "
            f"{cpu / base:5.2f}x the fused CPU, {extra:6.3f} s CPU more a step",
            flush=True,
        )


if __name__ == "__main__":
    main()
