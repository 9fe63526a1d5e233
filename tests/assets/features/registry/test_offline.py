"""The point-in-time join equals its definition, row by row, on both engines."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.features.registry.model import FeatureView, duration
from assets.features.registry.offline import historical
from core.errors import SourceError
from core.naming import Key, table_name
from resources.ports import Warehouse
from tests.assets.features.registry.views import TRIPS, VIEWS, ZONES

START = datetime(2026, 1, 1)
HOURS = st.none() | st.integers(0, 24 * 8).map(lambda h: START + timedelta(hours=h))
DAYS = st.none() | st.integers(0, 8).map(lambda d: date(2026, 1, 1) + timedelta(days=d))
NUMBERS = st.none() | st.integers(0, 3).map(float)
DRIVERS, CITIES, PLACES = st.none() | st.integers(1, 3), st.none() | st.sampled_from(["北京", "a'b"]), st.integers(1, 2)
TRIP = st.tuples(DRIVERS, HOURS, HOURS, st.none() | st.integers(0, 3), NUMBERS)
ZONE = st.tuples(CITIES, PLACES, DAYS, NUMBERS, st.none() | st.sampled_from(["", "x", '"']))
ENTITY = st.tuples(DRIVERS, CITIES, PLACES, HOURS)
ENTITY_SHAPE = {"driver": pl.Int32, "city": pl.String, "zone": pl.Int64, "event_timestamp": pl.Datetime("us")}
TRIP_SHAPE = {
    "driver": pl.Int64,
    "known_at": pl.Datetime("us"),
    "written_at": pl.Datetime("us"),
    "trips": pl.Int64,
    "mean_rating": pl.Float64,
}
ZONE_SHAPE = {"city": pl.String, "zone": pl.Int64, "day": pl.Date, "demand": pl.Float64, "label": pl.String}


def land(store: Warehouse, view: FeatureView, rows: list[Any], shape: dict[str, Any]) -> None:
    store.write(table_name(Key.parse(view.source)), pl.DataFrame(rows, schema=shape, orient="row"))


def by_hand(view: FeatureView, rows: list[dict[str, Any]], entity: dict[str, Any]) -> list[Any]:
    """The definition, over all rows: known, not too old, the latest; ties by `created`, then by the values."""

    def order(row: dict[str, Any]) -> tuple[Any, ...]:
        tie = [row[c] for c in ([view.created] if view.created else []) + [f.source for f in view.features]]
        return (moment(row[view.timestamp]), *((v is not None, v) if v is not None else (False,) for v in tie))

    def moment(value: Any) -> Any:
        return value if value is None or isinstance(value, datetime) else datetime(value.year, value.month, value.day)

    at, ttl = entity["event_timestamp"], duration(view.ttl)
    known = [
        r
        for r in rows
        if at is not None
        and (seen := moment(r[view.timestamp])) is not None
        and all(r[k.name] is not None and r[k.name] == entity[k.name] for k in view.keys)
        and seen <= at
        and (ttl is None or seen >= at - ttl)
    ]
    best = max(known, key=order, default=None)
    return [None if best is None else best[f.source] for f in view.features]


@pytest.mark.covers("RM-049")
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    trips=st.lists(TRIP, max_size=12), zones=st.lists(ZONE, max_size=12), asked=st.lists(ENTITY, min_size=1, max_size=8)
)
def test_it_equals_brute_force(store: Warehouse, trips: list[Any], zones: list[Any], asked: list[Any]) -> None:
    land(store, TRIPS, trips, TRIP_SHAPE)
    land(store, ZONES, zones, ZONE_SHAPE)
    entities = pl.DataFrame(asked, schema=ENTITY_SHAPE, orient="row")
    found = historical(store, VIEWS, entities, ["trips", "zones"])
    assert found.columns == [*ENTITY_SHAPE, "trips", "rating", "demand", "label"]
    truth = [
        by_hand(TRIPS, [dict(zip(TRIP_SHAPE, r, strict=True)) for r in trips], e)
        + by_hand(ZONES, [dict(zip(ZONE_SHAPE, r, strict=True)) for r in zones], e)
        for e in entities.iter_rows(named=True)
    ]
    assert [list(r) for r in found.select("trips", "rating", "demand", "label").iter_rows()] == truth


def test_nothing_that_came_later_is_seen_whatever_it_says(store: Warehouse) -> None:
    at = [START + timedelta(hours=h) for h in (10, 20, 30)]
    rows = [(1, START + timedelta(hours=h), START, h, h / 2) for h in range(1, 40, 3)]
    entities = pl.DataFrame({"driver": [1, 1, 1], "event_timestamp": at})
    land(store, TRIPS, rows, TRIP_SHAPE)
    before = historical(store, VIEWS, entities, ["trips"])
    land(store, TRIPS, [(*r[:3], -9, -9.0) if r[1] > at[0] else r for r in rows], TRIP_SHAPE)
    after = historical(store, VIEWS, entities, ["trips"])
    assert before["trips"].to_list() == [10, 19, 28]
    assert after["trips"].to_list() == [10, -9, -9]


def test_moments_with_a_zone_are_compared_as_moments(store: Warehouse) -> None:
    zoned = TRIP_SHAPE | {"known_at": pl.Datetime("us", "UTC")}
    land(store, TRIPS, [(1, datetime(2026, 1, 1, 12, tzinfo=UTC), START, 7, 1.0)], zoned)
    local = pl.Series("event_timestamp", [datetime(2026, 1, 1, 19, 59), datetime(2026, 1, 1, 20)])
    entities = pl.DataFrame({"driver": [1, 1], "at": local.dt.replace_time_zone("Asia/Shanghai")})
    assert historical(store, VIEWS, entities, ["trips:trips"], at="at")["trips"].to_list() == [None, 7]


def test_what_is_wrong_is_named(store: Warehouse) -> None:
    entities = pl.DataFrame({"driver": [1], "event_timestamp": [START]})
    for frame, refs, told in (
        (entities, ["nowhere:x"], "no feature view 'nowhere'"),
        (entities, ["trips:speed"], "no feature 'speed'"),
        (entities, ["trips"], "feature/taxi/trips has no table yet"),
        (entities.drop("event_timestamp"), ["trips"], "no column 'event_timestamp'"),
        (entities.cast({"driver": pl.String}), ["trips"], "not an integer"),
        (entities.drop("driver"), ["trips"], "lack 'driver'"),
        (entities.with_columns(trips=1), ["trips"], "have a column 'trips' already"),
        (entities, ["trips", "trips:trips"], "two features would be called 'trips'"),
    ):
        with pytest.raises(SourceError, match=told):
            historical(store, VIEWS, frame, refs)
    land(store, TRIPS, [(1, START, START, 1.5, 1.0)], TRIP_SHAPE | {"trips": pl.Float64})
    with pytest.raises(
        SourceError, match=r"features\.trips: column 'trips' of feature/taxi/trips is Float64, not bigint"
    ):
        historical(store, VIEWS, entities, ["trips"])
