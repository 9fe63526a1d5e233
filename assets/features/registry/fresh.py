"""How fresh the online features are: when they were pushed, and whether their table has newer rows by now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assets.features.registry.model import FeatureView
from assets.features.registry.push import moment_of, pushed_head
from assets.features.registry.source import check, is_zoned, moment
from core.naming import Key, table_name
from resources.quoting import qualified

if TYPE_CHECKING:
    from resources.ports import OnlineStore, WarehouseReader

NEVER, BEHIND, STALE, FRESH = "never pushed", "behind", "stale", "fresh"


@dataclass(frozen=True)
class Freshness:
    """One online view.

    Attributes:
        state: never pushed; behind (its table has newer rows); stale (pushed longer ago than `fresh_within`); fresh.
        newest: latest event time online.
        source_newest: latest event time of its table that is known by now.
        age: seconds since the push.
    """

    view: str
    state: str
    rows: int = 0
    newest: datetime | None = None
    source_newest: datetime | None = None
    pushed: datetime | None = None
    age: float | None = None


def fresh(
    warehouse: "WarehouseReader", store: "OnlineStore", views: Iterable[FeatureView], now: datetime | None = None
) -> list[Freshness]:
    """The freshness of the views that are to be online, in their order."""
    moment_now = now or datetime.now(UTC)
    return [_one(warehouse, store, view, moment_now) for view in views if view.online]


def _one(warehouse: "WarehouseReader", store: "OnlineStore", view: FeatureView, now: datetime) -> Freshness:
    source = _source_newest(warehouse, view, now)
    head = pushed_head(store, view.name)
    if head is None:
        return Freshness(view.name, NEVER, source_newest=source)
    newest, pushed = moment_of(head.newest), datetime.fromisoformat(head.pushed)
    age = (now - pushed).total_seconds()
    state = FRESH
    if source is not None and (newest is None or source > newest):
        state = BEHIND
    elif head.fresh_within is not None and age > head.fresh_within:
        state = STALE
    return Freshness(view.name, state, store.rows(view.name), newest, source, pushed, age)


def _source_newest(warehouse: "WarehouseReader", view: FeatureView, now: datetime) -> datetime | None:
    check(warehouse, view)
    at = moment(view.timestamp, is_zoned(warehouse, view))
    limit = now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    table = qualified(table_name(Key.parse(view.source)))
    found: datetime | None = warehouse.query(
        f"select max({at}) as newest from {table} where {at} <= timestamp '{limit}'"
    ).item()
    return None if found is None else found.replace(tzinfo=UTC)
