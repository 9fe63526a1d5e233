"""Values between texts (files, commands, JSON) and databases, by a column's type."""

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from assets.catalog.dimensions.model import Dimension, DimensionColumn, Kind
from core.hashing import digest

Cell = str | None
_INTEGER = re.compile(r"[+-]?\d{1,19}")
_NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_BOOLEANS = dict.fromkeys(("true", "1", "yes", "y", "t", "是", "真"), True) | dict.fromkeys(
    ("false", "0", "no", "n", "f", "否", "假"), False
)
BROKEN = "\ufffd"


def parse(text: str, kind: Kind) -> Any:
    """The value of a text that is not empty. Raises ValueError that says what is wrong, without the column."""
    return _PARSERS[kind.base](text, kind)


def cell(text: Cell, column: DimensionColumn, key: Sequence[str]) -> Any:
    """A column's value from its text; empty is none. Raises ValueError."""
    if text is not None and (column.name in key or column.kind.base != "text"):
        text = text.strip()
    if text is None or text == "":
        if column.required or column.name in key:
            raise ValueError("is empty")
        return None
    return parse(text, column.kind)


def text_of(value: Any, kind: Kind) -> Cell:
    """The one text of a value, whatever the engine gave it as."""
    if value is None:
        return None
    match kind.base:
        case "boolean":
            return "true" if value in (True, 1, "1", "true") else "false"
        case "integer":
            return str(int(value))
        case "number":
            return f"{Decimal(str(value)):.{kind.second}f}"
        case "float":
            return repr(float(value))
        case "date":
            return str(value)[:10]
        case "timestamp":
            moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
            return moment.isoformat(sep=" ")
    return str(value)


def texts(dimension: Dimension, row: Sequence[Any]) -> tuple[Cell, ...]:
    """The texts of a row, in the order of the dimension's columns."""
    return tuple(text_of(v, c.kind) for v, c in zip(row, dimension.columns, strict=True))


def version(row: Sequence[Cell]) -> str:
    """What a row says, as a hash: it differs when anybody changed it."""
    return digest([part for value in row for part in ("-" if value is None else "+", value or "")])


def _text(text: str, kind: Kind) -> str:
    if BROKEN in text:
        raise ValueError("holds bytes that are not of the file's encoding")
    if "\x00" in text:
        raise ValueError("holds a zero character")
    if len(text) > kind.first:
        raise ValueError(f"has {len(text)} characters, more than {kind.first}")
    return text


def _integer(text: str, kind: Kind) -> int:
    if not _INTEGER.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise ValueError(f"{_short(text)} is no whole number")
    return int(text)


def _number(text: str, kind: Kind) -> Decimal:
    found = _NUMBER.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        raise ValueError(f"{_short(text)} is no number")
    whole, part = found[2].lstrip("0"), (found[3] or "").rstrip("0")
    if len(part) > kind.second or len(whole) > kind.first - kind.second:
        digits = f"{kind.first - kind.second} digits before and {kind.second} after the point"
        raise ValueError(f"{_short(text)} has more than {digits}")
    return Decimal(f"{found[1]}{whole or '0'}.{part or '0'}").quantize(Decimal(1).scaleb(-kind.second))


def _float(text: str, kind: Kind) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{_short(text)} is no number")
    return value


def _boolean(text: str, kind: Kind) -> bool:
    found = _BOOLEANS.get(text.lower())
    if found is None:
        raise ValueError(f"{_short(text)} is neither true nor false")
    return found


def _date(text: str, kind: Kind) -> dt.date:
    found = _DATE.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is None and len(text) > 10 and text[10:].strip(" T0:.") == "":
        found = _DATE.fullmatch(text[:10])  # workbooks write days as midnights
    try:
        if found is not None:
            return dt.date(*(int(g) for g in found.groups() if g is not None))
    except ValueError:
        pass
    raise ValueError(f"{_short(text)} is no date such as 2024-05-31")


def _timestamp(text: str, kind: Kind) -> dt.datetime:
    day, _, rest = text.replace("T", " ", 1).partition(" ")
    try:
        found = dt.datetime.combine(_date(day, kind), dt.time.fromisoformat(rest.strip() or "00:00"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ValueError(f"{_short(text)} is no moment such as 2024-05-31 14:30:00, without time zone")
    return found


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


_PARSERS: dict[str, Callable[[str, Kind], Any]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "float": _float,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
