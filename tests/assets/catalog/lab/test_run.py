"""Queries that run: on DuckDB, SQLite, PostgreSQL and MariaDB; limits, cancelling, privacy, guards, uses, files."""

import io
import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlglot import exp

from assets.catalog.edit import Edit, edit
from assets.catalog.lab import engines
from assets.catalog.lab.engines import opened
from assets.catalog.lab.export import as_csv, as_parquet
from assets.catalog.lab.guard import KEY
from assets.catalog.lab.history import History
from assets.catalog.lab.known import source_of, tables
from assets.catalog.lab.model import Answer, Limits, QueryError, Table
from assets.catalog.lab.run import Stop, run
from assets.catalog.lab.trace import trace
from assets.catalog.model import TableKind
from assets.catalog.record import record
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import load_sources
from assets.catalog.store.versions import Versions
from assets.catalog.uses import used
from core.settings import Settings
from tests.assets.catalog.lab.conftest import SALES

FOREVER = "select count(*) from range(3000000) a, range(3000000) b where a.range * b.range % 7 = 3"
KEPT = 20  # instead of 500
IN_SQLITE = "with recursive t as (select 1 as n union all select n + 1 from t) select count(*) from t"


def ask(settings: Settings, versions: Versions, sql: str, source: str = "warehouse", who: str = "ann") -> Answer:
    return run(sql, source, who, settings=settings, versions=versions, limits=Limits(10, 5))


def test_rows_of_the_warehouse_and_their_use(settings: Settings, versions: Versions) -> None:
    found = ask(settings, versions, "select id, revenue from table_shop.sales where id > 4990 order by id desc")
    assert (found.columns, found.rows[0], len(found.rows)) == (("id", "revenue"), (4999, Decimal("7498.5")), 9)
    assert not found.more and found.tables == (SALES,)
    assert ask(settings, versions, "select * from sales").more
    assert used(versions, "asset") == {SALES: 2.0}


def test_rows_of_a_scanned_source(settings: Settings, versions: Versions) -> None:
    found = ask(settings, versions, "select customer, sum(amount) s from orders group by 1 order by 1", "shop")
    assert found.rows[0] == ("c0", 1102.5) and len(found.rows) == 7


def test_private_tables_are_for_their_owners(settings: Settings, versions: Versions) -> None:
    for sql, source in (("select * from salaries", "warehouse"), ("select * from wages", "shop")):
        with pytest.raises(QueryError, match="shows you no table"):
            ask(settings, versions, sql, source)
        assert ask(settings, versions, sql, source, "bob").rows[0][0] == "bob"
    assert [t.name for t in tables(settings, versions, "warehouse", "ann")] == ["sales"]
    assert [t.name for t in tables(settings, versions, "shop", "ann")] == ["orders"]
    assert [t.name for t in tables(settings, versions, "shop", "bob")] == ["orders", "wages"]


def test_a_guard_filters_rows_and_masks_columns(settings: Settings, versions: Versions) -> None:
    def guard(query: exp.Query, read: Sequence[Table], person: str, _dialect: str) -> exp.Query:
        assert person == "ann" and [t.key for t in read] == [SALES]
        for node in [n for n in query.find_all(exp.Table) if KEY in n.meta]:
            inner = exp.select("id", "'***' AS note").from_(exp.table_(node.name, db=node.db)).where("id < 3")
            node.replace(inner.subquery(node.alias))
        return query

    sql = "with sales as (select * from sales) select id, note from sales order by id"
    found = run(sql, "warehouse", "ann", settings=settings, versions=versions, guard=guard)
    assert found.rows == [(0, "***"), (1, "***"), (2, "***")]


@pytest.mark.parametrize(("sql", "source"), [(FOREVER, "warehouse"), (IN_SQLITE, "shop")])
def test_the_time_limit_and_cancelling(settings: Settings, versions: Versions, sql: str, source: str) -> None:
    began = time.monotonic()
    with pytest.raises(QueryError, match=r"stopped after 0\.3 seconds"):
        run(sql, source, "ann", settings=settings, versions=versions, limits=Limits(10, 0.3))
    stop = Stop()
    threading.Timer(0.3, stop.now).start()
    with pytest.raises(QueryError, match="cancelled"):
        run(sql, source, "ann", settings=settings, versions=versions, stop=stop)
    assert time.monotonic() - began < 5
    with pytest.raises(QueryError, match="cancelled"):  # and one that was cancelled before it began
        run(sql, source, "ann", settings=settings, versions=versions, stop=stop)


def test_what_the_engine_refuses_says_where(settings: Settings, versions: Versions) -> None:
    with pytest.raises(QueryError) as caught:
        ask(settings, versions, "select id,\n  revenu from sales")
    assert (caught.value.line, caught.value.column) == (2, 3) and "revenu" in caught.value.what
    with pytest.raises(QueryError, match="no source 'x'"):
        ask(settings, versions, "select 1", "x")


def test_a_name_that_sqlite_would_take_for_a_text_is_a_mistake(settings: Settings, versions: Versions) -> None:
    assert ask(settings, versions, 'select "amount" from orders where "amount" > 0', "shop").rows
    for sql in ('select "amout" from orders', 'select 1 from orders where customer = "c0"', 'select "a`b" from orders'):
        with pytest.raises(QueryError, match="no such column"):
            ask(settings, versions, sql, "shop")


def test_the_engines_refuse_too(settings: Settings, tmp_path: Path) -> None:
    """What a check might miss, they do not do."""
    (tmp_path / "x.csv").write_text("a\n1\n")
    evil = {
        "warehouse": (
            f"select * from read_csv('{tmp_path}/x.csv')",
            "create table y (i int)",
            "attach ':memory:' as z",
        ),
        "shop": ("delete from orders", "attach ':memory:' as z", "select load_extension('x')", "pragma user_version"),
    }
    for name, statements in evil.items():
        for statement in statements:
            with opened(source_of(settings, name), settings) as engine, pytest.raises(Exception, match=r".") as caught:
                engine.fetch(statement, 1, 1)
            assert any(
                w in str(caught.value).lower() for w in ("permission", "disabled", "read-only", "not authorized")
            )


def test_nothing_runs_where_reading_only_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines._READ_ONLY, "sqlite", "set session transaction read only")
    with opened(source_of(settings, "shop"), settings) as engine, pytest.raises(OperationalError, match="syntax error"):
        engine.fetch("select 1", 1, 1)


def test_a_catalogue_that_cannot_count_costs_no_answer(
    settings: Settings, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(error: Exception) -> None:
        def use(*_: object) -> None:
            raise error

        monkeypatch.setattr("assets.catalog.lab.run.use", use)

    fails(OperationalError("insert", {}, Exception("database is locked")))
    assert len(ask(settings, versions, "select id from sales").rows) == 10
    fails(TypeError("ours"))
    with pytest.raises(TypeError, match="ours"):
        ask(settings, versions, "select id from sales")


@pytest.mark.parametrize("server", ["postgres_url", "mariadb_url"])
def test_servers(server: str, request: pytest.FixtureRequest, settings: Settings, versions: Versions) -> None:
    url = request.getfixturevalue(server)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg2:"))
    with engine.begin() as db:
        db.execute(text("create table big (i int primary key, s varchar(20))"))
        db.execute(text("insert into big values (1, '50%'), (2, 'b'), (3, 'c')"))
        db.execute(text("create view slow as select a.i from big a, big b, big c, big d, big e, big f, big g, big h, "
                        "big k, big l, big m, big n, big o, big p, big q, big r, big v, big w"))  # fmt: skip
    engine.dispose()
    path = settings.catalog_files / "sources.yaml"
    path.write_text(path.read_text() + f"  - name: srv\n    url: '{url}'\n    include: ['*big', '*slow']\n")
    (source,) = [s for s in load_sources(settings) if s.name == "srv"]
    record(versions, scan(source.model_copy(update={"include": ("*big",)}), settings=settings))
    listed = scan(source.model_copy(update={"include": ("*big",)}), settings=settings)
    slow = listed.tables[0].model_copy(
        update={"table": listed.tables[0].table.model_copy(update={"name": "slow", "kind": TableKind.VIEW})}
    )
    record(versions, listed.model_copy(update={"tables": (*listed.tables, slow)}))
    found = run(
        "select s from big where s like '%\\%' or i > 2 order by i",
        "srv", "ann", settings=settings, versions=versions, limits=Limits(1),
    )  # fmt: skip
    assert found.rows == [("50%",)] and found.more
    for limits, stop in ((Limits(1, 0.4), None), (Limits(1, 20), Stop())):
        began = time.monotonic()
        if stop:
            threading.Timer(0.4, stop.now).start()
        with pytest.raises(QueryError, match=r"cancelled|stopped"):
            run(
                "select count(*) from slow",
                "srv",
                "ann",
                settings=settings,
                versions=versions,
                limits=limits,
                stop=stop,
            )
        assert time.monotonic() - began < 5
    code = "select i as a /*!50000 , version() as b */ /*M! , 3 as c */ from big /*+ x */"
    assert run(code, "srv", "ann", settings=settings, versions=versions).columns == ("a",)
    for statement in ("insert into big values (9, 'x')", "create table more (i int)", "update big set s = 'x'"):
        with opened(source, settings) as own, pytest.raises(Exception, match=r"(?i)read.only"):
            own.fetch(statement, 1, 5)
    with pytest.raises(QueryError, match="nothing_here"):
        run("select nothing_here from big", "srv", "ann", settings=settings, versions=versions)


def test_lineage_of_a_query(settings: Settings, versions: Versions) -> None:
    sql = (
        "with d as (select day, sum(revenue) r from sales where note <> '' group by 1) select day, r / 2 as half from d"
    )
    found = trace(sql, "warehouse", "ann", settings=settings, versions=versions)
    assert [(o.column, o.values) for o in found.columns] == [
        ("day", ((SALES, "day"),)),
        ("half", ((SALES, "revenue"),)),
    ]
    assert (SALES, "note", "filter") in found.rows
    with pytest.raises(QueryError, match="no table"):
        trace("select * from salaries", "warehouse", "ann", settings=settings, versions=versions)


def test_files_of_an_answer(settings: Settings, versions: Versions) -> None:
    found = ask(settings, versions, "select note, -id as n, day, null as e, note as note from sales order by id")
    lines = as_csv(found).decode("utf-8-sig").splitlines()
    assert lines[0] == "note,n,day,e,note" and lines[2] == "'=1+1,-1,2026-01-02,,'=1+1"
    frame = pl.read_parquet(io.BytesIO(as_parquet(found)))
    assert frame.columns == ["note", "n", "day", "e", "note_2"] and frame["n"].to_list()[:2] == [0, -1]
    odd = Answer("x", ("a",), [("\t1",), ("@x",), ("-5",), (-5,), ('ok\n"q"',)], False, 0, "")
    assert as_csv(odd).decode("utf-8-sig").split("\r\n")[1:5] == ["'\t1", "'@x", "'-5", "-5"]
    assert as_parquet(Answer("x", ("a", "b"), [(1, 2), ("x", 3)], False, 0, ""))
    assert pl.read_parquet(io.BytesIO(as_parquet(Answer("x", ("a",), [], False, 0, "")))).height == 0


def test_history_is_each_persons_own_and_bounded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.catalog.lab.history.KEPT", KEPT)
    ann, bob = History(settings, "ann"), History(settings, "bob")
    for i in range(KEPT + 3):
        ann.add("warehouse", f"select {i}", 0.1, i)
    bob.add("warehouse", "select 'x'", 0.1, 1, "refused")
    assert len(ann.asked(10_000)) == KEPT and ann.asked(1)[0].sql == f"select {KEPT + 2}"
    assert [a.error for a in bob.asked()] == ["refused"] and bob.path.stat().st_mode & 0o777 == 0o600
    ann.save("每日销量", "warehouse", "select 1")
    ann.save("每日销量", "warehouse", "select 2")
    assert [(s.name, s.sql) for s in ann.saved()] == [("每日销量", "select 2")] and bob.saved() == []
    assert ann.remove("每日销量") and not ann.remove("每日销量")
    with pytest.raises(QueryError):
        ann.save(" ", "warehouse", "select 1")


def test_what_became_private_a_moment_ago_is_not_read(settings: Settings, versions: Versions) -> None:
    seen = tables(settings, versions, "shop", "ann")
    edit(versions, "table", "shop/orders", Edit(tags=["private"], owners=["bob"]), "bob")
    with pytest.raises(QueryError, match="no longer shows you"):
        run("select * from orders", "shop", "ann", settings=settings, versions=versions, seen=seen)
