"""Whole columns of dates to text and back, for plain masks and plain texts, by polars' own calendar.

Every function also returns which rows it could settle; the caller converts the others one by one.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

import polars as pl

from assets.kettle.values.date_exact import DateSettings, century_start_year
from assets.kettle.values.date_names import date_locale
from assets.kettle.values.date_pattern import Item
from assets.kettle.values.plain_texts import fixed_dates

DATE = pl.Datetime("ms")
_FIRST_MS, _LAST_MS = -30_610_224_000_000, 253_402_214_400_000  # years 1000 to 9999, with a day to spare
_LAST_ZONED_MS = 2_114_380_800_000  # polars' zone tables end in 2037

_NUMERIC = {
    ("y", 4): "%Y", ("y", 2): "%y", ("M", 2): "%m", ("M", 1): "%-m", ("d", 2): "%d", ("d", 1): "%-d", ("D", 3): "%j",
    ("H", 2): "%H", ("H", 1): "%-H", ("h", 2): "%I", ("h", 1): "%-I", ("m", 2): "%M", ("m", 1): "%-M",
    ("s", 2): "%S", ("s", 1): "%-S", ("S", 3): "%3f",
}  # fmt: skip
_ENGLISH = {
    ("M", 3): "%b", ("M", 4): "%B", ("E", 1): "%a", ("E", 2): "%a", ("E", 3): "%a", ("E", 4): "%A", ("a", 1): "%p",
}  # fmt: skip
_FORMATS = _NUMERIC | _ENGLISH
_TWO = "[0-9]{1,2}"
_READ = {
    ("y", 4): "[0-9]{4}", ("y", 2): "[0-9]{2}", ("S", 3): "[0-9]{3}",
    **{(letter, count): _TWO for letter in "MdHhms" for count in (1, 2)},
}  # fmt: skip
_READ_ENGLISH = {
    ("M", 3): "(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
    ("a", 1): "(?i:AM|PM)",
}


@lru_cache(maxsize=512)
def _format_of(items: tuple[Item, ...], english: bool) -> str | None:
    """The mask in chrono's language, None when it has no equal there."""
    codes = _NUMERIC | _ENGLISH if english else _NUMERIC
    parts = [i.literal.replace("%", "%%") if not i.letter else codes.get((i.letter, i.count)) for i in items]
    known = [p for p in parts if p is not None]
    return "".join(known) if len(known) == len(parts) else None


def date_texts(column: pl.Series, items: Iterable[Item], how: DateSettings) -> tuple[pl.Series, pl.Series] | None:
    """The texts of a Datetime(ms) column; None for a mask that chrono lacks."""
    form = _format_of(tuple(items), how.locale.names is date_locale(None).names)
    if form is None:
        return None
    inside = _inside(column, how)
    local = column.set((~inside).fill_null(value=False), None)
    if how.zone.key != "UTC":
        local = local.dt.replace_time_zone("UTC").dt.convert_time_zone(how.zone.key)
    return local.dt.strftime(form), inside.fill_null(value=True)


def _inside(column: pl.Series, how: DateSettings) -> pl.Series:
    """The dates that polars shows as Java does."""
    last = _LAST_MS if how.zone.key == "UTC" else _LAST_ZONED_MS
    return column.cast(pl.Int64).is_between(_FIRST_MS, last)


@lru_cache(maxsize=512)
def _parse_plan(items: tuple[Item, ...], english: bool) -> tuple[str, str] | None:
    """A regular expression for the plain texts of the mask and chrono's format; None when a field is not plain.

    Year, month and day each stand once, and an hour of the half day with its half, so that the text alone makes the
    date.
    """
    letters = [i.letter for i in items if i.letter]
    halves = {"h", "a"} & set(letters)
    whole = len(set(letters)) == len(letters) and {"y", "M", "d"} <= set(letters)
    if not whole or len(halves) == 1 or (halves and "H" in letters):
        return None
    read = _READ | _READ_ENGLISH if english else _READ
    pattern, form = ["^"], []
    for item in items:
        part = re.escape(item.literal) if not item.letter else read.get((item.letter, item.count))
        if part is None:
            return None
        pattern.append(f"[0-9]{{{item.count}}}" if item.tight and part == _TWO else part)
        code = _FORMATS[item.letter, item.count].replace("-", "") if item.letter else item.literal.replace("%", "%%")
        form.append(code)
    return "".join([*pattern, "$"]), "".join(form)


def dates(column: pl.Series, items: Iterable[Item], how: DateSettings) -> tuple[pl.Series, pl.Series] | None:
    """The dates of plain texts; None for a mask with other fields than year, month, day and time of day."""
    items = tuple(items)
    plan = _parse_plan(items, how.locale.names is date_locale(None).names)
    if plan is None:
        return None
    quick = fixed_dates(column, items)
    values = _plain_dates(column, *plan) if quick is None else quick.cast(DATE)
    if any(item.letter == "y" and item.count == 2 for item in items):
        values = _in_century(values)
    if how.zone.key != "UTC":
        zoned = values.dt.replace_time_zone(how.zone.key, ambiguous="null", non_existent="null")
        values = zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return values, _inside(values, how).fill_null(value=False) | column.is_null()


def _plain_dates(column: pl.Series, pattern: str, form: str) -> pl.Series:
    """The dates of the texts that have the form of the pattern, null for the others."""
    plain = column.str.contains(pattern)
    text = column.set((~plain).fill_null(value=False), None)
    return text.str.strptime(DATE, form, strict=False)


def _in_century(values: pl.Series) -> pl.Series:
    """Two-digit years moved to the century that begins 80 years ago; the year it begins in is left to the caller."""
    first = century_start_year()
    year = values.dt.year()
    moved = pl.select(
        pl.when(year % 100 == first % 100)
        .then(None)
        .when(year >= first + 100)
        .then(values.dt.offset_by("-100y"))
        .when(year < first)
        .then(values.dt.offset_by("100y"))
        .otherwise(values)
    )
    return moved.to_series()
