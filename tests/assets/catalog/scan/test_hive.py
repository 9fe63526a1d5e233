"""Scans of Hive: pyhive's client against a server that speaks HiveServer2's Thrift contract."""

import time
from collections.abc import Iterator

import pytest

from assets.catalog.model import Base, Scan, ScannedTable, TableKind
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source
from tests.fakes.hive import HiveServer, hive

DATA = (
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.customer AS SELECT i::BIGINT AS id, 'n' || i AS name FROM range(5) t(i)",
    "CREATE TABLE shop.orders AS SELECT i::BIGINT AS id, (i % 5)::BIGINT AS customer, (i * 1.25)::DECIMAL(10, 2) "
    "AS paid, CASE WHEN i % 4 = 0 THEN NULL ELSE '中文 50%' END AS note, i % 2 = 0 AS vip, "
    "TIMESTAMP '2024-03-01 10:00:00.123456' + INTERVAL (i) MINUTE AS at, DATE '2024-03-01' AS born, "
    "'x'::BLOB AS photo, ['a'] AS likes, "
    "(i * 0.5)::DOUBLE AS f, '2024-03-01' AS ds FROM range(3000) t(i)",
    "COMMENT ON COLUMN shop.orders.customer IS '谁买的'",
    "CREATE VIEW shop.notes AS SELECT note FROM shop.orders WHERE id < 100",
    'CREATE TABLE shop."odd `name" AS SELECT 1::BIGINT AS "select", \'50%\' AS "a ` %s"',
    "CREATE TABLE shop.nothing (i INTEGER)",
)
ORDERS = [
    ("# Partition Information", "", ""),
    ("# col_name", "data_type", "comment"),
    ("ds", "string", "日期"),
    ("", "", ""),
    ("# Detailed Table Information", "", ""),
    ("Database:", "shop", ""),
    ("Table Type:", "MANAGED_TABLE", ""),
    ("Table Parameters:", "", ""),
    ("", "comment", "订单"),
    ("", "numRows", "3000"),
    ("", "totalSize", "99000"),
    ("", "transient_lastDdlTime", "1709287200"),
    ("# Storage Information", "", ""),
    ("Compressed:", "No", ""),
    ("# Constraints", "", ""),
    ("# Primary Key", "", ""),
    ("Table:", "shop.orders", ""),
    ("Constraint Name:", "pk_1", ""),
    ("Column Name:", "id", ""),
    ("# Foreign Keys", "", ""),
    ("Table:", "shop.orders", ""),
    ("Constraint Name:", "fk_1", ""),
    ("Parent Column Name:shop.customer.id", "Column Name:customer", "Key Sequence:1"),
    ("# Not Null Constraints", "", ""),
    ("Table:", "shop.orders", ""),
    ("Constraint Name:", "nn_1", ""),
    ("Column Name:", "id", ""),
]
NOTES = [("# Detailed Table Information", "", ""), ("Table Type:", "VIRTUAL_VIEW", ""), ("", "numRows", "0")]


def filled(server: HiveServer) -> HiveServer:
    for statement in DATA:
        server.data.execute(statement)
    server.extra = {"shop.orders": ORDERS, "shop.notes": NOTES}
    return server


@pytest.fixture
def server() -> Iterator[HiveServer]:
    with hive() as made:
        yield filled(made)


def source(server: HiveServer, more: str = "", **fields: object) -> Source:
    url = f"hive://reader@127.0.0.1:{server.port}/?auth=NOSASL{more}"
    return Source.model_validate({"name": "it", "url": url, **fields})


def tables(found: Scan) -> dict[str, ScannedTable]:
    return {t.table.path: t for t in found.tables}


def test_structure_and_profile(server: HiveServer) -> None:
    done = scan(source(server))
    assert done.errors == ()
    found = tables(done)
    assert set(found) == {"shop.customer", "shop.orders", "shop.notes", "shop.odd `name", "shop.nothing"}
    orders = found["shop.orders"].table
    assert (orders.comment, orders.rows, orders.size, orders.primary_key) == ("订单", 3000, 99_000, ("id",))
    assert orders.changed == "2024-03-01T10:00:00+00:00"
    (key,) = orders.foreign_keys
    assert (key.columns, key.table, key.targets, key.schema_name) == (("customer",), "customer", ("id",), "")
    columns = {c.name: c for c in orders.columns}
    assert columns["customer"].comment == "谁买的" and columns["ds"].comment == "日期" and columns["ds"].place == 11
    assert not columns["id"].nullable and columns["customer"].nullable
    assert columns["paid"].type == "decimal(10,2)" and columns["likes"].type == "array<string>"
    bases = [columns[n].base for n in ("id", "paid", "note", "vip", "at", "born", "photo", "likes")]
    assert bases == [
        Base.INTEGER, Base.NUMBER, Base.TEXT, Base.BOOLEAN, Base.TIMESTAMP, Base.DATE, Base.BINARY, Base.NESTED,
    ]  # fmt: skip
    profiles = found["shop.orders"].profiles
    assert (profiles["paid"].low, profiles["paid"].high, profiles["paid"].distinct) == ("0.00", "3748.75", 3000)
    assert profiles["note"].nulls == 750 and profiles["note"].top[0].value == "中文 50%"
    assert profiles["vip"].distinct == 2 and profiles["at"].low.startswith("2024-03-01")
    assert profiles["born"].low == "2024-03-01" and profiles["f"].mean == pytest.approx(749.75)
    assert found["shop.notes"].table.kind is TableKind.VIEW and found["shop.notes"].table.rows == 100
    assert found["shop.odd `name"].profiles["a ` %s"].top[0].value == "50%"
    assert found["shop.nothing"].profiles["i"].rows == 0


def test_samples_by_chance(server: HiveServer) -> None:
    found = tables(scan(source(server, include=["shop.orders"], sample_rows=500)))["shop.orders"]
    profile = found.profiles["id"]
    assert profile.sampled and 400 <= profile.rows <= 500 and 1000 < profile.quantiles[2] < 2000
    assert any("rand(1) < 0.2" in s for s in server.asked)


@pytest.mark.parametrize(
    ("fault", "told"), [("error", "AccessControlException denied"), ("hang", "read timeout"), ("drop", "read 0 bytes")]
)
def test_a_table_that_fails_is_named_and_the_others_go_on(server: HiveServer, fault: str, told: str) -> None:
    server.fault, server.broken = fault, "FROM `shop`.`orders`"
    began = time.monotonic()
    done = scan(source(server, "&timeout=0.3"))
    assert time.monotonic() - began < 5
    ((path, message),) = done.errors
    assert path == "shop.orders" and told in message and "stack" not in message
    assert tables(done)["shop.customer"].profiles["name"].distinct == 5
    assert tables(done)["shop.orders"].table.comment == "订单"  # its structure is known all the same


def test_a_table_whose_structure_is_refused(server: HiveServer) -> None:
    server.fault, server.broken = "error", "DESCRIBE FORMATTED `shop`.`customer`"
    done = scan(source(server))
    assert [path for path, _ in done.errors] == ["shop.customer"] and "denied" in done.errors[0][1]
    assert tables(done)["shop.orders"].profiles["id"].rows == 3000


@pytest.mark.parametrize("fault", ["hang", "error", "drop"])
def test_a_server_that_is_down_is_one_error(server: HiveServer, fault: str) -> None:
    server.fault = fault
    done = scan(source(server, "&timeout=0.3"))
    assert [path for path, _ in done.errors] == [""] and "cannot be reached" in done.errors[0][1]


def test_a_password_over_sasl(monkeypatch: pytest.MonkeyPatch) -> None:
    with hive("geheim") as made:
        filled(made)
        monkeypatch.setenv("HIVE", "geheim")
        url = f"hive://reader:${{env:HIVE}}@127.0.0.1:{made.port}/shop?timeout=2"
        one = Source.model_validate({"name": "it", "url": url, "include": ["shop.customer"]})
        assert tables(scan(one))["shop.customer"].profiles["id"].rows == 5
        monkeypatch.setenv("HIVE", "verkehrt")
        done = scan(one)
        assert "cannot be reached" in done.errors[0][1] and "verkehrt" not in done.model_dump_json()
