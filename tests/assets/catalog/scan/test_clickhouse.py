"""Scans of ClickHouse: its own engine (chdb) behind its HTTP interface, read by the client that users have."""

import time
from collections.abc import Iterator

import pytest

from assets.catalog.model import Base, Scan, ScannedTable, TableKind
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source
from tests.fakes.clickhouse import ClickhouseServer, clickhouse

ODD = "选 'all' \"from\" %s :x"
SHOP = (
    "CREATE DATABASE shop",
    "CREATE TABLE shop.orders (id UInt64 COMMENT '订单号', day Date, at DateTime64(9, 'UTC'), mail Nullable(String), "
    "paid Decimal(12, 2) DEFAULT 1.5, kind Enum8('new' = 1, 'it''s, old' = 2), vip Bool, likes Array(String), "
    "extra Map(String, UInt8), place LowCardinality(Nullable(String)), ip IPv4, big Int256, "
    "INDEX by_mail mail TYPE bloom_filter GRANULARITY 1) ENGINE = MergeTree ORDER BY (day, id) PRIMARY KEY day "
    "COMMENT '订单'",
    "INSERT INTO shop.orders SELECT number, toDate('2024-01-01') + number % 100, toDateTime64(1700000000 + number, 9, "
    "'UTC'), if(number % 5 = 0, NULL, 'p' || number || '@example.org'), number * 1.25, 'it''s, old', number % 2 = 0, "
    "['a', 'b\\tc'], map('k', 1), if(number % 2 = 0, NULL, 'Köln'), toIPv4('10.0.0.1'), "
    "toInt256('1' || repeat('0', 40)) "
    "FROM numbers(500)",
    "CREATE VIEW shop.mails AS SELECT mail FROM shop.orders WHERE id > 400",
    f'CREATE TABLE shop.`{ODD}` (`select` Nullable(Int32), `a "b %s` String) ENGINE = Log',
    f"INSERT INTO shop.`{ODD}` VALUES (1, '50%\\n'), (NULL, 'y')",
    "CREATE TABLE shop.empty (i Int32) ENGINE = Memory",
    "CREATE TABLE shop.long (i UInt32) ENGINE = MergeTree ORDER BY i",
    "INSERT INTO shop.long SELECT number FROM numbers(60000)",
)


@pytest.fixture(scope="module")
def server() -> Iterator[ClickhouseServer]:
    pytest.importorskip("chdb")
    with clickhouse() as made:
        made.run(*SHOP)
        yield made


@pytest.fixture(autouse=True)
def no_fault(server: ClickhouseServer) -> Iterator[None]:
    yield
    server.fault("")


def source(url: str, **fields: object) -> Source:
    return Source.model_validate({"name": "it", "url": url, **fields})


def tables(found: Scan) -> dict[str, ScannedTable]:
    return {t.table.path: t for t in found.tables}


def test_structure_and_profile(server: ClickhouseServer) -> None:
    done = scan(source(server.url))
    assert done.errors == ()
    found = tables(done)
    assert set(found) == {"shop.orders", "shop.mails", f"shop.{ODD}", "shop.empty", "shop.long"}
    orders = found["shop.orders"]
    assert (orders.table.comment, orders.table.rows, orders.table.primary_key) == ("订单", 500, ("day",))
    assert (orders.table.size or 0) > 1000 and orders.table.changed[:2] == "20"
    assert {i.name: i.columns for i in orders.table.indexes} == {"by_mail": ("mail",), "sorting key": ("day", "id")}
    columns = {c.name: c for c in orders.table.columns}
    assert columns["id"].comment == "订单号" and columns["paid"].default == "1.5"
    assert columns["place"].type == "LowCardinality(Nullable(String))" and columns["place"].nullable
    assert not columns["id"].nullable
    bases = [columns[n].base for n in ("id", "day", "at", "mail", "paid", "kind", "vip", "likes", "extra", "ip")]
    assert bases == [
        Base.INTEGER, Base.DATE, Base.TIMESTAMP, Base.TEXT, Base.NUMBER, Base.TEXT, Base.BOOLEAN, Base.NESTED,
        Base.NESTED, Base.TEXT,
    ]  # fmt: skip
    profiles = orders.profiles
    assert (profiles["paid"].low, profiles["paid"].high, profiles["paid"].distinct) == ("0", "623.75", 500)
    assert profiles["mail"].nulls == 100 and profiles["mail"].patterns[0].value == "a9{3}@a{7}.a{3}"
    assert (profiles["day"].low, profiles["day"].high) == ("2024-01-01", "2024-04-09")
    assert profiles["vip"].distinct == 2 and profiles["kind"].low == "it's, old"
    assert profiles["at"].low.startswith("2023-11-14") and profiles["likes"].distinct == 1
    assert profiles["place"].nulls == 250 and profiles["big"].high == "1" + "0" * 40
    assert found["shop.mails"].table.kind is TableKind.VIEW and found["shop.mails"].table.rows == 99
    odd = found[f"shop.{ODD}"].profiles
    assert odd["select"].nulls == 1 and {t.value for t in odd['a "b %s'].top} == {"50%\n", "y"}
    assert found["shop.empty"].profiles["i"].rows == 0


def test_samples_by_chance_and_says_so(server: ClickhouseServer) -> None:
    profile = tables(scan(source(server.url, include=["shop.long"], sample_rows=2000)))["shop.long"].profiles["i"]
    assert profile.sampled and 1500 <= profile.rows <= 2000
    assert 20_000 < profile.quantiles[2] < 40_000  # not the first rows only


def test_what_did_not_change_is_not_read_again(server: ClickhouseServer) -> None:
    server.run("CREATE TABLE shop.a (i Int32) ENGINE = MergeTree ORDER BY i", "INSERT INTO shop.a VALUES (1)")
    one = source(server.url, include=["shop.a", "shop.long"])
    first = scan(one)
    again = scan(one, previous=first)
    assert set(again.unchanged) == {"shop.a", "shop.long"} and not again.tables
    server.run("INSERT INTO shop.a VALUES (7)")
    assert tables(scan(one, previous=again))["shop.a"].profiles["i"].high == "7"
    server.run("DROP TABLE shop.a")


def test_a_table_that_fails_half_way_is_named_and_the_others_go_on(server: ClickhouseServer) -> None:
    server.fault('FROM "shop"."orders"', rows=20)
    done = scan(source(server.url, include=["shop.orders", "shop.long"]))
    assert [path for path, _ in done.errors] == ["shop.orders"] and "memory limit" in done.errors[0][1]
    assert tables(done)["shop.long"].profiles["i"].rows == 60_000
    assert tables(done)["shop.orders"].table.columns and not tables(done)["shop.orders"].profiles


@pytest.mark.parametrize("status", [500, 401])
def test_a_refusal_is_one_error_without_the_password(
    server: ClickhouseServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("CLICK", "geheim")
    server.fault("SELECT", status=status)
    done = scan(source(server.url.replace("://", "://reader:${env:CLICK}@")))
    ((path, told),) = done.errors
    assert path == "" and "cannot be reached" in told and "Authentication failed" in told
    assert "geheim" not in done.model_dump_json()


def test_a_server_that_does_not_answer(server: ClickhouseServer) -> None:
    server.fault("SELECT", seconds=1.5)
    began = time.monotonic()
    done = scan(source(f"{server.url}/?timeout=0.3"))
    assert time.monotonic() - began < 1.4 and "timed out" in done.errors[0][1].lower()
    server.fault("")
    assert "cannot be reached" in scan(source("clickhouse+http://127.0.0.1:1")).errors[0][1]
