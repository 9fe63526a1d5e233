"""The whole graph (`heddle run`) against one straight-line script doing the same work; seconds, CPU, peak memory.

Run: python benchmarks/graph.py [--rounds 2]. Each run has a fresh home; the two alternate.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

COMMANDS = {
    "heddle run": [str(Path(sys.executable).with_name("heddle")), "run"],
    "straight script": [sys.executable, "-m", "benchmarks._straight"],
}
CHILD = """
import json, resource, subprocess, sys, time
begun = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6]))
"""


def measure(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak GB of a command in a fresh home."""
    home = Path(tempfile.mkdtemp(prefix="heddle-bench-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {"HEDDLE_HOME": str(home), "HEDDLE_ENDPOINTS": f"http://127.0.0.1:{port}"}
    try:
        done = subprocess.run([sys.executable, "-c", CHILD, *command], env=env, capture_output=True, text=True)
        code, wall, cpu, memory = json.loads(done.stdout.splitlines()[-1])
        if code:
            raise SystemExit(done.stderr)
        return wall, cpu, memory
    finally:
        subprocess.run([COMMANDS["heddle run"][0], "serve", "stop"], env=env, stdout=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            found[name].append(measure(command))
    best = {name: [min(column) for column in zip(*runs, strict=True)] for name, runs in found.items()}
    for name, (wall, cpu, memory) in best.items():
        print(f"{name:<16} {wall:7.1f} s wall {cpu:7.1f} s CPU {memory:6.2f} GB peak")
    ours, peer = best.values()
    print(f"ratio {ours[0] / peer[0]:.2f} wall, {ours[1] / peer[1]:.2f} CPU (aim: at most 1.3)")


if __name__ == "__main__":
    main()
