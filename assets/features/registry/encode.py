"""What the online store holds: a view's head, which describes its rows, and each row as a JSON list.

A row is `[event time in microseconds, value, …]` with the values in the order of the head's features. Dates are days
since 1970, timestamps microseconds since 1970 in UTC, and numbers that JSON cannot spell are texts, so that what is
read equals what was written to the last bit.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from assets.features.registry.model import FeatureView, duration
from core.errors import SourceError, StoreError
from core.hashing import digest

EPOCH = datetime(1970, 1, 1)
_DAY = date(1970, 1, 1)


@dataclass(frozen=True)
class Head:
    """What a reader has to know of a pushed view.

    Attributes:
        keys, features: names with types, in the order of the rows.
        ttl: seconds, None for ever.
        newest: latest event time of the rows, microseconds; None when there is none.
        pushed: ISO 8601 moment of the push, UTC.
        content: digest of the rows that were pushed last.
        fresh_within: seconds after which a push is stale, None for never.
    """

    view: str
    keys: tuple[tuple[str, str], ...]
    features: tuple[tuple[str, str], ...]
    ttl: float | None
    source: str
    newest: int | None
    pushed: str
    content: str = ""
    fresh_within: float | None = None

    @property
    def shape(self) -> str:
        """Differs when rows of the one cannot be read with the other."""
        return digest(f"{name}:{kind}" for name, kind in (*self.keys, *self.features))

    def encode(self) -> bytes:
        """As JSON."""
        import orjson

        return orjson.dumps(asdict(self))


def head_of(view: FeatureView, newest: int | None, content: str, now: datetime) -> Head:
    """The head of a view that is pushed now."""
    ttl, fresh = duration(view.ttl), duration(view.fresh_within)
    return Head(
        view.name,
        tuple((k.name, k.type) for k in view.keys),
        tuple((f.name, f.type) for f in view.features),
        ttl.total_seconds() if ttl else None,
        view.source,
        newest,
        now.astimezone(UTC).isoformat(timespec="seconds"),
        content,
        fresh.total_seconds() if fresh else None,
    )


def decode_head(data: bytes) -> Head:
    """Raises StoreError when it is none."""
    import orjson

    try:
        found = orjson.loads(data)
        found["keys"], found["features"] = (tuple(map(tuple, found[name])) for name in ("keys", "features"))
        return Head(**found)
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"the online store has a view that cannot be read: {error}", "push it again") from None


def entity_key(kinds: Sequence[tuple[str, str]], values: Sequence[Any]) -> str | None:
    """The text by which an entity is known; None when a part is null.

    Raises:
        SourceError: a value is not of its key's type.
    """
    if len(values) == 1 and type(values[0]) is int and kinds[0][1] == "bigint":
        return str(values[0])
    import orjson

    for (name, kind), value in zip(kinds, values, strict=True):
        if value is not None and (type(value) is not int if kind == "bigint" else not isinstance(value, str)):
            raise SourceError(f"entity key {name!r}: {value!r} is no {kind}", "send numbers for bigint, texts for text")
    if any(v is None for v in values):
        return None
    return str(values[0]) if len(values) == 1 else orjson.dumps(values).decode()


def encode_rows(rows: Sequence[Sequence[Any]]) -> list[bytes]:
    """Rows of [event time, value, …]."""
    import orjson

    return [orjson.dumps([micros(row[0]), *map(_plain, row[1:])]) for row in rows]


def decode_value(value: Any, kind: str) -> Any:
    """A value of an encoded row as Python has it."""
    if value is None:
        return None
    if kind == "double":
        return float(value)
    if kind == "date":
        return _DAY + timedelta(days=value)
    return EPOCH + timedelta(microseconds=value) if kind == "timestamp" else value


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of a moment in UTC, with or without its zone."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return (moment - EPOCH) // timedelta(microseconds=1)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return micros(value)
    return (value - _DAY).days if isinstance(value, date) else value
