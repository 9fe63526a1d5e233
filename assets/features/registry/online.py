"""Reads the last values of features for some entities, from the online store alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assets.features.registry.encode import Head, decode_head, decode_value, entity_key, micros
from core.errors import SourceError

if TYPE_CHECKING:
    from resources.ports import OnlineStore

# as Feast calls them
PRESENT, NULL, MISSING, EXPIRED = "PRESENT", "NULL_VALUE", "NOT_FOUND", "OUTSIDE_MAX_AGE"
_head = lru_cache(256)(decode_head)


@dataclass(frozen=True)
class Values:
    """One feature of all entities that were asked for.

    Attributes:
        ref: `view:feature`.
        values: None unless the status is PRESENT.
        events: event times in microseconds since 1970; None where the entity is not found.
    """

    ref: str
    values: list[Any]
    statuses: list[str]
    events: list[int | None]


class OnlineReader:
    """Reads a store; remembers the heads of views, so that a view costs one round trip."""

    def __init__(self, store: "OnlineStore") -> None:
        self.store = store
        self._heads: dict[str, Head] = {}

    def read(
        self, refs: Iterable[str], entities: Mapping[str, Sequence[Any]], now: datetime | None = None
    ) -> list[Values]:
        """The last values of features.

        Args:
            refs: `view:feature`, or `view` for all of its features.
            entities: join key -> its values, one per entity row.
            now: with a zone; what is older than a view's ttl by then is not given out.

        Raises:
            SourceError: a view was never pushed, has no such feature, or a key is missing or of another type.
            StoreError: the store cannot be reached.
        """
        if len({len(v) for v in entities.values()}) != 1:
            raise SourceError("the entity keys have different numbers of values", "give each key one value per row")
        moment = micros(now or datetime.now(UTC))
        wanted: dict[str, list[str]] = {}
        for ref in refs:
            wanted.setdefault(ref.partition(":")[0], []).append(ref)
        found: dict[str, list[Values]] = {}
        for view, asked in wanted.items():
            head, rows = self._rows(view, entities)
            found |= _chosen(head, asked, rows, moment)
        return [one for mine in wanted.values() for ref in mine for one in found[ref]]

    def _rows(self, view: str, entities: Mapping[str, Sequence[Any]]) -> tuple[Head, list[Any]]:
        known = self._heads.get(view)
        if known is not None:
            try:
                names = _entity_names(known, entities)
            except SourceError:
                known = None  # the view may have other keys by now
        if known is None:
            data, _ = self.store.read(view, [])
            known = self._heads[view] = _head(self._there(view, data))
            names = _entity_names(known, entities)
        data, rows = self.store.read(view, [n for n in names if n is not None])
        head = _head(self._there(view, data))
        self._heads[view] = head
        if head.keys != known.keys:  # pushed with other keys meanwhile
            return self._rows(view, entities)
        return head, _loaded(names, rows)

    def _there(self, view: str, data: bytes | None) -> bytes:
        if data is None:
            there = ", ".join(self.store.views()) or "none"
            raise SourceError(
                f"feature view {view!r} is not online", f"online are: {there}; `heddle features push` adds one"
            )
        return data


def _chosen(head: Head, refs: Sequence[str], rows: list[Any], now: int) -> dict[str, list[Values]]:
    """Reference -> its features."""
    oldest = None if head.ttl is None else now - int(head.ttl * 1_000_000)
    events = [None if row is None else row[0] for row in rows]
    positions = {name: n for n, (name, _) in enumerate(head.features)}
    found: dict[str, list[Values]] = {}
    for ref in refs:
        _, colon, feature = ref.partition(":")
        if colon and feature not in positions:
            raise SourceError(
                f"feature view {head.view} has no feature {feature!r} online", f"its features: {', '.join(positions)}"
            )
        found[ref] = [
            _values(f"{head.view}:{name}", rows, events, positions[name], head.features[positions[name]][1], oldest)
            for name in ([feature] if colon else positions)
        ]
    return found


def _values(
    ref: str, rows: Sequence[Any], events: list[int | None], position: int, kind: str, oldest: int | None
) -> Values:
    values: list[Any] = []
    statuses = []
    for row in rows:
        value = None
        if row is None:
            status = MISSING
        elif oldest is not None and row[0] < oldest:
            status = EXPIRED
        elif row[position + 1] is None:
            status = NULL
        else:
            status, value = PRESENT, decode_value(row[position + 1], kind)
        statuses.append(status)
        values.append(value)
    return Values(ref, values, statuses, events)


def _entity_names(head: Head, entities: Mapping[str, Sequence[Any]]) -> list[str | None]:
    for name, _ in head.keys:
        if name not in entities:
            raise SourceError(f"entity key {name!r} of {head.view} is missing", "add it to the entities")
    columns = [entities[name] for name, _ in head.keys]
    return [entity_key(head.keys, row) for row in zip(*columns, strict=True)]


def _loaded(names: Sequence[str | None], rows: Sequence[bytes | None]) -> list[Any]:
    """The rows by entity, None where there is none."""
    import orjson

    given = iter(rows)
    return [None if name is None else (None if (row := next(given)) is None else orjson.loads(row)) for name in names]
