"""Values of formulas: numbers are Decimal, dates naive datetimes, text str, logical bool, and null."""

import math
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from assets.kettle.values.java_numbers import double_text, plain

ZERO_DAY = datetime(1899, 12, 30)
_DAY = timedelta(days=1)


class Fault(Exception):
    """An error value. `kind` is #N/A, #DIV/0!, #VALUE!, #NUM! or #NAME?."""

    def __init__(self, kind: str, what: str = "") -> None:
        self.kind = kind
        super().__init__(f"{kind} {what}".strip())


NOT_AVAILABLE = "#N/A"


def field_value(value: Any) -> Any:
    """A field's value in a formula: a Number keeps the decimals Java prints (3.0), as joining shows (measured)."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(double_text(value)) if math.isfinite(value) else Decimal(value)
    return value


def known(value: Any) -> Any:
    """The value, which must not be null. Raises Fault #N/A."""
    if value is None:
        raise Fault(NOT_AVAILABLE)
    return value


def number(value: Any) -> Decimal:
    """As a number: a date is its day number, text is read. Raises Fault."""
    if isinstance(value, Decimal):
        return value
    value = known(value)
    if isinstance(value, bool):
        return Decimal(int(value))
    if isinstance(value, datetime):
        return Decimal(repr((value - ZERO_DAY) / _DAY)).normalize()
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        raise Fault("#VALUE!", f"{value!r} is no number") from None
    if not found.is_finite():
        raise Fault("#VALUE!", f"{value!r} is no number")
    return found


def whole(value: Any) -> int:
    """As a whole number, cut off."""
    return int(number(value))


def text(value: Any) -> str:
    """As text. Raises Fault for null."""
    value = known(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return plain(value) if value.is_finite() else str(value)
    if isinstance(value, datetime):
        return value.strftime("%b %d, %Y") if value.time().isoformat() == "00:00:00" else value.isoformat(" ")
    return str(value)


def logical(value: Any) -> bool:
    """As true or false: numbers by being 0, text by its word. Raises Fault."""
    value = known(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return value != 0
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise Fault("#VALUE!", f"{value!r} is no logical value")


def moment(value: Any) -> datetime:
    """As a date: numbers count days, text is read as an ISO date. Raises Fault."""
    value = known(value)
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return read_date(value)
    days = number(value)
    try:
        micros = int((days * 86_400_000).to_integral_value()) * 1000
        return ZERO_DAY + timedelta(microseconds=micros)
    except OverflowError:
        raise Fault("#NUM!", f"{days} is no date") from None


_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%b %d, %Y",
    "%m/%d/%Y",
    "%m/%d/%y",
    "%B %d, %Y",
)


def read_date(value: str) -> datetime:
    """A date out of the spellings that formulas take. Raises Fault."""
    for mask in _DATES:
        try:
            return datetime.strptime(value.strip(), mask)
        except ValueError:
            continue
    raise Fault("#VALUE!", f"{value!r} is no date")


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1; text with text, else both as numbers. Raises Fault where they cannot be compared or one is null."""
    left, right = known(left), known(right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    a, b = number(left), number(right)
    return (a > b) - (a < b)


def equal(left: Any, right: Any) -> bool:
    """=: values that cannot be compared are different."""
    known(left), known(right)
    try:
        return compare(left, right) == 0
    except Fault:
        return False
