"""What is read online is what the point-in-time join gives offline, on both warehouses and both stores."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.features.registry.fresh import BEHIND, FRESH, NEVER, STALE, fresh
from assets.features.registry.model import Feature, FeatureView, JoinKey
from assets.features.registry.offline import historical
from assets.features.registry.online import EXPIRED, MISSING, NULL, PRESENT, OnlineReader
from assets.features.registry.push import push
from core.errors import SourceError, StoreError
from core.naming import Key, table_name
from resources.ports import OnlineStore, Warehouse
from tests.assets.features.registry.views import TRIPS, VIEWS, ZONES

NOW = datetime(2026, 1, 9, tzinfo=UTC)
START = datetime(2026, 1, 1)
ODD = FeatureView(
    name="odd",
    entity="thing",
    keys=(JoinKey(name="thing", type="text"),),
    source="feature/taxi/odd",
    timestamp="at",
    online=True,
    features=tuple(
        Feature(name=f"a_{kind}", type=kind)  # type: ignore[arg-type]
        for kind in ("bigint", "double", "text", "boolean", "date", "timestamp")
    ),
)


def land(store: Warehouse, view: FeatureView, frame: pl.DataFrame) -> None:
    store.write(table_name(Key.parse(view.source)), frame)


def trips(drivers: int = 50, hours: int = 200) -> pl.DataFrame:
    """A row for each driver every now and then, some values null."""
    rows = [
        (d, START + timedelta(hours=(7 * d + h) % hours), START, None if (d + h) % 9 == 0 else d * h, (d + h) / 7)
        for d in range(drivers)
        for h in range(0, hours, 17)
    ]
    columns = ["driver", "known_at", "written_at", "trips", "mean_rating"]
    return pl.DataFrame(rows, schema=columns, orient="row", schema_overrides={"trips": pl.Int64})


@pytest.mark.covers("RM-049", "OPS-044")
def test_online_equals_offline(store: Warehouse, online_store: OnlineStore) -> None:
    long_ago = pl.DataFrame({"driver": [98], "known_at": [START], "written_at": [START]})
    land(store, TRIPS, pl.concat([trips(), long_ago], how="diagonal"))
    zones = [
        ("北京", 1, START.date(), 0.1 + 0.2, "x"),
        ("北京", 1, NOW.date(), 5.0, None),
        ("b", 2, START.date(), None, ""),
    ]
    land(store, ZONES, pl.DataFrame(zones, schema=["city", "zone", "day", "demand", "label"], orient="row"))
    for view in (TRIPS, ZONES):
        push(store, online_store, view, now=NOW)
    entities = pl.DataFrame(
        {"driver": [*range(49), 98, 99, None], "city": ["北京", "b"] * 26, "zone": [1, 2] * 26, "event_timestamp": NOW}
    )
    offline = historical(store, VIEWS, entities, ["trips", "zones"])
    keys = {name: entities[name].to_list() for name in ("driver", "city", "zone")}
    read = OnlineReader(online_store).read(["trips", "zones"], keys, NOW)
    assert {v.ref.split(":")[1]: v.values for v in read} == {
        name: offline[name].to_list() for name in ("trips", "rating", "demand", "label")
    }
    assert {s for v in read for s in v.statuses} == {PRESENT, NULL, MISSING, EXPIRED}


def test_every_type_comes_back_to_the_bit(store: Warehouse, online_store: OnlineStore) -> None:
    values: list[tuple[Any, ...]] = [
        ("", 2**63 - 1, 0.1, "a\0b" if store.dialect == "duckdb" else "ab", True, START.date(), START),
        ("[1]", -(2**63), float("inf"), '"\\', False, datetime(1969, 12, 31).date(), datetime(1969, 1, 1, 0, 0, 0, 1)),
        ("名", 0, -0.0, "", None, None, None),
    ]
    names = ["thing", *(f.name for f in ODD.features)]
    frame = pl.DataFrame(values[1:], schema=names, orient="row").with_columns(at=pl.lit(START))
    land(store, ODD, frame)
    push(store, online_store, ODD, now=NOW)
    read = OnlineReader(online_store).read(["odd"], {"thing": frame["thing"].to_list()}, NOW)
    assert [repr(v.values) for v in read] == [repr(frame[f.name].to_list()) for f in ODD.features]
    land(store, ODD, pl.DataFrame(values, schema=names, orient="row").with_columns(at=pl.lit(START)))
    with pytest.raises(SourceError, match="empty text"):
        push(store, online_store, ODD, now=NOW)
    assert online_store.rows("odd") == 2


def test_a_push_again_changes_nothing_and_a_correction_comes_through(
    store: Warehouse, online_store: OnlineStore
) -> None:
    land(store, TRIPS, trips())
    first = push(store, online_store, TRIPS, now=NOW)
    assert (first.whole, first.read, online_store.rows("trips")) == (True, 50, 50)
    again = push(store, online_store, TRIPS, now=NOW)
    assert (again.version, again.newest, online_store.rows("trips")) == (first.version, first.newest, 50)
    land(store, TRIPS, trips(40).with_columns(mean_rating=9.5))
    corrected = push(store, online_store, TRIPS, now=NOW)
    assert corrected.version != first.version and online_store.rows("trips") == 40
    read = OnlineReader(online_store).read(["trips:rating"], {"driver": [3, 45]}, first.newest)[0]
    assert (read.values[1], read.statuses[1]) == (None, MISSING) and set(read.values) <= {9.5, None}


def test_an_append_only_view_gets_what_is_newer_and_keeps_later_rows(
    store: Warehouse, online_store: OnlineStore
) -> None:
    view = TRIPS.model_copy(update={"append_only": True, "ttl": ""})
    land(store, view, trips())
    half = push(store, online_store, view, now=NOW - timedelta(days=4))
    rest = push(store, online_store, view, now=NOW)
    assert half.whole and not rest.whole and 0 < rest.read <= 50
    read = OnlineReader(online_store).read(["trips"], {"driver": list(range(50))}, NOW)
    entities = pl.DataFrame({"driver": range(50), "event_timestamp": NOW})
    offline = historical(store, {"trips": view}, entities, ["trips"])
    assert [v.values for v in read] == [offline[c].to_list() for c in ("trips", "rating")]
    renamed = view.model_copy(update={"features": view.features[:1]})
    assert push(store, online_store, renamed, now=NOW).whole


def test_a_later_value_is_not_replaced_by_an_earlier_one(online_store: OnlineStore) -> None:
    online_store.push("v", lambda: b"{}", [[("a", 10, b"ten"), ("b", 1, b"one")]], whole=True)
    assert online_store.push("v", lambda: b"{}", [[("a", 9, b"nine"), ("b", 1, b"uno")]], whole=False) == 1
    assert online_store.read("v", ["b", "a", "c"]) == (b"{}", [b"uno", b"ten", None])
    online_store.drop("v")
    assert (online_store.views(), online_store.read("v", ["a"])) == ([], (None, [None]))


def test_a_push_that_fails_midway_leaves_the_former_values(online_store: OnlineStore) -> None:
    def broken() -> Any:
        yield [("a", 2, b"new")]
        raise RuntimeError("the warehouse went away")

    online_store.push("v", lambda: b"old", [[("a", 1, b"old")]], whole=True)
    for whole in (True, False):
        with pytest.raises(RuntimeError, match="went away"):
            online_store.push("v", lambda: b"new", broken(), whole=whole)
        assert online_store.read("v", ["a"]) == (b"old", [b"old"])
    assert online_store.push("v", lambda: b"new", [[("a", 2, b"new")]], whole=False) == 1


KILLED = """
import os, signal, sys
from resources.open import adapter
def batches():
    yield [("a", 2, b"new")]
    os.kill(os.getpid(), signal.SIGKILL)
adapter("online", sys.argv[1]).from_url(sys.argv[1]).push("v", lambda: b"new", batches(), whole=True)
"""


def test_a_killed_push_leaves_the_former_values(online_url: str, open_online: Callable[[str], OnlineStore]) -> None:
    online_store = open_online(online_url)
    online_store.push("v", lambda: b"old", [[("a", 1, b"old")]], whole=True)
    run = subprocess.run([sys.executable, "-c", KILLED, online_url], cwd=Path(__file__).parents[4], check=False)
    assert run.returncode == -9
    assert online_store.read("v", ["a"]) == (b"old", [b"old"])


def test_two_pushes_of_a_view_do_not_mix(redis_server: str, open_online: Callable[[str], OnlineStore]) -> None:
    one, other = open_online(redis_server), open_online(redis_server)

    def during() -> Any:
        with pytest.raises(StoreError, match="another push of mixed"):
            other.push("mixed", lambda: b"2", [[("a", 2, b"2")]], whole=True)
        yield [("a", 1, b"1")]

    one.push("mixed", lambda: b"1", during(), whole=True)
    assert other.read("mixed", ["a"]) == (b"1", [b"1"])
    one.drop("mixed")


def test_freshness_tells_each_state(store: Warehouse, online_store: OnlineStore) -> None:
    view = TRIPS.model_copy(update={"fresh_within": "1d"})
    land(store, view, trips(hours=190))

    def state(now: datetime) -> str:
        return fresh(store, online_store, [view, ZONES.model_copy(update={"online": False})], now)[0].state

    assert state(NOW) == NEVER
    push(store, online_store, view, now=NOW - timedelta(days=5))
    assert state(NOW) == BEHIND
    push(store, online_store, view, now=NOW)
    assert (state(NOW), state(NOW + timedelta(days=2))) == (FRESH, STALE)


def test_questions_that_cannot_be_answered(store: Warehouse, online_store: OnlineStore) -> None:
    land(store, TRIPS, trips())
    push(store, online_store, TRIPS, now=NOW)
    reader = OnlineReader(online_store)
    for refs, entities, told in (
        (["nowhere"], {"driver": [1]}, "'nowhere' is not online; .*trips|online are: trips"),
        (["trips:x"], {"driver": [1]}, "has no feature 'x' online"),
        (["trips"], {"zone": [1]}, "entity key 'driver' of trips is missing"),
        (["trips"], {"driver": ["1"]}, "'1' is no bigint"),
        (["trips"], {"driver": [True]}, "True is no bigint"),
        (["trips"], {"driver": [1], "zone": []}, "different numbers"),
    ):
        with pytest.raises(SourceError, match=told):
            reader.read(refs, entities)  # type: ignore[arg-type]


def test_a_store_that_is_away_is_told_without_its_password(open_online: Callable[[str], OnlineStore]) -> None:
    with pytest.raises(StoreError) as told:
        open_online("redis://:s3cret@127.0.0.1:1/0").read("v", ["a"])
    assert "HEDDLE_ONLINE" in str(told.value) and "s3cret" not in str(told.value)
