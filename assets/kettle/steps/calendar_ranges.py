"""The dates of Get system info: start and end of days, weeks, months, quarters and years around a moment."""

from collections.abc import Callable
from datetime import datetime, timedelta

ONE = timedelta(milliseconds=1)


def _months(moment: datetime, count: int) -> datetime:
    number = moment.year * 12 + moment.month - 1 + count
    return moment.replace(year=number // 12, month=number % 12 + 1)


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


# unit -> (start of the unit that holds the moment, start of the unit `n` later)
UNITS: dict[str, tuple[Callable[[datetime], datetime], Callable[[datetime, int], datetime]]] = {
    "day": (_day, lambda m, n: m + timedelta(days=n)),
    "week": (lambda m: _day(m) - timedelta(days=m.weekday()), lambda m, n: m + timedelta(weeks=n)),
    "week us": (lambda m: _day(m) - timedelta(days=(m.weekday() + 1) % 7), lambda m, n: m + timedelta(weeks=n)),
    "month": (lambda m: _day(m).replace(day=1), _months),
    "quarter": (
        lambda m: _day(m).replace(month=(m.month - 1) // 3 * 3 + 1, day=1),
        lambda m, n: _months(m, 3 * n),
    ),
    "year": (lambda m: _day(m).replace(month=1, day=1), lambda m, n: m.replace(year=m.year + n)),
}
SHIFT = {"last": -1, "prev": -1, "yesterday": -1, "this": 0, "today": 0, "next": 1, "tomorrow": 1}


def range_date(code: str, moment: datetime) -> datetime | None:
    """The date that a code such as "last month end" or "this week start us" names; None for other codes.

    Ends are the last millisecond; a "week open end" is the last millisecond of the Friday.
    """
    words = code.lower().split()
    if not words or words[0] not in SHIFT:
        return None
    if words[0] in ("yesterday", "today", "tomorrow"):
        words = [words[0], "day", *words[1:]]
    american = words[-1] == "us"
    words = words[:-1] if american else words
    unit, edge = " ".join(words[1:-1]), words[-1]
    open_end = unit.endswith(" open")
    unit = unit.removesuffix(" open") + (" us" if american else "")
    if unit not in UNITS or edge not in ("start", "end"):
        return None
    start, later = UNITS[unit]
    first = later(start(moment), SHIFT[words[0]])
    if edge == "start":
        return first
    return (first + timedelta(days=5) if open_end else later(first, 1)) - ONE
