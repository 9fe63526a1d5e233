"""Linkage of a million made-up people in bounded memory: CPU seconds, peak memory, pairs, precision and recall.

Run: python -m benchmarks.quality.linkage_speed [--rows 1000000] [--chinese] [--memory 1GB] [--candidates 12] [--splink]

The rows are generated and written to a Parquet file by another process, so that the peak is that of linkage alone. With
--splink the same rows are linked by splink on DuckDB with the same memory limit, blocking rules as in its
demonstrations.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from assets.quality.linkage.block import Limits
from assets.quality.linkage.link import Options, link
from assets.quality.linkage.measure import Score, clusters_score


def main() -> None:
    """Generate in another process, link, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--chinese", action="store_true")
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--candidates", type=float, default=12.0)
    parser.add_argument("--splink", action="store_true")
    parser.add_argument("--generate", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.generate:
        from benchmarks.quality.people import people

        made = people(asked.rows, seed=42, chinese=asked.chinese)
        made.frame.with_columns(pl.Series("truth", made.truth)).write_parquet(asked.generate)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.parquet"
        again = [sys.executable, "-m", "benchmarks.quality.linkage_speed", *sys.argv[1:], "--generate", str(path)]
        subprocess.run(again, check=True)
        truth = pl.read_parquet(path, columns=["truth"])["truth"].to_numpy()
        frame = pl.read_parquet(path).drop("truth")
        (_splink if asked.splink else _ours)(frame, truth, asked, folder)


def _ours(frame: pl.DataFrame, truth: np.ndarray, asked: argparse.Namespace, folder: str) -> None:
    options = Options(Limits(asked.candidates, memory=asked.memory, folder=Path(folder)))
    columns = [c for c in frame.columns if c != "id"]
    start = time.process_time(), time.perf_counter()
    found = link({"people": frame.select(columns)}, dict.fromkeys(columns), options, _progress)
    seconds = time.process_time() - start[0], time.perf_counter() - start[1]
    for predicate in found.predicates:
        print(f"  {predicate}")
    guess = f"; the model estimates P {found.estimate.precision:.4f} R {found.estimate.recall:.4f}"
    _print("heddle", frame.height, found.candidates, seconds, clusters_score(found.cluster, truth), guess)


def _splink(frame: pl.DataFrame, truth: np.ndarray, asked: argparse.Namespace, folder: str) -> None:
    from benchmarks.quality.linkage_splink import splink_people

    start = time.process_time(), time.perf_counter()
    clusters, pairs = splink_people(frame, asked.memory, folder)
    seconds = time.process_time() - start[0], time.perf_counter() - start[1]
    for threshold, found in clusters.items():
        more = f"; clusters at {threshold}"
        _print("splink", frame.height, pairs, seconds, clusters_score(found, truth), more)


def _print(who: str, rows: int, pairs: int, seconds: tuple[float, float], score: Score, more: str) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{who}: {rows:,} records, {pairs:,} pairs compared, {seconds[0]:.0f} CPU s ({seconds[1]:.0f} s), "
        f"peak {peak:.2f} GB; P {score.precision:.4f} R {score.recall:.4f} F1 {score.f1:.4f}{more}"
    )


def _progress(line: str) -> None:
    if not line.startswith("compared") or line.split()[1].endswith("00,000"):
        print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
