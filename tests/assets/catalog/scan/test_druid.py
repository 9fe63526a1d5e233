"""Scans of Druid: pydruid's client against a broker that answers as Druid's manual says."""

import time
from collections.abc import Iterator

import pytest

from assets.catalog.model import Base, Scan, ScannedTable
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source
from tests.fakes.druid import DruidServer, druid

DATA = (
    "CREATE TABLE druid.edits AS SELECT TIMESTAMP '2024-03-01 10:00:00' + INTERVAL (i) MINUTE AS __time, "
    "'user' || (i % 50) AS \"user\", i * 10 AS added, i * 1.5 AS delta, CASE WHEN i % 4 = 0 THEN NULL ELSE '中文 %' "
    "END AS channel FROM range(400) t(i)",
    'CREATE TABLE druid."odd name\'s" AS SELECT 1::BIGINT AS "select", \'a"b%s\' AS "50% ""x"',
    "CREATE TABLE druid.nothing (__time TIMESTAMP, n BIGINT)",
    "INSERT INTO sys.segments VALUES ('edits', 300, 9000, '2024-03-02T00:00:00.000Z', 1, 0), "
    "('edits', 100, 1000, '2024-03-01T00:00:00.000Z', 1, 0), ('nothing', 0, 0, '2024-03-01T00:00:00.000Z', 1, 1)",
)


@pytest.fixture
def broker() -> Iterator[DruidServer]:
    with druid() as server:
        for statement in DATA:
            server.data.execute(statement)
        yield server


def source(url: str, **fields: object) -> Source:
    return Source.model_validate({"name": "it", "url": url, **fields})


def tables(found: Scan) -> dict[str, ScannedTable]:
    return {t.table.path: t for t in found.tables}


def test_structure_and_profile(broker: DruidServer) -> None:
    done = scan(source(broker.url))
    assert done.errors == ()
    found = tables(done)
    assert set(found) == {"druid.edits", "druid.odd name's", "druid.nothing"}
    edits = found["druid.edits"]
    assert (edits.table.rows, edits.table.rows_exact, edits.table.size) == (400, True, 10_000)
    assert edits.table.changed == "2024-03-02T00:00:00.000Z"
    assert [(c.name, c.base) for c in edits.table.columns] == [
        ("__time", Base.TIMESTAMP),
        ("user", Base.TEXT),
        ("added", Base.INTEGER),
        ("delta", Base.NUMBER),
        ("channel", Base.TEXT),
    ]
    profiles = edits.profiles
    assert profiles["__time"].low.startswith("2024-03-01T10:00:00") and len(profiles["__time"].quantiles) == 5
    assert (profiles["user"].distinct, profiles["added"].high, profiles["channel"].nulls) == (50, "3990", 100)
    assert profiles["channel"].top[0].value == "中文 %"
    assert found["druid.odd name's"].profiles['50% "x'].top[0].value == 'a"b%s'
    assert found["druid.nothing"].profiles["n"].rows == 0


def test_a_sample_and_what_did_not_change(broker: DruidServer) -> None:
    one = source(broker.url, include=["druid.edits"], sample_rows=100)
    first = scan(one)
    profile = tables(first)["druid.edits"].profiles["added"]
    assert profile.sampled and profile.rows == 100
    assert scan(one, previous=first).unchanged == ("druid.edits",)
    broker.data.execute("UPDATE sys.segments SET version = '2024-04-01T00:00:00.000Z'")
    assert "druid.edits" in tables(scan(one, previous=first))


def test_sizes_are_unknown_where_sys_may_not_be_read(broker: DruidServer) -> None:
    broker.fault, broker.broken = 403, "sys.segments"
    done = scan(source(broker.url))
    assert done.errors == () and done.marks == {}
    assert tables(done)["druid.edits"].table.size is None and tables(done)["druid.edits"].table.rows == 400


@pytest.mark.parametrize(
    ("fault", "told"),
    [(500, "Query was cancelled"), ("hang", "timed out"), ("garbage", "no JSON"), ("half", "broke off")],
)
def test_a_table_that_fails_is_named_and_the_others_go_on(broker: DruidServer, fault: int | str, told: str) -> None:
    broker.fault, broker.broken = fault, '"druid"."edits"'
    began = time.monotonic()
    done = scan(source(f"{broker.url}?timeout=0.3"))
    assert time.monotonic() - began < 5
    ((path, message),) = done.errors
    assert path == "druid.edits" and told in message
    assert tables(done)["druid.nothing"].profiles["n"].rows == 0 and not tables(done)["druid.edits"].profiles


@pytest.mark.parametrize("fault", [500, "hang", "garbage"])
def test_a_broker_that_is_down_is_one_error(broker: DruidServer, fault: int | str) -> None:
    broker.fault = fault
    done = scan(source(f"{broker.url}?timeout=0.3"))
    assert [path for path, _ in done.errors] == [""] and "cannot be reached" in done.errors[0][1]


def test_a_user_and_a_password(broker: DruidServer, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.user = ("reader", "geheim")
    url = broker.url.replace("://", "://reader:${env:DRUID}@")
    monkeypatch.setenv("DRUID", "geheim")
    assert "druid.edits" in tables(scan(source(url)))
    monkeypatch.setenv("DRUID", "verkehrt")
    done = scan(source(url))
    assert "401" in done.errors[0][1] and "verkehrt" not in done.model_dump_json()
