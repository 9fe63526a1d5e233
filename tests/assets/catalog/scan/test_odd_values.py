"""Values and names that drivers and libraries choke on cost one table at most, and no table its own card."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from assets.catalog.card import card
from assets.catalog.observe import observe
from assets.catalog.scan import scanner
from assets.catalog.scan.sources import Source
from assets.catalog.searchable import some
from assets.catalog.semantics import classify, registry
from assets.catalog.store.versions import Versions
from core.settings import Settings


def source(url: str) -> Source:
    return Source(name="odd", url=url)


def test_infinite_moments_are_profiled(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "a.duckdb") as db:
        db.execute("create table t as select timestamp 'infinity' at_, date '-infinity' on_, 'nan'::double n")
        db.execute("insert into t values ('2024-01-02 03:04:05', '2024-01-02', 1)")
    found = scanner.scan(
        source(f"duckdb:///{tmp_path}/a.duckdb"),
        classify=lambda table, values: classify.table(values, classify.Context(source="odd", table=table.path)),
    )
    assert not found.errors
    assert [found.tables[0].profiles[c].high for c in ("at_", "on_")] == ["infinity", "2024-01-02"]
    moments = (
        pl.Series([datetime(2024, 1, 2, 3, 4, 5), None]).to_physical().fill_null(2**63 - 1).cast(pl.Datetime("us"))
    )
    assert classify.column("created_at", moments) is not None


def test_a_panic_of_a_library_costs_one_table(tmp_path: Path) -> None:
    class PanicException(BaseException):  # as pyo3 names it
        pass

    with sqlite3.connect(tmp_path / "a.db") as db:
        db.executescript("create table a (x int); create table b (x int); insert into b values (1)")

    def classified(table: object, values: object) -> dict[str, None]:
        if getattr(table, "name", "") == "a":
            raise PanicException("out of range")
        return {}

    found = scanner.scan(source(f"sqlite:///{tmp_path}/a.db"), classify=classified)
    assert found.errors == (("a", "PanicException: out of range"),)
    assert {t.table.path: bool(t.profiles) for t in found.tables} == {"a": False, "b": True}
    with pytest.raises(KeyboardInterrupt):
        scanner.scan(source(f"sqlite:///{tmp_path}/a.db"), classify=lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))


def test_tables_whose_names_differ_only_in_signs(tmp_path: Path, make_settings: Callable[..., Settings]) -> None:
    with sqlite3.connect(tmp_path / "a.db") as db:
        for n in ('a"b', "a/b", "a.b"):
            quoted = n.replace('"', '""')
            db.execute(f'create table "{quoted}" ("c{quoted}" int)')
    settings = make_settings(catalog_files=tmp_path)
    versions = Versions(settings.catalog)
    observe(settings, versions, source(f"sqlite:///{tmp_path}/a.db"))
    keys = ['odd/a"b', "odd/a/b", "odd/a.b"]
    for key in keys:
        found = card(versions, key)
        assert (found.key, [line.column.name for line in found.lines]) == (key, [f"c{key[4:]}"])
    assert {e.key for e in some(versions, registry.load(tmp_path), keys)} == set(keys)


@pytest.mark.parametrize(
    ("name", "told"), [("none.db", "there is no file"), (".", "there is no file"), ("no.db", "not a")]
)
def test_a_file_that_is_no_sqlite_is_named(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "no.db").write_bytes(b"hello world " * 100)
    ((table, reason),) = scanner.scan(source(f"sqlite:///{tmp_path}/{name}")).errors
    assert table == "" and told in reason and "source odd" in reason and "sqlalche.me" not in reason
