"""Columns of dates to text and back under a mask: whole columns for plain masks and texts, one by one for the rest."""

from collections.abc import Iterator

import polars as pl

from assets.kettle.values.date_calendar import zone_of
from assets.kettle.values.date_columns import DATE, date_texts, dates
from assets.kettle.values.date_exact import DateSettings, format_date, parse_date
from assets.kettle.values.date_names import date_locale
from assets.kettle.values.date_pattern import compile_date_mask
from assets.kettle.values.masks_number import Parsed, finish

_DAY = 86_400_000  # milliseconds
_MANY_ROWS = 20_000
_DAY_LETTERS = {"", "y", "M", "d", "E", "D"}  # "" is a literal text


def settings(locale: str | None, timezone: str | None, *, lenient: bool = False) -> DateSettings:
    """What a mask needs, by Kettle's names of locale and time zone."""
    return DateSettings(date_locale(locale), zone_of(timezone), lenient)


def format_dates(column: pl.Series, mask: str, how: DateSettings) -> pl.Series:
    """The texts of a Datetime(ms) column. Raises ValueError for a mask Java refuses."""
    items = compile_date_mask(mask)
    if column.len() >= _MANY_ROWS and how.zone.key == "UTC" and all(item.letter in _DAY_LETTERS for item in items):
        table = _day_table(column, mask, how)
        if table is not None:
            return table
    settled = date_texts(column, items, how)
    return finish(column.cast(pl.Int64), settled, lambda ms: format_date(ms, items, how), pl.String())[0]


def _day_table(column: pl.Series, mask: str, how: DateSettings) -> pl.Series | None:
    """The texts by way of each day's own, when there are far more rows than days between the first and the last."""
    days = column.cast(pl.Int64) // _DAY
    low, high = days.min(), days.max()
    if not isinstance(low, int) or not isinstance(high, int) or high - low >= column.len() // 4:
        return None
    every = pl.int_range(low, high + 1, eager=True) * _DAY
    texts = pl.concat([format_dates(part.cast(DATE), mask, how) for part in _parts(every)])
    return texts.gather((days - low).cast(pl.UInt32)).alias(column.name)


def _parts(days: pl.Series) -> Iterator[pl.Series]:
    """Pieces small enough that they are printed one by one."""
    for start in range(0, days.len(), _MANY_ROWS - 1):
        yield days.slice(start, _MANY_ROWS - 1)


def parse_dates(column: pl.Series, mask: str, how: DateSettings) -> Parsed:
    """The dates of a text column; '' and null are null."""
    items = compile_date_mask(mask)

    def one(text: str) -> int:
        try:
            return parse_date(text, items, how)
        except ValueError as error:
            raise ValueError(f"couldn't convert string [{text}] to a date using format [{mask}]: {error}") from error

    column = column.set((column == "").fill_null(value=False), None)
    settled = dates(column, items, how)
    values, reasons = finish(column, settled and (settled[0].cast(pl.Int64), settled[1]), one, pl.Int64())
    return values.cast(DATE), reasons
