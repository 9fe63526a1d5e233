"""CPU seconds to load the definitions, beside importing Dagster alone; seconds from the command line to the first step.

Run: python benchmarks/startup.py [--rounds 5]. The peer is Dagster: its bare import, and `dagster asset materialize`
of the same asset.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
ASSET = "raw/retail/campaigns"
LOADS = {
    "import dagster": "import dagster",
    "import orchestration.definitions": "import orchestration.definitions",
    "… and build all definitions": "from orchestration.definitions import defs; defs()",
}
FIRST_STEP = {
    "heddle run": [str(BIN / "heddle"), "run", "--force", f'key:"{ASSET}"'],
    "dagster asset materialize": [
        str(BIN / "dagster"), "asset", "materialize", "-m", "orchestration.definitions", "--select", ASSET,
    ],
}  # fmt: skip


def cpu(code: str) -> float:
    timed = f"import time; begun = time.process_time(); {code}; print(time.process_time() - begun)"
    return float(subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True).stdout)


def first_step(command: list[str], env: dict[str, str]) -> float:
    """Seconds from starting the command to the first step's start, as its event log has it."""
    import dagster as dg

    begun = time.time()
    subprocess.run(command, env=env, check=True, capture_output=True)
    with dg.DagsterInstance.from_config(env["DAGSTER_HOME"]) as instance:
        run = instance.get_run_records(limit=1)[0].dagster_run.run_id
        started = [e for e in instance.all_logs(run) if e.dagster_event and e.dagster_event.is_step_start]
    return started[0].timestamp - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    base = 0.0
    for name, code in LOADS.items():
        seconds = min(cpu(code) for _ in range(rounds))
        base = base or seconds
        print(f"{name:<36} {seconds:5.2f} s CPU, {seconds / base:4.2f} times the bare import")

    home = Path(tempfile.mkdtemp(prefix="heddle-bench-"))
    try:
        env = os.environ | {"HEDDLE_HOME": str(home)}
        exported = subprocess.run(
            [BIN / "python", "-c", "from core.settings import load; from orchestration import instance as i;"
             "s = load(); i.prepare_instance(s); print(i.dagster_home(s))"],
            env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        env["DAGSTER_HOME"] = exported.stdout.strip()
        found = {name: min(first_step(command, env) for _ in range(rounds)) for name, command in FIRST_STEP.items()}
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for name, seconds in found.items():
        print(f"{name + ' to first step':<36} {seconds:5.2f} s wall")
    ours, peer = found.values()
    print(f"ratio {peer / ours:.1f}: so many times sooner")


if __name__ == "__main__":
    main()
