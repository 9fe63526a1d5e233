"""CPU seconds per step of a chain of 50 trivial ops: bundled, in one process, and by Dagster's default executor.

Run: python benchmarks/executor.py [--steps 50] [--rounds 1] [--multiprocess-steps 10]. Each run is a process of its
own with a fresh instance; its CPU seconds include all its children. What a run costs without any step is measured and
shown apart: the import of Dagster, and for bundles the start of the worker, are paid once. The default multiprocess
executor runs a shorter chain, because it takes seconds a step.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import dagster as dg

from orchestration.executors.bundling import bundling_executor

STEPS = "BENCH_STEPS"


@dg.op
def begin() -> int:
    return 0


@dg.op
def add(given: int) -> int:
    return given + 1


@dg.graph
def chain() -> None:
    value = begin()
    for n in range(int(os.environ.get(STEPS, "50")) - 1):
        value = add.alias(f"add_{n}")(value)


def bundled() -> dg.JobDefinition:
    return chain.to_job(name="bundled", executor_def=bundling_executor)


def bundled_in_memory() -> dg.JobDefinition:
    return chain.to_job(name="bundled_in_memory", executor_def=bundling_executor.configured({"keep": "memory"}))


def bundled_here() -> dg.JobDefinition:
    return chain.to_job(name="bundled_here", executor_def=bundling_executor.configured({"place": "process"}))


def in_process() -> dg.JobDefinition:
    return chain.to_job(name="in_process", executor_def=dg.in_process_executor)


def multiprocess() -> dg.JobDefinition:
    return chain.to_job(name="multiprocess", executor_def=dg.multiprocess_executor.configured({"max_concurrent": 2}))


KINDS = {f.__name__: f for f in (in_process, bundled_here, bundled, bundled_in_memory, multiprocess)}
CHILD = """
import json, resource, sys, time
import dagster as dg
from benchmarks import executor
with dg.DagsterInstance.get() as instance:
    begun = time.perf_counter()
    done = dg.execute_job(dg.reconstructable(executor.KINDS[sys.argv[1]]), instance=instance, raise_on_error=True)
    wall = time.perf_counter() - begun
assert done.success
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([wall, sum(u.ru_utime + u.ru_stime for u in used)]))
"""


def measure(kind: str, steps: int) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as home:
        (Path(home) / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        env = os.environ | {"DAGSTER_HOME": home, STEPS: str(steps)}
        done = subprocess.run(
            [sys.executable, "-c", CHILD, kind], env=env, capture_output=True, text=True, cwd=Path(__file__).parents[1]
        )
        if done.returncode:
            raise SystemExit(done.stderr[-4000:])
        wall, cpu = json.loads(done.stdout.splitlines()[-1])
        return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--multiprocess-steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    for kind in KINDS:
        steps = options.multiprocess_steps if kind == "multiprocess" else options.steps
        wall, cpu = (min(column) for column in zip(*(measure(kind, steps) for _ in range(options.rounds)), strict=True))
        once = min(measure(kind, 1)[1] for _ in range(options.rounds))
        rest = (cpu - once) / (steps - 1)
        print(
            f"{kind:<18} {steps:>3} steps {wall:6.1f} s wall {cpu:6.1f} s CPU; {cpu / steps:6.3f} s CPU a step, "
            f"{rest:6.3f} without what one step costs ({once:.1f})"
        )


if __name__ == "__main__":
    main()
