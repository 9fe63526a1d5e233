"""Calendar arithmetic on epoch milliseconds as Java's GregorianCalendar does it: any year, fields resolved by the order
they were set, strict or lenient.

One deliberate difference: Java counts Julian days before 15 October 1582. Here every date is Gregorian, as in polars,
Python and the databases, so that `0001-01-01` is the same day in a file, a table and a column; only the millisecond
number of such a date differs from Java's.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY_MS = 86_400_000
_MIN_ZONE_MS, _MAX_ZONE_MS = -62_135_596_800_000 + DAY_MS, 253_402_300_799_999 - DAY_MS

SUNDAY = 1
_UNSET = 0


@lru_cache(maxsize=256)
def zone_of(name: str | None) -> ZoneInfo:
    """The zone of a name; UTC for none or, as in Java, for a name nobody knows. `GMT+8` is a fixed offset."""
    if not name:
        return ZoneInfo("UTC")
    text = name.strip()
    custom = text[3:].replace(":00", "") if text.upper().startswith(("GMT+", "GMT-", "UTC+", "UTC-")) else ""
    if custom:
        sign = "-" if custom[0] == "+" else "+"
        text = f"Etc/GMT{sign}{int(custom[1:])}" if custom[1:].isdigit() else text
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def offset_ms(epoch_ms: int, zone: ZoneInfo) -> int:
    """The zone's offset at an instant, in milliseconds; outside of years 1 to 9999 the offset at their edge."""
    if zone.key == "UTC":
        return 0
    at = min(max(epoch_ms, _MIN_ZONE_MS), _MAX_ZONE_MS)
    delta = datetime.fromtimestamp(at // 1000, UTC).astimezone(zone).utcoffset()
    return 0 if delta is None else int(delta.total_seconds() * 1000)


def local_to_epoch(local_ms: int, zone: ZoneInfo) -> int:
    """The instant of a wall clock time; a time in a spring gap moves forward, an autumn double is standard time."""
    if zone.key == "UTC":
        return local_ms
    before = offset_ms(local_ms - DAY_MS, zone)
    after = offset_ms(local_ms + DAY_MS, zone)
    if before == after:
        return local_ms - before
    candidates = [local_ms - o for o in (after, before) if offset_ms(local_ms - o, zone) == o]
    return candidates[0] if candidates else local_ms - before


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; `month` 1 to 12, `day` any number (it counts on)."""
    y = year - (month <= 2)
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5
    return era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719_468 + day - 1


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Year, month (1 to 12) and day; years before 1 are 0, -1, ..."""
    z = days + 719_468
    era, doe = divmod(z, 146_097)
    yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return era * 400 + yoe + (month <= 2), month, doy - (153 * mp + 2) // 5 + 1


@dataclass(frozen=True, slots=True)
class WeekRule:
    """First day of the week (Sunday = 1) and how many days the first week of a year needs."""

    first_day: int = SUNDAY
    min_days: int = 1


def week_number(day: int, weekday: int, rule: WeekRule) -> int:
    """The week of a period for its `day` (1-based) that falls on `weekday` (Sunday = 1); 0 before week one."""
    in_week = (weekday - rule.first_day) % 7
    start = (in_week - day + 1) % 7  # how far into its week the period's first day is
    week = (day + start - 1) // 7
    return week + 1 if 7 - start >= rule.min_days else week


def year_length(year: int) -> int:
    """Number of days of a year."""
    return days_from_civil(year + 1, 1, 1) - days_from_civil(year, 1, 1)


def weekday_of(days: int) -> int:
    """Sunday = 1 ... Saturday = 7."""
    return (days + 4) % 7 + 1


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant taken apart in a zone."""

    year: int
    month: int
    day: int
    days: int
    ms_of_day: int
    offset: int

    @classmethod
    def at(cls, epoch_ms: int, zone: ZoneInfo) -> "Moment":
        """The fields of an instant."""
        offset = offset_ms(epoch_ms, zone)
        days, ms = divmod(epoch_ms + offset, DAY_MS)
        return cls(*civil_from_days(days), days, ms, offset)

    @property
    def weekday(self) -> int:
        """Sunday = 1."""
        return weekday_of(self.days)

    @property
    def day_of_year(self) -> int:
        """1 to 366."""
        return self.days - days_from_civil(self.year, 1, 1) + 1

    def week(self, rule: WeekRule) -> tuple[int, int]:
        """Week year and week."""
        week = week_number(self.day_of_year, self.weekday, rule)
        if week == 0:
            before = self.day_of_year + year_length(self.year - 1)
            return self.year - 1, week_number(before, self.weekday, rule)
        if week >= 52:
            after = self.day_of_year - year_length(self.year)
            if after > -7 and self._in_next(after, rule):
                return self.year + 1, 1
        return self.year, week

    def _in_next(self, day: int, rule: WeekRule) -> bool:
        """Whether `day` (0 or less, counted from next New Year's Eve) lies in the first week of the next year."""
        start = (self.weekday - rule.first_day) % 7 - day + 1
        return start < 7 and 7 - start >= rule.min_days


Fields = dict[str, int]
"""Calendar fields set by a parse, in the order they were set (a later set moves to the end)."""


@dataclass(slots=True)
class Resolver:
    """Turns set calendar fields into an instant. Raises ValueError when they make no date (strict)."""

    fields: Fields
    zone: ZoneInfo
    rule: WeekRule
    lenient: bool
    stamps: dict[str, int] = field(default_factory=dict)

    def epoch(self) -> int:
        """The instant in milliseconds."""
        self.stamps = {name: i for i, name in enumerate(self.fields, start=1)}
        if not self.lenient:
            self._check_ranges()
        days = self._days()
        local = days * DAY_MS + self._time()
        epoch = local - self.fields["offset"] if "offset" in self.fields else local_to_epoch(local, self.zone)
        if not self.lenient:
            self._check_kept(local)
        return epoch

    def _days(self) -> int:
        get = self.fields.get
        if self._stamp("week_year") > self._stamp("year"):
            return self._week_date(get("week_year", 1970), get("week", 1), get("weekday", self.rule.first_day))
        year = get("year", 1970)
        if get("era") == 0:
            year = 1 - year
        kind = self._day_kind()
        if kind == "day_of_year":
            return days_from_civil(year, 1, 1) + get("day_of_year", 1) - 1
        if kind == "week":
            return self._week_date(year, get("week", 1), get("weekday", self.rule.first_day))
        carry, month = divmod(get("month", 0), 12)
        year, month = year + carry, month + 1
        if kind == "day":
            return days_from_civil(year, month, get("day", 1))
        first = days_from_civil(year, month, 1)
        if kind == "week_of_month":
            return self._week_start(first) + (get("week_of_month", 1) - 1) * 7 + self._in_week()
        return self._nth_weekday(first, year, month)

    def _day_kind(self) -> str:
        """Which fields decide the day: the group that was set last."""
        stamp, weekday = self._stamp, self._stamp("weekday")
        pairs = {name: self._both(stamp(name), weekday) for name in ("week_of_month", "nth", "week")}
        ranks = {"day": stamp("day"), "week_of_month": pairs["week_of_month"], "nth": pairs["nth"]}
        ranks |= {"day_of_year": stamp("day_of_year"), "week": pairs["week"]}
        if not any(ranks.values()):
            ranks |= {"week_of_month": stamp("week_of_month"), "nth": max(stamp("nth"), weekday), "week": stamp("week")}
        best = max(ranks.values())
        return "day" if best == _UNSET else next(name for name, rank in ranks.items() if rank == best)

    def _stamp(self, name: str) -> int:
        return self.stamps.get(name, _UNSET)

    @staticmethod
    def _both(first: int, second: int) -> int:
        return max(first, second) if first and second else _UNSET

    def _in_week(self) -> int:
        return (self.fields.get("weekday", self.rule.first_day) - self.rule.first_day) % 7

    def _week_start(self, first: int) -> int:
        """The first day of week one of the period that begins on day `first`."""
        start = first - (weekday_of(first) - self.rule.first_day) % 7
        return start if 7 - (first - start) >= self.rule.min_days else start + 7

    def _week_date(self, year: int, week: int, weekday: int) -> int:
        return self._week_start(days_from_civil(year, 1, 1)) + (week - 1) * 7 + (weekday - self.rule.first_day) % 7

    def _nth_weekday(self, first: int, year: int, month: int) -> int:
        nth = self.fields.get("nth", 1)
        weekday = self.fields.get("weekday", self.rule.first_day)
        if nth < 0:
            following = days_from_civil(year + month // 12, month % 12 + 1, 1)
            last = following - 1 - (weekday_of(following - 1) - weekday) % 7
            return last + 7 * (nth + 1)
        return first + (weekday - weekday_of(first)) % 7 + 7 * (nth - 1)

    def _time(self) -> int:
        get, stamp = self.fields.get, self._stamp
        of_day, half = stamp("hour_of_day"), self._both(stamp("hour"), stamp("half"))
        if not of_day and not half:
            half = max(stamp("hour"), stamp("half"))
        hour = get("hour_of_day", 0) if of_day >= half else get("hour", 0) + 12 * get("half", 0)
        return ((hour * 60 + get("minute", 0)) * 60 + get("second", 0)) * 1000 + get("ms", 0)

    def _check_ranges(self) -> None:
        for name, value in self.fields.items():
            low, high = _RANGES.get(name, (value, value))
            if not low <= value <= high:
                raise ValueError(f"{name} {value} is out of range")

    def _check_kept(self, local: int) -> None:
        """A strict calendar refuses fields that the resulting date does not have (30 February, a wrong weekday)."""
        days, ms = divmod(local, DAY_MS)
        year, month, day = civil_from_days(days)
        moment = Moment(year, month, day, days, ms, 0)
        week_year, week = moment.week(self.rule)
        actual = {
            "year": 1 - year if self.fields.get("era") == 0 else year,
            "month": month - 1,
            "day": day,
            "day_of_year": moment.day_of_year,
            "weekday": moment.weekday,
            "nth": (day - 1) // 7 + 1 if self.fields.get("nth", 1) > 0 else self.fields.get("nth", 1),
            "week": week,
            "week_year": week_year,
            "week_of_month": week_number(day, moment.weekday, self.rule),
            "hour_of_day": ms // 3_600_000,
            "hour": ms // 3_600_000 % 12,
            "half": ms // 43_200_000,
        }
        for name, value in actual.items():
            if self.fields.get(name, value) != value:
                raise ValueError(f"{name} {self.fields[name]} does not fit the date")


_RANGES = {
    "year": (1, 292_278_994),
    "month": (0, 11),
    "day": (1, 31),
    "day_of_year": (1, 366),
    "weekday": (1, 7),
    "week": (1, 53),
    "week_of_month": (0, 6),
    "nth": (-1, 6),
    "hour_of_day": (0, 23),
    "hour": (0, 11),
    "half": (0, 1),
    "minute": (0, 59),
    "second": (0, 59),
    "ms": (0, 999),
}
