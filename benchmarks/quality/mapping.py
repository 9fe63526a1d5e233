"""Mapping and recipes: CPU seconds to propose, to apply, to run an OpenRefine recipe and to cluster.

Run: OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python -m benchmarks.quality.mapping [--rows 1000000]

Proposals are of the made tables of `tests/assets/quality/mapping`, 15 columns to 15; applied are its accepted fields.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from assets.quality.mapping.apply import write
from assets.quality.mapping.suggest import suggest
from assets.quality.refine.cluster import cluster
from assets.quality.refine.recipe import read, run
from tests.assets.quality.mapping.made import accepted, tables

_ENGINE = {"facets": [], "mode": "row-based"}
RECIPE = [
    {"op": "core/text-transform", "columnName": "city", "expression": "grel:value.trim().toTitlecase()",
     "onError": "keep-original", "repeat": False, "repeatCount": 0, "engineConfig": _ENGINE},
    {"op": "core/column-addition", "newColumnName": "both", "columnInsertIndex": 1, "baseColumnName": "city",
     "expression": "grel:value + ' ' + cells['zip'].value", "onError": "set-to-blank", "engineConfig": _ENGINE},
    {"op": "core/mass-edit", "columnName": "city", "expression": "value", "engineConfig": _ENGINE,
     "edits": [{"from": ["City 1"], "fromBlank": False, "fromError": False, "to": "Town 1"}]},
]  # fmt: skip


def main() -> None:
    """Measure each part and print a line of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    old, new = tables(2_000)
    small = tables(50)
    suggest("warm", ("a", small[0]), ("b", small[1]))  # loads what is loaded once
    said, mapping = _timed(lambda: suggest("m", ("old", old), ("new", new)))
    print(f"propose 15 columns, 2,000 rows of a key: {said}")
    other = tables(2_000, seed=2)[1]
    said, _ = _timed(lambda: suggest("m", ("old", old), ("new", other)))
    print(f"propose 15 columns, 2,000 rows, none common: {said}")
    _recipe()
    _clusters()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source.parquet"
        pl.concat([old] * -(-asked.rows // old.height)).head(asked.rows).write_parquet(path)
        goals = (Path(folder) / "rows.parquet", Path(folder) / "rejects.parquet")
        said, counts = _timed(lambda: write(accepted(mapping), pl.scan_parquet(path), *goals))
        what = f"apply {len(mapping.fields)} fields to {counts.source:,} rows"
        print(f"{what}: {said}, {counts.rejects:,} rejected")
    print(f"peak of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _recipe() -> None:
    count = 200_000
    frame = pl.DataFrame(
        {"city": [f" city {n % 900}" for n in range(count)], "zip": [f"{n:05d}" for n in range(count)]}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ops.json"
        path.write_text(json.dumps(RECIPE))
        steps = read(path)
    print(f"recipe of {len(steps)} operations, 200,000 rows: {_timed(lambda: run(frame, steps, 'ops.json'))[0]}")


def _clusters() -> None:
    pick = random.Random(1)
    values = ["".join(pick.choices("abcdefghij klmnop", k=18)) for _ in range(20_000)]
    for method in ("fingerprint", "levenshtein"):
        print(f"clusters of 20,000 values by {method}: {_timed(partial(cluster, values, method))[0]}")


def _timed(work: Callable[[], Any]) -> tuple[str, Any]:
    start = time.process_time()
    made = work()
    return f"{time.process_time() - start:.2f} CPU seconds", made


if __name__ == "__main__":
    main()
