"""Columns of dates to text and back under a mask: whole columns for plain masks and texts, one by one for the rest."""

import polars as pl

from assets.kettle.values.date_calendar import zone_of
from assets.kettle.values.date_columns import DATE, date_texts, dates
from assets.kettle.values.date_exact import DateSettings, format_date, parse_date
from assets.kettle.values.date_names import date_locale
from assets.kettle.values.date_pattern import compile_date_mask
from assets.kettle.values.masks_number import Parsed, finish


def settings(locale: str | None, timezone: str | None, *, lenient: bool = False) -> DateSettings:
    """What a mask needs, by Kettle's names of locale and time zone."""
    return DateSettings(date_locale(locale), zone_of(timezone), lenient)


def format_dates(column: pl.Series, mask: str, how: DateSettings) -> pl.Series:
    """The texts of a Datetime(ms) column. Raises ValueError for a mask Java refuses."""
    items = compile_date_mask(mask)
    settled = date_texts(column, items, how)
    return finish(column.cast(pl.Int64), settled, lambda ms: format_date(ms, items, how), pl.String())[0]


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
