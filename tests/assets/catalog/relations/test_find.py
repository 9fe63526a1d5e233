"""Foreign keys, joinable columns, composite keys and dependencies of tables whose truth is known."""

import sqlite3

import duckdb
import numpy as np
import polars as pl
import pytest

from assets.catalog.relations import blocking
from assets.catalog.relations.dependencies import dependencies
from assets.catalog.relations.find import find
from assets.catalog.relations.keys import candidates
from assets.catalog.relations.model import Cardinality, Kind, Relation, TableSample
from assets.catalog.relations.sources import sample_duckdb, sample_frame, sample_sqlite
from tests.assets.catalog.relations.shop import frames


def shop() -> list[TableSample]:
    return [sample_frame(source, name, rows) for source, tables in frames().items() for name, rows in tables.items()]


def ends(relation: Relation) -> tuple[str, str]:
    return (
        f"{relation.child.table}.{'+'.join(relation.child.columns)}",
        f"{relation.parent.table}.{'+'.join(relation.parent.columns)}",
    )


def foreign(relations: list[Relation]) -> set[tuple[str, str]]:
    return {ends(r) for r in relations if r.kind is Kind.FOREIGN_KEY}


@pytest.mark.covers("DATA-013")
def test_the_shop_s_foreign_keys_are_found_within_and_across_sources() -> None:
    found = find(shop())
    assert foreign(found) == {
        ("orders.cust_id", "customers.customer_id"),
        ("order_lines.order_id", "orders.order_id"),
        ("order_lines.productId", "products.ID"),
        ("returns.order_id", "orders.order_id"),
        ("returns.order_id+line_no", "order_lines.order_id+line_no"),
        ("contacts.custNo", "customers.customer_no"),
    }
    across = next(r for r in found if r.child.source == "crm" and r.kind is Kind.FOREIGN_KEY)
    assert across.parent.source == "erp"
    assert across.containment == 1.0
    assert across.cardinality is Cardinality.MANY_TO_ONE
    assert "100% of its values are in customers.customer_no" in across.reasons
    joins = {ends(r): r for r in found if r.kind is Kind.JOINABLE}
    assert joins[("contacts.town", "customers.city")].cardinality is Cardinality.MANY_TO_MANY
    assert joins[("letters.KUNDE", "customers.customer_no")].cardinality is Cardinality.MANY_TO_ONE


def test_numbers_from_one_up_relate_nothing_without_a_name() -> None:
    tables = [
        sample_frame("s", name, pl.DataFrame({f"{name}_id": range(1, rows), "size": range(5, rows + 4)}))
        for name, rows in (("lamp", 40), ("river", 90), ("poem", 400))
    ]
    assert foreign(find(tables)) == set()


def test_the_engines_give_the_same_sketches() -> None:
    rows = [(1, "x ", 2.0), (2, None, 5.5), (3, "é", None), (4, "", 7.0)]
    lite, duck = sqlite3.connect(":memory:"), duckdb.connect()
    for engine in (lite, duck):
        engine.execute('CREATE TABLE "or der" (a INTEGER, "select" VARCHAR, c DOUBLE)')
        engine.executemany('INSERT INTO "or der" VALUES (?, ?, ?)', rows)
    frame = pl.DataFrame(rows, schema=["a", "select", "c"], orient="row")
    samples = [
        sample_sqlite("s", "or der", lite),
        sample_duckdb("s", "or der", duck),
        sample_frame("s", "or der", [frame[:2], frame[2:]]),
    ]
    for place in range(3):
        sketches = [sample.columns[place] for sample in samples]
        assert len({(s.missing, s.rows, s.low, s.high, s.hashes.tobytes()) for s in sketches}) == 1
    assert [c.missing for c in samples[0].columns] == [0, 2, 1]
    duck.close()
    lite.close()


def test_text_and_number_of_the_same_value_meet_and_mixed_columns_are_read() -> None:
    lite = sqlite3.connect(":memory:")
    lite.execute("CREATE TABLE t (a)")
    lite.executemany("INSERT INTO t VALUES (?)", [(1,), ("2",), (3.0,), (b"\x04",), (None,)])
    mixed = sample_sqlite("s", "t", lite).columns[0]
    numbers = sample_frame("s", "u", pl.DataFrame({"a": [1.0, 2.0, 3.0]})).columns[0]
    assert set(numbers.hashes) <= set(mixed.hashes)
    assert (mixed.distinct, mixed.missing) == (4, 1)
    lite.close()


def test_every_type_of_duckdb_and_odd_names_are_read() -> None:
    duck = duckdb.connect()
    duck.execute('CREATE SCHEMA "my s"')
    duck.execute('CREATE TABLE "my s"."a""b" AS SELECT * FROM test_all_types()')
    duck.execute("CREATE TABLE huge AS SELECT 9007199254740992::HUGEINT + i AS n FROM range(4) t(i)")
    sample = sample_duckdb("s", 'a"b', duck, "my s")
    columns = {c.name: c for c in sample.columns}
    assert sample.table == 'my s.a"b'
    assert len(columns) == len(duck.execute("DESCRIBE SELECT * FROM test_all_types()").fetchall())
    assert columns["varchar"].distinct == columns["uuid"].distinct == columns["interval"].distinct == 2
    assert columns["date"].missing == 3  # infinite and beyond the year 9999
    assert sample_duckdb("s", "huge", duck).columns[0].distinct == 4
    duck.close()


def test_numbers_that_are_no_integers_are_values_too() -> None:
    column = sample_frame("s", "t", pl.DataFrame({"a": [1.0, 2.0, float("inf"), 1e300, 0.5, None]})).columns[0]
    assert (column.distinct, column.missing) == (5, 1)
    assert column.base == "number"


def test_large_columns_are_estimated_and_small_children_find_their_values() -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({"code": [f"P{n}" for n in range(200_000)]})
    parent = sample_frame("s", "parts", (frame.slice(n, 30_000) for n in range(0, 200_000, 30_000)))
    child = sample_frame("s", "stock", pl.DataFrame({"parts_code": [f"P{n}" for n in rng.integers(0, 250_000, 9000)]}))
    assert not parent.columns[0].complete
    assert len(parent.columns[0].hashes) <= 8192
    assert abs(parent.columns[0].distinct - 200_000) < 10_000
    assert len(parent.sample) <= 1000
    found = find([parent, child])
    assert foreign(found) == {("stock.parts_code", "parts.code")}
    assert abs(found[0].containment - 0.8) < 0.06


def test_empty_tables_and_columns_relate_nothing() -> None:
    lite = sqlite3.connect(":memory:")
    lite.execute("CREATE TABLE bare (id INTEGER, customer_id INTEGER)")
    empty = sample_sqlite("s", "bare", lite)
    nulls = sample_frame("s", "nulls", pl.DataFrame({"customer_id": [None, None]}, schema={"customer_id": pl.Int64}))
    assert [c.name for c in empty.columns] == ["id", "customer_id"]
    assert find([empty, nulls]) == []
    assert candidates(empty) == []
    lite.close()


@pytest.mark.parametrize(
    ("table", "key"), [("orders", ("order_id",)), ("products", ("ID",)), ("order_lines", ("order_id", "line_no"))]
)
def test_primary_keys_single_and_composite(table: str, key: tuple[str, ...]) -> None:
    best = candidates(sample_frame("erp", table, frames()["erp"][table]))[0]
    assert best.columns == key
    assert best.reasons


def test_dependencies_hold_on_nearly_all_rows_and_constants_are_not_told() -> None:
    rng = np.random.default_rng(2)
    zips = rng.integers(0, 40, 800)
    city = zips // 3
    city[5] = 99  # one wrong row
    frame = pl.DataFrame(
        {"id": range(800), "zip": zips, "city": city, "land": ["x"] * 800, "free": rng.integers(0, 9, 800)}
    )
    found = {(d.given, d.then): d for d in dependencies(sample_frame("s", "t", frame))}
    assert set(found) == {(("zip",), "city")}
    assert found[(("zip",), "city")].error == pytest.approx(1 / 800)
    assert found[(("zip",), "city")].exact


def test_two_columns_decide_a_third_when_neither_does_alone() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 6, 900), rng.integers(0, 6, 900)
    frame = pl.DataFrame({"a": a, "b": b, "c": (a * 7 + b * 3) % 11})
    found = {(d.given, d.then) for d in dependencies(sample_frame("s", "t", frame))}
    assert (("a", "b"), "c") in found
    assert not any(len(given) == 1 for given, _ in found)


def test_blocking_proposes_what_all_pairs_would_find(monkeypatch: pytest.MonkeyPatch) -> None:
    every = foreign(find(shop()))
    monkeypatch.setattr(blocking, "SMALL", 0)
    assert foreign(find(shop())) == every
