"""Columns of dates to text and back under a mask: whole columns for plain masks and texts, one by one for the rest."""

from functools import lru_cache

import polars as pl

from assets.kettle.values.date_calendar import zone_of
from assets.kettle.values.date_columns import DATE, date_texts, dates
from assets.kettle.values.date_exact import DateSettings, format_date, parse_date
from assets.kettle.values.date_names import date_locale
from assets.kettle.values.date_pattern import compile_date_mask
from assets.kettle.values.masks_number import Parsed, finish
from assets.kettle.values.plain_texts import without_empty

_DAY = 86_400_000  # milliseconds
_MANY_ROWS = 20_000
_BLOCK = 4_096  # days whose texts are made together: fewer than many rows
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
    first, last = low // _BLOCK, high // _BLOCK
    texts = pl.concat([_block_texts(block, mask, how) for block in range(first, last + 1)], rechunk=True)
    return texts.gather((days - first * _BLOCK).cast(pl.UInt32)).alias(column.name)


@lru_cache(maxsize=128)
def _block_texts(block: int, mask: str, how: DateSettings) -> pl.Series:
    """The texts of a run of days; batches mostly ask for the same ones."""
    days = pl.int_range(block * _BLOCK, (block + 1) * _BLOCK, eager=True)
    return format_dates((days * _DAY).cast(DATE), mask, how)


def parse_dates(column: pl.Series, mask: str, how: DateSettings) -> Parsed:
    """The dates of a text column; '' and null are null."""
    items = compile_date_mask(mask)

    def one(text: str) -> int:
        try:
            return parse_date(text, items, how)
        except ValueError as error:
            raise ValueError(f"couldn't convert string [{text}] to a date using format [{mask}]: {error}") from error

    column = without_empty(column)
    settled = dates(column, items, how)
    values, reasons = finish(column, settled and (settled[0].cast(pl.Int64), settled[1]), one, pl.Int64())
    return values.cast(DATE), reasons
