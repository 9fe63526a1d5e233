"""50 rules over many rows: the plan against the same rules written by hand in polars. CPU seconds and peak memory.

`python -m benchmarks.quality.cleaning_plan [--rows 20900000] [--memory 2GB]`: makes the rows, runs each in a process of
its own, and compares what they wrote. The hand-written peers: `rows` writes clean and rejected rows (with the ids of
the broken rules), `cells` the changed cells as well, which is what the plan writes.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.quality import cleaning_by_hand, cleaning_rules

DEFAULT_ROWS = 2_000_000


def ours(source: Path, folder: Path, memory: int) -> None:
    """The plan."""
    from assets.quality.rules.apply import Targets, apply
    from assets.quality.rules.reading import scan

    targets = Targets.beside(folder / "ours.parquet")
    report = apply(scan(source), cleaning_rules.rules(), targets, memory=memory)
    print(f"{report.rows:,} rows: {report.clean:,} clean, {report.rejected:,} rejected, {report.cells:,} cells changed")


RUNS: dict[str, Callable[[Path, Path, int], None]] = {
    "ours": ours,
    "rows": cleaning_by_hand.rows,
    "cells": cleaning_by_hand.cells,
}


def measured(name: str, source: Path, folder: Path, memory: int) -> dict[str, float]:
    """Runs one of them in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.quality.cleaning_plan", "--only", name, "--source", str(source)]
    done = subprocess.run(
        [*command, "--folder", str(folder), "--memory", f"{memory // 2**20}MB"],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def one(name: str, source: Path, folder: Path, memory: int) -> None:
    """In the child: runs and prints what it took."""
    started = time.perf_counter()
    RUNS[name](source, folder, memory)
    used = resource.getrusage(resource.RUSAGE_SELF)
    wall = time.perf_counter() - started
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "wall": wall, "rss": peak()}))


def peak() -> float:
    """Greatest resident memory of this process in MB; `ru_maxrss` would begin with that of the process it came from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def same(folder: Path) -> bool:
    """Whether the plan and the peer wrote the same rows and cells."""
    import polars as pl

    for part in ("", ".rejected", ".changes"):
        mine, theirs = f"ours{part}.parquet", f"hand{part}.parquet"
        tables = [pl.scan_parquet(folder / name).drop("heddle_row", strict=False) for name in (mine, theirs)]
        sums = [
            t.select(pl.struct(sorted(t.collect_schema().names())).hash().sum().alias("h"), pl.len().alias("n"))
            .collect(engine="streaming")
            .row(0)
            for t in tables
        ]
        if sums[0] != sums[1]:
            print(f"{mine} {sums[0]} differs from {theirs} {sums[1]}")
            return False
    return True


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=DEFAULT_ROWS)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--peer", choices=["rows", "cells"], help="only this peer; `cells` holds all rows in memory")
    parser.add_argument("--only", choices=RUNS)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    memory = int(given.memory[:-2]) * (2**30 if given.memory.endswith("GB") else 2**20)
    if given.only:
        one(given.only, given.source, given.folder, memory)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = folder / "rows.parquet"
        cleaning_rules.make(source, given.rows)
        best: dict[str, dict[str, float]] = {}
        for _ in range(given.repeat):
            for name in ["ours", given.peer] if given.peer else RUNS:
                found = measured(name, source, folder, memory)
                if name not in best or found["cpu"] < best[name]["cpu"]:
                    best[name] = found
        print(f"{given.rows:,} rows, {len(cleaning_rules.rules())} rules, memory {given.memory}")
        for name, found in best.items():
            ratio = best["ours"]["cpu"] / found["cpu"]
            figures = f"{found['cpu']:8.1f} CPU s {found['wall']:8.1f} s {found['rss']:8.0f} MB"
            print(f"{name:>6} {figures}   ours / {name}: {ratio:.2f}")
        if given.peer != "rows":
            print("same output:", same(folder))


if __name__ == "__main__":
    main()
