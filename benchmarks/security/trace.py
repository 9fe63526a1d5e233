"""What tracing a table costs: the first state, a look that finds little, and one that finds much, beside writing it.

Run: python -m benchmarks.security.trace [--rows 10000000] [--memory 1GB] [--short]

A table of the warehouse (DuckDB) with ten columns: number, phone, e-mail, name, city, two dates, two amounts, a flag.
CPU seconds of this process; memory is the highest resident size; bytes a row are those of the state on disk.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from assets.security.trace.anchors import known
from assets.security.trace.capture import capture, opened
from assets.security.trace.keys import secret
from assets.security.trace.model import Cause, Entry
from assets.security.trace.show import changes
from assets.security.trace.tables import traced
from assets.security.trace.verify import state_path, verify
from core.naming import Key, table_name
from core.settings import Settings, load
from resources.open import warehouse

TABLE = "table/shop/customer"
_SELECT = """
select i as id, '138' || lpad((i * 7919 % 100000000)::varchar, 8, '0') as phone, 'user' || i || '@example.com' as email,
 'name ' || (i * 31 % 50000) as name, 'city ' || (i % 300) as city, date '2000-01-01' + (i % 9000)::integer as born,
 timestamp '2024-01-01' + interval (i % 1000000) second as seen, (i * 37 % 100000) / 100.0 as spent,
 {spent} as points, i % 7 = 0 as vip from range({rows}) t(i)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--short", action="store_true", help="the first state and one look alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        _measure(_settings(Path(name), options.memory), options.rows, short=options.short)


def _settings(folder: Path, memory: str) -> Settings:
    (folder / "protection").mkdir()
    (folder / "protection" / "trace.yaml").write_text(f"tables:\n  {TABLE}: {{key: [id]}}\n")
    environ = {"HEDDLE_HOME": str(folder), "HEDDLE_PROTECTION": str(folder / "protection"), "HEDDLE_MEMORY": memory}
    return load(environ, folder)


def _measure(settings: Settings, rows: int, *, short: bool) -> None:
    store = warehouse(settings)

    def write(changed: str) -> int:
        return store.replace(table_name(Key.parse(TABLE)), _SELECT.format(rows=rows, spent=changed))

    def look() -> Entry | None:
        return capture(settings, traced(settings)[TABLE], lambda cursor: ([Cause(user="benchmark")], cursor))

    written = _timed("write the table", rows, lambda: write("i % 500"))
    first = _timed("first state", rows, look)
    size = state_path(opened(settings), next(opened(settings).entries())).stat().st_size
    print(f"  state {size / rows:.1f} bytes a row")
    if not short:
        _timed("look, nothing changed", rows, look)
    write("case when i % 1000 = 3 then -1 else i % 500 end")
    _timed("look, 0.1 % changed", rows, look)
    if not short:
        write("i % 499")
        _timed("look, nearly all changed", rows, look)
    chain = opened(settings)
    files = sum(p.stat().st_size for p in (chain.folder / "rows").iterdir())
    counted = sum(int(e.document["added"]) + int(e.document["changed"]) for e in chain.entries())
    print(f"  details {files / counted:.1f} bytes a changed row")
    _timed("verify", counted, lambda: verify(chain, known(settings)))
    _timed("show a row", 1, lambda: list(changes(chain, secret(settings), TABLE, ["17"])))
    print(f"first state / writing the table: {first / written:.1f}")
    print(f"highest resident size {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _timed(what: str, rows: int, act: Callable[[], object]) -> float:
    clock, cpu = time.perf_counter(), time.process_time()
    act()
    seconds, spent = time.perf_counter() - clock, time.process_time() - cpu
    print(f"{what:<26} {spent:8.2f} CPU s {seconds:8.2f} s  {rows / spent:12,.0f} rows/CPU s", flush=True)
    return spent


if __name__ == "__main__":
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    main()
