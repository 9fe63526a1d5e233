"""Brings the last values of a view from the warehouse to the online store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from assets.features.registry.encode import EPOCH, Head, decode_head, encode_rows, entity_key, head_of, micros
from assets.features.registry.model import FeatureView
from assets.features.registry.offline import AT, view_rows
from core.errors import SourceError
from core.hashing import digest
from resources.quoting import identifier

if TYPE_CHECKING:
    from resources.ports import OnlineRow, OnlineStore, WarehouseReader

BATCH = 20_000  # rows


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes:
        read, written: rows of the warehouse that were looked at, and those that the store took.
        whole: whether all entities were pushed, not only what is newer than the last push.
        version: content of the rows online.
    """

    read: int
    written: int
    whole: bool
    newest: datetime | None
    version: str


@dataclass
class _Seen:
    rows: int = 0
    sum: int = 0
    newest: int | None = None


def push(
    warehouse: "WarehouseReader",
    store: "OnlineStore",
    view: FeatureView,
    *,
    now: datetime | None = None,
    whole: bool = False,
) -> Pushed:
    """Push the last row of each entity that is known by now, all or nothing.

    An append-only view whose rows in the store have the same shape gets only rows as new as its newest one.

    Args:
        now: with a zone; default: the present moment. Rows known later are left out.
        whole: push all entities in any case.

    Raises:
        SourceError: the view does not fit its table.
        StoreError: a store refused; what is online stays as it was.
    """
    now = now or datetime.now(UTC)
    former = pushed_head(store, view.name)
    whole = whole or not view.append_only or former is None or former.shape != head_of(view, None, "", now).shape
    since = None if whole or former is None else former.newest
    seen = _Seen(newest=since)

    def head() -> bytes:
        content = digest([str(seen.rows), f"{seen.sum:x}", str(seen.newest), "" if whole else _content(former)])
        return head_of(view, seen.newest, content, now).encode()

    written = store.push(view.name, head, _batches(warehouse, view, since, now, seen), whole=whole)
    made = pushed_head(store, view.name)
    assert made is not None
    return Pushed(seen.rows, written, whole, moment_of(made.newest), digest([made.shape, made.content]))


def pushed_head(store: "OnlineStore", view: str) -> Head | None:
    """What the store says of a view; None when it was never pushed."""
    head, _ = store.read(view, [])
    return None if head is None else decode_head(head)


def moment_of(newest: int | None) -> datetime | None:
    """An event time in microseconds as a moment in UTC."""
    from datetime import timedelta

    return None if newest is None else (EPOCH + timedelta(microseconds=newest)).replace(tzinfo=UTC)


def _content(former: Head | None) -> str:
    return former.content if former is not None else ""


def _batches(
    warehouse: "WarehouseReader", view: FeatureView, since: int | None, now: datetime, seen: _Seen
) -> "Iterator[list[OnlineRow]]":
    keys = [k.name for k in view.keys]
    kinds = [(k.name, k.type) for k in view.keys]
    rows = view_rows(warehouse, view, view.features)
    names = ", ".join(map(identifier, keys))
    values = ", ".join(identifier(n) for n in (AT, *(f.name for f in view.features)))
    bounds = [f"{AT} <= timestamp '{_literal(micros(now))}'"]
    bounds += [f"{AT} >= timestamp '{_literal(since)}'"] if since is not None else []
    sql = f"select distinct on ({names}) {names}, {values} from ({rows}) as v where {' and '.join(bounds)}"
    for frame in warehouse.batches(f"{sql} order by {names}, {AT} desc", rows=BATCH):
        batch: list[OnlineRow] = []
        encoded = encode_rows(frame.select(AT, *(f.name for f in view.features)).rows())
        for key, event, row in zip(frame.select(keys).rows(), frame[AT].dt.epoch("us"), encoded, strict=True):
            name = entity_key(kinds, list(key))
            if not name:
                raise SourceError(f"{view.source} has an entity whose key is an empty text", "leave such rows out")
            batch.append((name, event, row))
            seen.sum = (seen.sum + int.from_bytes(blake2b(name.encode() + b"\0" + row, digest_size=8).digest())) % 2**64
        seen.rows += len(batch)
        seen.newest = (
            max((b[1] for b in batch), default=None)
            if seen.newest is None
            else max([seen.newest, *(b[1] for b in batch)])
        )
        yield batch


def _literal(microseconds: int) -> str:
    found = moment_of(microseconds)
    assert found is not None
    return found.replace(tzinfo=None).isoformat(sep=" ")
