"""GREL's functions of dates; all moments are of UTC."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from assets.quality.refine.grel.values import GrelError, number, text

_FORMATS: tuple[str, ...] = (
    *("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d", "%Y-%m", "%Y"),
    *("%m/%d/%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
)
_JAVA = {"yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d"}
_JAVA |= {"HH": "%H", "H": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "a": "%p", "EEE": "%a", "EEEE": "%A"}
_UNITS = {"milliseconds": 0.001, "seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}


def python_format(mask: str) -> str:
    """A mask of Java as one of Python. Raises GrelError for letters that have none."""
    out, n = "", 0
    while n < len(mask):
        if mask[n] == "'":
            end = mask.find("'", n + 1)
            out, n = out + mask[n + 1 : end].replace("%", "%%"), end + 1 if end > 0 else len(mask)
            continue
        run = next((k for k in range(n, len(mask)) if mask[k] != mask[n]), len(mask)) - n
        piece = mask[n : n + run]
        if piece[0].isalpha() and piece[0].isascii():
            if piece not in _JAVA:
                raise GrelError(f"{piece!r} in the date format {mask!r} is not supported")
            piece = _JAVA[piece]
        out, n = out + piece.replace("%", "%%" if piece == "%" else "%"), n + run
    return out


def to_date(value: Any, *formats: Any) -> dt.datetime:
    """A moment of a text, by the formats, or by common ones (month first where `true` or nothing is said)."""
    if isinstance(value, dt.datetime):
        return value
    plain = text(value).strip().removesuffix("Z")
    masks = [python_format(f) for f in formats if isinstance(f, str) and f not in ("en", "de", "fr", "zh", "")]
    known = masks or [f.replace("%m/%d", "%d/%m") if formats[:1] == (False,) else f for f in _FORMATS]
    for format_ in known:
        try:
            return dt.datetime.strptime(plain, format_)
        except ValueError:
            continue
    raise GrelError(f"{plain[:40]!r} is no date")


def _date(value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise GrelError("a date is expected")
    return value


def date_text(value: Any, mask: Any) -> str:
    """A date by a mask of Java."""
    return _date(value).strftime(python_format(text(mask)))


def _inc(value: Any, by: Any, unit: Any) -> dt.datetime:
    moment, count, name = _date(value), int(number(by)), text(unit).lower().rstrip("s") + "s"
    if name in ("months", "years"):
        months = moment.year * 12 + moment.month - 1 + count * (12 if name == "years" else 1)
        year, month = divmod(months, 12)
        last = (dt.datetime(year + month // 11, (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
        return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
    return moment + dt.timedelta(seconds=count * _unit(name))


def _unit(name: str) -> float:
    if name not in _UNITS:
        raise GrelError(f"the unit {name!r} is not known; {', '.join(_UNITS)}, months and years are")
    return _UNITS[name]


def _diff(one: Any, two: Any, unit: Any = "hours") -> Any:
    if isinstance(one, str):
        other = text(two)
        at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        return other[at:]
    first, second, name = _date(one), _date(two), text(unit).lower()
    if name in ("months", "years"):
        months = (first.year - second.year) * 12 + first.month - second.month - (first.day < second.day)
        return months // (12 if name == "years" else 1)
    return int((first - second).total_seconds() / _unit(name))


def _part(value: Any, unit: Any) -> int:
    moment, name = _date(value), text(unit).lower()
    parts: dict[str, int] = {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
        "weekday": moment.isoweekday(),
        "week": moment.isocalendar().week,
        "time": int(moment.replace(tzinfo=dt.UTC).timestamp() * 1000),
    }
    found = parts.get(name, parts.get(name.rstrip("s")))
    if found is None:
        raise GrelError(f"the part {name!r} is not known; {', '.join(parts)} are")
    return found


DATES: dict[str, Callable[..., Any]] = {"toDate": to_date, "inc": _inc, "diff": _diff, "datePart": _part}
