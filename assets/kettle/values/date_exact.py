"""One date to text and back under a mask, exactly as Java's SimpleDateFormat."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from assets.kettle.values.date_calendar import Fields, Moment, Resolver, week_number
from assets.kettle.values.date_names import DateLocale
from assets.kettle.values.date_pattern import Item

_NUMBER = re.compile(r"-?\d+")
_HOUR_MS, _MINUTE_MS = 3_600_000, 60_000


@dataclass(frozen=True, slots=True)
class DateSettings:
    """What a parse or format needs beside the mask. `nanos`: S stands for nanoseconds (Timestamp) as digits."""

    locale: DateLocale
    zone: ZoneInfo
    lenient: bool = False


def format_date(epoch_ms: int, items: Iterable[Item], settings: DateSettings) -> str:
    """The text of an instant."""
    moment = Moment.at(epoch_ms, settings.zone)
    parts = [i.literal if not i.letter else _WRITERS[i.letter](moment, i.count, settings) for i in items]
    return "".join(parts)


def _digits(value: int, count: int) -> str:
    return f"-{-value:0{count}d}" if value < 0 else f"{value:0{count}d}"


def _year(moment: Moment, count: int, _: DateSettings) -> str:
    return _year_text(moment.year if moment.year > 0 else 1 - moment.year, count)


def _year_text(year: int, count: int) -> str:
    return f"{year % 100:02d}" if count == 2 else _digits(year, count)


def _month(moment: Moment, count: int, settings: DateSettings) -> str:
    names = settings.locale.names
    if count >= 4:
        return names.months[moment.month - 1]
    return names.short_months[moment.month - 1] if count == 3 else _digits(moment.month, count)


def _weekday(moment: Moment, count: int, settings: DateSettings) -> str:
    names = settings.locale.names
    return (names.weekdays if count >= 4 else names.short_weekdays)[moment.weekday - 1]


def _zone_name(moment: Moment, count: int, settings: DateSettings) -> str:
    short = _zone_abbreviation(moment, settings.zone)
    if count < 4:
        return short
    return ZONE_NAMES.get(short, short)


def _zone_abbreviation(moment: Moment, zone: ZoneInfo) -> str:
    if zone.key in ("UTC", "Etc/UTC"):
        return "UTC"
    epoch = moment.days * 86_400 + moment.ms_of_day // 1000 - moment.offset // 1000
    name = datetime.fromtimestamp(min(max(epoch, -62_000_000_000), 253_000_000_000), UTC).astimezone(zone).tzname()
    return name if name and name.isalpha() else f"GMT{_offset(moment, ':')}"


def _offset(moment: Moment, colon: str) -> str:
    sign, size = ("-", -moment.offset) if moment.offset < 0 else ("+", moment.offset)
    minutes = size // _MINUTE_MS
    return f"{sign}{minutes // 60:02d}{colon}{minutes % 60:02d}"


def _iso_zone(moment: Moment, count: int, _: DateSettings) -> str:
    if moment.offset == 0:
        return "Z"
    text = _offset(moment, ":" if count == 3 else "")
    return text[:3] if count == 1 else text


Writer = Callable[[Moment, int, DateSettings], str]

_WRITERS: dict[str, Writer] = {
    "G": lambda m, _, s: s.locale.names.eras[m.year > 0],
    "y": _year,
    "Y": lambda m, n, s: _year_text(m.week(s.locale.weeks)[0], n),
    "M": _month,
    "L": _month,
    "w": lambda m, n, s: _digits(m.week(s.locale.weeks)[1], n),
    "W": lambda m, n, s: _digits(week_number(m.day, m.weekday, s.locale.weeks), n),
    "D": lambda m, n, _: _digits(m.day_of_year, n),
    "d": lambda m, n, _: _digits(m.day, n),
    "F": lambda m, n, _: _digits((m.day - 1) // 7 + 1, n),
    "E": _weekday,
    "u": lambda m, n, _: _digits((m.weekday + 5) % 7 + 1, n),
    "a": lambda m, _, s: s.locale.names.halves[m.ms_of_day >= 12 * _HOUR_MS],
    "H": lambda m, n, _: _digits(m.ms_of_day // _HOUR_MS, n),
    "k": lambda m, n, _: _digits(m.ms_of_day // _HOUR_MS or 24, n),
    "K": lambda m, n, _: _digits(m.ms_of_day // _HOUR_MS % 12, n),
    "h": lambda m, n, _: _digits(m.ms_of_day // _HOUR_MS % 12 or 12, n),
    "m": lambda m, n, _: _digits(m.ms_of_day // _MINUTE_MS % 60, n),
    "s": lambda m, n, _: _digits(m.ms_of_day // 1000 % 60, n),
    "S": lambda m, n, _: _digits(m.ms_of_day % 1000, n),
    "z": _zone_name,
    "Z": lambda m, _n, _s: _offset(m, ""),
    "X": _iso_zone,
}

ZONE_NAMES = {
    "UTC": "Coordinated Universal Time",
    "GMT": "Greenwich Mean Time",
    "CET": "Central European Time",
    "CEST": "Central European Summer Time",
    "EST": "Eastern Standard Time",
    "EDT": "Eastern Daylight Time",
    "CST": "Central Standard Time",
    "CDT": "Central Daylight Time",
    "MST": "Mountain Standard Time",
    "MDT": "Mountain Daylight Time",
    "PST": "Pacific Standard Time",
    "PDT": "Pacific Daylight Time",
    "BST": "British Summer Time",
    "JST": "Japan Standard Time",
}

_ZONE_HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "CET": 1, "CEST": 2, "WEST": 1, "BST": 1, "EET": 2, "EEST": 3, "MSK": 3,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "KST": 9,
    "HKT": 8, "SGT": 8, "AEST": 10, "AEDT": 11,
}  # fmt: skip


class _Mismatch(ValueError):
    """The text does not match; `at` is where."""

    def __init__(self, at: int) -> None:
        super().__init__(f"on offset location {at}")


def parse_date(text: str, items: Iterable[Item], settings: DateSettings) -> int:
    """The instant of the text, in epoch milliseconds. Text behind a full match is ignored. Raises ValueError."""
    fields: Fields = {}
    at = 0
    ambiguous = False
    for item in items:
        if not item.letter:
            if not text.startswith(item.literal, at):
                raise _Mismatch(at)
            at += len(item.literal)
            continue
        while at < len(text) and text[at] in " \t":
            at += 1
        if at >= len(text):
            raise _Mismatch(at)
        start = at
        at = _READERS.get(item.letter, _read_number)(text, at, item, settings, fields)
        ambiguous |= item.letter in "yY" and _is_pivot(text, start, at, item.count)
    resolver = Resolver(fields, settings.zone, settings.locale.weeks, settings.lenient)
    epoch = resolver.epoch()
    if ambiguous and epoch < _century_start_ms():
        fields["year"] += 100
        epoch = resolver.epoch()
    return epoch


def _set(fields: Fields, name: str, value: int) -> None:
    """Sets a field as the one set last."""
    fields.pop(name, None)
    fields[name] = value


def _number(text: str, at: int, item: Item) -> tuple[int, int]:
    """A number from `at`, of at most the mask's count of characters where another field follows directly."""
    if item.tight and at + item.count > len(text):
        raise _Mismatch(at)
    found = _NUMBER.match(text, at, at + item.count) if item.tight else _NUMBER.match(text, at)
    if found is None:
        raise _Mismatch(at)
    return int(found.group()), found.end()


_NUMERIC = {
    "w": "week", "W": "week_of_month", "D": "day_of_year", "d": "day", "F": "nth", "H": "hour_of_day", "K": "hour",
    "m": "minute", "s": "second", "S": "ms",
}  # fmt: skip


def _read_number(text: str, at: int, item: Item, _: DateSettings, fields: Fields) -> int:
    value, end = _number(text, at, item)
    _set(fields, _NUMERIC[item.letter], value)
    return end


@lru_cache(maxsize=1)
def _century_start_ms() -> int:
    """Eighty years ago: two-digit years lie in the century from there on."""
    now = datetime.now(UTC)
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return int(now.replace(year=now.year - 80, day=day).timestamp() * 1000)


def century_start_year() -> int:
    """The year in which the century of two-digit years begins."""
    return datetime.fromtimestamp(_century_start_ms() // 1000, UTC).year


def _is_pivot(text: str, start: int, end: int, count: int) -> bool:
    two = count <= 2 and end - start == 2 and text[start:end].isdecimal()
    return two and int(text[start:end]) == century_start_year() % 100


def _read_year(text: str, at: int, item: Item, _: DateSettings, fields: Fields) -> int:
    value, end = _number(text, at, item)
    if item.count <= 2 and end - at == 2 and text[at:end].isdecimal():
        century, pivot = divmod(century_start_year(), 100)
        value += century * 100 + (100 if value < pivot else 0)
    _set(fields, "year" if item.letter == "y" else "week_year", value)
    return end


def _read_hour(text: str, at: int, item: Item, settings: DateSettings, fields: Fields) -> int:
    """k and h count from one: their highest value stands for zero."""
    value, end = _number(text, at, item)
    top = 24 if item.letter == "k" else 12
    if not settings.lenient and not 1 <= value <= top:
        raise _Mismatch(at)
    _set(fields, "hour_of_day" if item.letter == "k" else "hour", 0 if value == top else value)
    return end


def _read_iso_weekday(text: str, at: int, item: Item, _: DateSettings, fields: Fields) -> int:
    value, end = _number(text, at, item)
    _set(fields, "weekday", value % 7 + 1 if 1 <= value <= 7 else value + 1)
    return end


def _longest(text: str, at: int, names: Iterable[str]) -> tuple[int, int]:
    """Position in `names` of the longest name that stands here (any case), and the position behind it."""
    found = [(len(n), -i) for i, n in enumerate(names) if n and text[at : at + len(n)].lower() == n.lower()]
    if not found:
        raise _Mismatch(at)
    length, position = max(found)
    return -position, at + length


def _read_month(text: str, at: int, item: Item, settings: DateSettings, fields: Fields) -> int:
    if item.count <= 2:
        value, end = _number(text, at, item)
        _set(fields, "month", value - 1)
        return end
    names = settings.locale.names
    position, end = _longest(text, at, names.months + names.short_months)
    _set(fields, "month", position % 12)
    return end


def _read_weekday(text: str, at: int, _: Item, settings: DateSettings, fields: Fields) -> int:
    names = settings.locale.names
    position, end = _longest(text, at, names.weekdays + names.short_weekdays)
    _set(fields, "weekday", position % 7 + 1)
    return end


def _read_half(text: str, at: int, _: Item, settings: DateSettings, fields: Fields) -> int:
    position, end = _longest(text, at, settings.locale.names.halves)
    _set(fields, "half", position)
    return end


def _read_era(text: str, at: int, _: Item, settings: DateSettings, fields: Fields) -> int:
    position, end = _longest(text, at, settings.locale.names.eras)
    _set(fields, "era", position)
    return end


_CLOCK = re.compile(r"(\d{1,2}):(\d{2})|(\d{2})(\d{2})")
_ISO = {1: re.compile(r"(\d{2})"), 2: re.compile(r"(\d{2})(\d{2})"), 3: re.compile(r"(\d{2}):(\d{2})")}


def _clock(text: str, at: int, form: re.Pattern[str], fields: Fields) -> int:
    """A sign with hours and minutes at `at`; sets the offset."""
    found = form.match(text, at + 1)
    if found is None:
        raise _Mismatch(at)
    parts = [int(g) for g in found.groups() if g is not None]
    hours, minutes = parts[0], parts[1] if len(parts) > 1 else 0
    if hours > 23 or minutes > 59:
        raise _Mismatch(at)
    size = (hours * 60 + minutes) * _MINUTE_MS
    _set(fields, "offset", -size if text[at] == "-" else size)
    return found.end()


def _read_zone(text: str, at: int, _: Item, settings: DateSettings, fields: Fields) -> int:
    if text[at] in "+-":
        return _clock(text, at, _CLOCK, fields)
    if text[at : at + 3].upper() == "GMT" and text[at + 3 : at + 4] in ("+", "-"):
        return _clock(text, at + 3, _CLOCK, fields)
    longs = {long: _ZONE_HOURS[short] for short, long in ZONE_NAMES.items()}
    hours = _ZONE_HOURS | longs
    names = list(hours)
    position, end = _longest(text, at, names)
    _set(fields, "offset", hours[names[position]] * _HOUR_MS)
    return end


def _read_iso_zone(text: str, at: int, item: Item, _: DateSettings, fields: Fields) -> int:
    if text[at] == "Z":
        _set(fields, "offset", 0)
        return at + 1
    if text[at] not in "+-":
        raise _Mismatch(at)
    return _clock(text, at, _ISO[item.count], fields)


Reader = Callable[[str, int, Item, DateSettings, Fields], int]

_READERS: dict[str, Reader] = {
    "G": _read_era, "y": _read_year, "Y": _read_year, "M": _read_month, "L": _read_month, "E": _read_weekday,
    "u": _read_iso_weekday, "a": _read_half, "k": _read_hour, "h": _read_hour, "z": _read_zone, "Z": _read_zone,
    "X": _read_iso_zone,
}  # fmt: skip
