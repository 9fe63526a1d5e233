"""What the access policy costs a query: the guard alone, and queries with and without it over a DuckDB table.

    python -m benchmarks.security.access [--rows 1000000] [--repeat 15]

CPU seconds of this process with one DuckDB thread, the median of the repetitions.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

POLICY = """
people: {ann: {region: r3, regions: [r1, r2, r3, r4, r5, r6, r7]}, bob: {region: r3}, cy: {}, dan: {}}
rules:
  - {id: columns, who: [cy], tables: [table/shop/people], columns: {"*": allow, pay: deny}}
  - id: rows
    who: [ann]
    tables: [table/shop/people]
    rows: "region in :person.regions"
    columns: {"*": allow}
  - id: masks
    who: [dan]
    tables: [table/shop/people]
    columns: {"*": allow, phone: {mask: partial, first: 3, last: 4}, name: hash}
  - id: both
    who: [bob]
    tables: [table/shop/people]
    rows: "region = :person.region"
    columns: {"*": allow, phone: {mask: partial, first: 3, last: 4}, pay: deny}
"""
QUERIES = {
    "sum by region": "select region, count(*) as n, avg(age) as a from people group by region",
    "count of phones": "select count(distinct phone) as n from people",
    "one row": "select * from people where id = 4711",
    "first 1,000": "select * from people limit 1000",
}
PERSONS = {"cy": "a column hidden", "ann": "rows filtered", "bob": "rows, mask, column", "dan": "masks, a hash"}
MAKE = """
create schema table_shop;
create table table_shop.people as select i as id, 'name ' || (i * 7919 % 100003) as name,
'1' || (3000000000 + (i * 104729) % 999999999) as phone, 'r' || (i % 10) as region, (i * 31 % 80)::int as age,
(i * 17 % 9000)::int as pay from range({rows}) t(i)
"""


def cpu(work: Callable[[], object], repeat: int) -> float:
    """Median CPU milliseconds of a call."""
    work()
    found = []
    for _ in range(repeat):
        begun = time.process_time()
        work()
        found.append(1000 * (time.process_time() - begun))
    return statistics.median(found)


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--repeat", default=15, show_default=True)
def main(rows: int, repeat: int) -> None:
    """Prints the cost of guards and queries."""
    import duckdb

    from assets.catalog.facts import AssetFacts
    from assets.catalog.lab.guard import guard_of
    from assets.catalog.lab.model import Table
    from assets.catalog.lab.statement import checked
    from assets.catalog.model import Base, ColumnInfo
    from assets.catalog.register import register
    from assets.catalog.store.versions import Versions
    from core.settings import load

    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as place, duckdb.connect() as house:
        folder = Path(place)
        (folder / "protection" / "access").mkdir(parents=True)
        os.environ["BENCH_ACCESS_KEY"] = "0123456789abcdefghijklmnopqrstuvwxyz"
        settings = load(
            {"HEDDLE_HOME": place, "HEDDLE_PROTECTION": f"{place}/protection", "HEDDLE_CATALOG_FILES": place,
             "HEDDLE_PROTECTION_KEYS": "k=env:BENCH_ACCESS_KEY"}, project=folder,
        )  # fmt: skip
        house.execute("set threads = 1")
        house.execute(MAKE.format(rows=rows))
        types = {"id": "BIGINT", "name": "VARCHAR", "phone": "VARCHAR", "region": "VARCHAR", "age": "INT", "pay": "INT"}
        key, versions = "table/shop/people", Versions(settings.catalog)
        columns = tuple(
            ColumnInfo(name=n, type=t, base=Base.TEXT, place=i) for i, (n, t) in enumerate(types.items(), 1)
        )
        register(versions, [AssetFacts(key=key, description="", columns=columns)])
        table = Table(key, key, "table_shop", "people", tuple(types.items()))
        guard = guard_of(settings, versions)

        def text(sql: str, person: str) -> str:
            found = checked(sql, "duckdb", [table])
            query = guard(found.query, found.tables, person, "duckdb") if person else found.query
            return query.sql(dialect="duckdb", comments=False)

        def run(sql: str) -> object:
            return house.execute(sql).fetchall()

        policy = folder / "protection" / "access" / "p.yaml"
        for name, sql in QUERIES.items():
            policy.unlink(missing_ok=True)
            parse, none = cpu(partial(text, sql, ""), repeat), cpu(partial(text, sql, "ann"), repeat)
            base = cpu(partial(run, text(sql, "")), repeat)
            policy.write_text(POLICY)
            told = f"parsed and checked in {parse:.2f} ms, no policy {none - parse:+.2f} ms"
            click.echo(f"{name}: runs {base:.2f} ms, {told}")
            for person, what in PERSONS.items():
                cost = cpu(partial(text, sql, person), repeat) - parse
                ran = cpu(partial(run, text(sql, person)), repeat)
                click.echo(f"  {what:20} guard {cost:6.2f} ms, runs {ran:8.2f} ms, {ran / base:5.2f} x")


if __name__ == "__main__":
    main()
