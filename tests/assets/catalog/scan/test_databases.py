"""Scans of real databases: structure, comments, keys, sizes, samples, what changed, and what goes wrong."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, text

from assets.catalog.model import Base, Scan, ScannedTable, TableKind
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source

ODD = "选 'all' \"from\" %s :x"
QUOTED = f'"{ODD.replace(chr(34), chr(34) * 2)}"'


def source(url: str, **fields: object) -> Source:
    return Source.model_validate({"name": "it", "url": url, **fields})


def tables(found: Scan) -> dict[str, ScannedTable]:
    return {t.table.path: t for t in found.tables}


def run(url: str, *statements: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement.replace(":x", "\\:x")))
    engine.dispose()


POSTGRES = (
    "create schema shop",
    "create table shop.customer (id int primary key, mail varchar(80) not null unique, born date, "
    "paid numeric(12, 2) default 1.5, since timestamptz, photo bytea, likes text[], extra jsonb, kind inet)",
    "comment on table shop.customer is '客户'",
    "comment on column shop.customer.mail is 'where to write'",
    "insert into shop.customer select i, 'p' || i || '@example.org', date '2000-01-01' + i % 100, i * 1.25, now(), "
    "'\\xff00', array['a', 'b'], '{\"a\": 1}', '10.0.0.1' from generate_series(1, 500) i",
    "create table public.orders (id bigint generated always as identity, customer int references shop.customer, "
    "primary key (id, customer))",
    "create index by_customer on public.orders (customer)",
    "create view public.mails as select mail from shop.customer where id > 400",
    f"""create table {QUOTED} ("select" int, "a ""b" text)""",
    f"""insert into {QUOTED} values (1, 'x'), (null, 'y')""",
    "analyze",
)


def test_postgres(postgres_url: str) -> None:
    run(postgres_url, *POSTGRES)
    found = tables(scan(source(postgres_url)))
    assert set(found) == {"shop.customer", "public.orders", "public.mails", f"public.{ODD}"}
    customer = found["shop.customer"]
    assert customer.table.comment == "客户" and customer.table.rows == 500 and (customer.table.size or 0) > 40_000
    assert customer.table.primary_key == ("id",) and customer.table.unique == (("mail",),)
    by_name = {c.name: c for c in customer.table.columns}
    assert by_name["mail"].comment == "where to write" and not by_name["mail"].nullable
    assert by_name["paid"].type == "NUMERIC(12, 2)" and by_name["paid"].default == "1.5"
    bases = {name: c.base for name, c in by_name.items()}
    assert bases["since"] is Base.TIMESTAMP and bases["photo"] is Base.BINARY and bases["likes"] is Base.NESTED
    paid = customer.profiles["paid"]
    assert (paid.low, paid.high, paid.distinct, paid.quantiles[2]) == ("1.25", "625.00", 500, 312.5)
    assert customer.profiles["mail"].patterns[0].value == "a9{3}@a{7}.a{3}"
    assert customer.profiles["photo"].top == () and customer.profiles["photo"].distinct == 1
    orders = found["public.orders"].table
    assert orders.foreign_keys[0].schema_name == "shop" and orders.foreign_keys[0].columns == ("customer",)
    assert orders.primary_key == ("id", "customer") and orders.indexes[0].name == "by_customer"
    assert found["public.mails"].table.kind is TableKind.VIEW and found["public.mails"].table.rows == 100
    odd = found[f"public.{ODD}"].profiles
    assert odd["select"].nulls == 1 and odd['a "b'].distinct == 2


def test_postgres_samples_large_tables_and_says_so(postgres_url: str) -> None:
    run(postgres_url, "create table t as select i, 'n' || i as name from generate_series(1, 60000) i", "analyze")
    table = tables(scan(source(postgres_url, sample_rows=2000)))["public.t"]
    profile = table.profiles["i"]
    assert profile.sampled and 1500 <= profile.rows <= 2000 and not table.table.rows_exact
    assert 20_000 < profile.quantiles[2] < 40_000  # not the first rows only


def test_postgres_skips_what_did_not_change(postgres_url: str) -> None:
    run(postgres_url, "create table a (i int)", "create table b (i int)", "insert into b values (1)", "analyze")
    first = scan(source(postgres_url))
    again = scan(source(postgres_url), previous=first)
    assert set(again.unchanged) == {"public.a", "public.b"} and again.tables == () and again.marks == first.marks
    run(postgres_url, "update b set i = 2", "select pg_stat_force_next_flush()", "alter table a add column j int")
    third = scan(source(postgres_url), previous=again)
    assert set(tables(third)) == {"public.a", "public.b"}
    assert tables(third)["public.b"].profiles["i"].low == "2"


def test_postgres_names_the_table_it_may_not_read(postgres_url: str) -> None:
    run(
        postgres_url,
        "drop role if exists clerk",
        "create role clerk login",
        "create table open (i int)",
        "create table closed (i int)",
        "grant select on open to clerk",
    )
    url = postgres_url.replace("postgresql://postgres", "postgresql://clerk")
    assert url != postgres_url
    found = scan(source(url))
    assert [path for path, _ in found.errors] == ["public.closed"] and "permission denied" in found.errors[0][1]
    assert tables(found)["public.open"].profiles["i"].rows == 0
    assert tables(found)["public.closed"].table.columns[0].name == "i"
    run(postgres_url, "drop owned by clerk", "drop role clerk")


def test_postgres_goes_on_when_a_table_is_dropped_meanwhile(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # one table after the other, so that the last is not read before
    run(postgres_url, *(f"create table t{i} (i int)" for i in range(6)))

    def drop(done: int, _total: int, path: str) -> None:
        if done == 1:
            run(postgres_url, "drop table t5")

    found = scan(source(postgres_url), progress=drop)
    assert [path for path, _ in found.errors] == ["public.t5"] and len(found.tables) == 6


def test_mariadb(mariadb_url: str) -> None:
    run(
        mariadb_url,
        "create table customer (id int primary key auto_increment, name varchar(40) not null comment '姓名', "
        "rate decimal(8, 3), flag tinyint(1), at datetime, big bigint unsigned, raw varbinary(9), js json, "
        "unique key by_name (name)) comment 'who buys'",
        "insert into customer(name, rate, flag, at, big, raw, js) select concat('客', seq), seq / 8, seq % 2, "
        "'2024-01-02 03:04:05', 18446744073709551615, x'00ff', '{}' from seq_1_to_300",
        "create table orders (customer int, foreign key (customer) references customer(id))",
        "create view names as select name from customer",
        "create table `or der``s` (`select` int, `%s` int)",
    )
    found = tables(scan(source(mariadb_url)))
    assert set(found) == {"customer", "orders", "names", "or der`s"}
    customer = found["customer"]
    assert customer.table.comment == "who buys" and customer.table.rows == 300 and (customer.table.size or 0) > 0
    assert customer.table.columns[1].comment == "姓名" and customer.table.unique == (("name",),)
    profiles = customer.profiles
    assert profiles["name"].patterns[0].value == "中9{3}" and profiles["rate"].quantiles[2] == 18.75
    assert profiles["big"].low == "18446744073709551615" and profiles["raw"].distinct == 1
    assert profiles["at"].low.startswith("2024-01-02") and profiles["flag"].distinct == 2
    assert found["orders"].table.foreign_keys[0].table == "customer"
    assert found["names"].table.kind is TableKind.VIEW and found["names"].profiles["name"].rows == 300


def test_mariadb_samples_and_skips(mariadb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from assets.catalog.scan.databases import mysql

    run(mariadb_url, "create table t (i int)", "insert into t select seq from seq_1_to_40000", "analyze table t")
    monkeypatch.setattr(mysql, "SETTLED", -1.0)  # the test does not wait for the clock
    first = scan(source(mariadb_url, sample_rows=2000))
    profile = tables(first)["t"].profiles["i"]
    assert profile.sampled and 1000 < profile.rows <= 2000 and 15_000 < profile.quantiles[2] < 25_000
    assert scan(source(mariadb_url, sample_rows=2000), previous=first).unchanged == ("t",)
    run(mariadb_url, "create table u (i int)", "alter table t add column j int")
    assert set(tables(scan(source(mariadb_url, sample_rows=2000), previous=first))) == {"t", "u"}


def test_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "a b.db"
    with sqlite3.connect(path) as made:
        made.executescript(
            f"""create table {QUOTED} (id integer primary key, mixed, "order" text default 'n', bin blob);
            create table child (parent int references {QUOTED}(id), primary key (parent)) without rowid;
            create table empty (a text); create view v as select "order" from {QUOTED};
            create view gone as select * from nowhere"""
        )
        made.executemany(
            f"""insert into {QUOTED} values (?, ?, ?, ?)""",
            [(1, "a", "x", b"\x00\xff"), (2, 3, "y", None), (3, 2.5, None, b"\x01"), (4, b"\xfe", "x", b"")],
        )
        made.execute(f"""update {QUOTED} set "order" = cast(x'ff41' as text) where id = 4""")
    made.close()
    first = scan(source(f"sqlite:///{path}"))
    found = tables(first)
    assert set(found) == {ODD, "child", "empty", "v", "gone"}
    odd = found[ODD].profiles
    assert odd["mixed"].distinct == 4 and odd["id"].high == "4" and odd["bin"].nulls == 1
    assert "\ufffdA" in {t.value for t in odd["order"].top}
    assert found["child"].table.foreign_keys[0].table == ODD and found["empty"].profiles["a"].rows == 0
    assert [p for p, _ in first.errors] == ["gone"]
    again = scan(source(f"sqlite:///{path}"), previous=first)
    assert set(again.unchanged) == {ODD, "child", "empty"}
    assert path.read_bytes()[:6] == b"SQLite" and not Path(f"{path}-journal").exists()


def test_sqlite_samples_over_the_whole_table(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as made:
        made.execute("create table t (i integer primary key, s text)")
        made.executemany("insert into t values (?, ?)", ((i, f"s{i}") for i in range(30_000)))
    made.close()
    profile = tables(scan(source(f"sqlite:///{tmp_path / 'x.db'}", sample_rows=1000)))["t"].profiles["i"]
    assert profile.sampled and 800 <= profile.rows <= 1000 and 10_000 < profile.quantiles[2] < 20_000


def test_duckdb(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with duckdb.connect(str(path)) as made:
        made.execute(
            """create table "or der" (id int primary key, "na""me" varchar default 'x' not null, d decimal(10, 2),
            l int[], s struct(a int), ts timestamptz, b blob, u uuid, h hugeint, iv interval, e enum('a', 'b'))"""
        )
        made.execute(
            """insert into "or der" select i, '名字' || i, i * 1.5, [i, 2], {'a': i}, now(), 'ab'::blob, uuid(), i,
            interval 1 day, 'a' from range(10) t(i)"""
        )
        made.execute('create table child (oid int references "or der"(id)); create index ix on child(oid)')
        made.execute("""comment on table "or der" is 'hi'; create view v as select d from "or der" """)
        made.execute(f"create view outside as select * from read_csv('{tmp_path / 'secret.csv'}')")
    first = scan(source(f"duckdb:///{path}"))
    found = tables(first)
    order = found["main.or der"]
    assert order.table.comment == "hi" and order.table.primary_key == ("id",) and order.table.rows == 10
    assert order.profiles["d"].high == "13.50" and order.profiles["l"].distinct == 10
    assert order.profiles['na"me'].patterns[0].value == "中{2}9"
    assert found["main.child"].table.indexes[0].columns == ("oid",)
    assert found["main.child"].table.foreign_keys[0].table == "or der"
    assert [p for p, _ in first.errors] == ["main.outside"]  # nothing that the data say is read from elsewhere
    again = scan(source(f"duckdb:///{path}"), previous=first)
    assert set(again.unchanged) == {"main.or der", "main.child"}


def test_a_thousand_columns(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as made:
        made.execute(f"create table wide as select {', '.join(f'{i} as c{i}' for i in range(1000))} from range(100)")
    wide = tables(scan(source(f"duckdb:///{tmp_path / 'w.duckdb'}")))["main.wide"]
    assert len(wide.profiles) == 1000 and wide.profiles["c7"].low == "7"


def test_a_source_that_is_down_is_one_error_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "geh@eim")
    found = scan(source("postgresql://ann:${env:SHOP_PASSWORD}@127.0.0.1:1/shop"))
    assert [path for path, _ in found.errors] == [""] and "cannot be reached" in found.errors[0][1]
    assert "geh" not in found.model_dump_json() and found.url == "postgresql://ann:***@127.0.0.1:1/shop"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("duckdb:////nowhere/x.duckdb", "there is no file"),
        ("sqlite:////nowhere/x.db", "there is no file /nowhere/x.db"),
        ("trino://localhost:1/x", "no driver for trino"),
        ("postgresql://u:${env:NOT_SET_ANYWHERE}@localhost/x", "env:NOT_SET_ANYWHERE, which is missing"),
        ("file:///nowhere", "there is no file:///nowhere"),
    ],
)
def test_what_cannot_be_opened(url: str, message: str) -> None:
    found = scan(source(url))
    assert len(found.errors) == 1 and found.errors[0][0] == "" and message in found.errors[0][1]


def test_any_sqlalchemy_url(postgres_server: Callable[[str], str], postgres_url: str) -> None:
    """The general reader, which serves Oracle, SQL Server and others, on a database at hand."""
    from assets.catalog.scan.databases.generic import DatabaseReader
    from assets.catalog.scan.references import Address

    run(postgres_url, "create table t (i int primary key, s text, n numeric)", "insert into t values (1, '50%', 2.50)")
    url = postgres_url.replace("postgresql://", "postgresql+psycopg2://")
    reader = DatabaseReader.open(Address(url, url), source("postgresql://x/y"))
    try:
        (found,) = reader.tables(lambda _: True)
        with reader.read(found.table, 100) as content:
            (batch,) = list(content.batches)
        assert batch.to_pydict() == {"0": [1], "1": ["50%"], "2": ["2.50"]} and not content.sampled
        assert found.table.primary_key == ("i",) and found.mark == ""
    finally:
        reader.close()


def test_values_that_python_has_no_place_for(postgres_url: str, tmp_path: Path) -> None:
    run(
        postgres_url,
        "create table o (d date, t timestamp, n numeric, f float8, r int4range, p point)",
        "insert into o values ('infinity', '-infinity', 'NaN', 'Infinity', '[1,3)', '(1,2)'), "
        "('2024-01-01', '2024-01-01', 1.10, 1.5, null, null), ('0044-03-15 BC', null, 1e30, null, null, null)",
    )
    table = tables(scan(source(postgres_url)))["public.o"]
    found = table.profiles
    assert (found["d"].low, found["d"].high) == ("-0043-03-15", "infinity") and len(found["d"].quantiles) == 5
    assert (found["t"].low, found["t"].high) == ("-infinity", "2024-01-01T00:00:00")
    assert (
        (found["n"].low, found["n"].high) == ("1.10", "1" + "0" * 30)
        and found["n"].mean == pytest.approx(5e29)
        and found["f"].mean == 1.5
    )
    assert {c.name: c.type for c in table.table.columns}["p"] == "point"
    with duckdb.connect(str(tmp_path / "x.duckdb")) as made:
        made.execute(
            "create table o as select date 'infinity' as d, 'nan'::double as f, (2::hugeint ** 90)::hugeint as h"
        )
    profiles = tables(scan(source(f"duckdb:///{tmp_path / 'x.duckdb'}")))["main.o"].profiles
    assert profiles["d"].high == "infinity" and profiles["f"].low == "nan" and profiles["h"].high == str(2**90)


def test_mariadb_values_of_its_own(mariadb_url: str) -> None:
    run(
        mariadb_url,
        "set sql_mode = ''",
        "create table o (d date, y year, t time, b bit(3), e enum('a','b'), g geometry, u uuid)",
        "insert into o values ('0000-00-00', 2024, '-100:00:00', b'101', 'a', point(1, 2), uuid())",
    )
    table = tables(scan(source(mariadb_url)))["o"]
    assert table.profiles["d"].low == "0000-00-00" and table.profiles["t"].low == "-100:00:00"
    kinds = {c.name: c.type for c in table.table.columns}
    assert kinds["g"] == "GEOMETRY" and kinds["e"] == "ENUM('a','b')"


def test_a_large_duckdb_table_of_texts(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "x.duckdb")) as made:
        made.execute("create table t as select i, repeat('x', 20000) || i as s, [i] as l from range(4000) r(i)")
        made.execute("create view v as select i from t")
    whole = scan(source(f"duckdb:///{tmp_path / 'x.duckdb'}"))
    assert whole.errors == () and tables(whole)["main.t"].profiles["s"].lengths == (20001, 20004)
    assert tables(whole)["main.v"].table.rows == 4000
    sampled = tables(scan(source(f"duckdb:///{tmp_path / 'x.duckdb'}", sample_rows=1000)))
    assert sampled["main.t"].profiles["i"].sampled and sampled["main.t"].profiles["i"].rows <= 1000
