"""Columns of timestamps (nanoseconds) to text and back under a mask."""

import re

import polars as pl

from assets.kettle.values.date_exact import DateSettings, format_date, parse_date
from assets.kettle.values.date_pattern import compile_date_mask
from assets.kettle.values.masks_number import Parsed, each_unique

_NANOS = re.compile(r"S{4,}")
_JDBC = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?")


def format_timestamps(column: pl.Series, mask: str, how: DateSettings) -> pl.Series:
    """The texts of a Datetime(ns) column; up to three S are milliseconds, more are nanoseconds.

    With four to eight S Kettle pads the nanoseconds to that many digits in front and cuts the rest off behind, so that
    1000 ns under six S is `001000`; kept as it is.
    """
    run = _NANOS.search(mask)
    if run is None:
        items = compile_date_mask(mask)
        return each_unique(column.cast(pl.Int64), lambda ns: format_date(ns // 1_000_000, items, how), pl.String())[0]
    before, after = compile_date_mask(mask[: run.start()]), compile_date_mask(mask[run.end() :])
    places = len(run.group())

    def one(ns: int) -> str:
        ms = ns // 1_000_000
        digits = str(ns % 1_000_000_000).zfill(places)[:places]
        return format_date(ms, before, how) + digits + format_date(ms, after, how)

    return each_unique(column.cast(pl.Int64), one, pl.String())[0]


def parse_timestamps(column: pl.Series, mask: str, how: DateSettings) -> Parsed:
    """The timestamps of a text column: `yyyy-MM-dd HH:mm:ss[.n]` first (as java.sql.Timestamp), else by the mask."""
    run = _NANOS.search(mask)
    items = compile_date_mask(mask[: run.start()] if run else mask)
    jdbc = compile_date_mask("yyyy-MM-dd HH:mm:ss")

    def one(text: str) -> int:
        found = _JDBC.fullmatch(text.strip())
        if found:
            fraction = (found.group(7) or "").ljust(9, "0")
            return parse_date(text.strip(), jdbc, how) * 1_000_000 + int(fraction)
        try:
            ms = parse_date(text, items, how)
        except ValueError as error:
            raise ValueError(f"couldn't convert string [{text}] to a timestamp using format [{mask}]") from error
        fraction_of = re.search(r"\.(\d{1,9})\s*$", text) if run else None
        return ms * 1_000_000 + (int(fraction_of.group(1).ljust(9, "0")) if fraction_of else 0)

    blank = column.is_null() | (column == "")
    values, reasons = each_unique(column.set(blank.fill_null(value=True), None), one, pl.Int64())
    return values.cast(pl.Datetime("ns")), reasons
