"""Columns of timestamps to text and back under a mask. Columns hold microseconds, so that all years fit."""

import re
from dataclasses import replace

import polars as pl

from assets.kettle.values.date_calendar import zone_of
from assets.kettle.values.date_columns import DATE, dates
from assets.kettle.values.date_exact import DateSettings, parse_date
from assets.kettle.values.date_pattern import compile_date_mask
from assets.kettle.values.masks_date import format_dates
from assets.kettle.values.masks_number import Parsed, finish

_JDBC = re.compile(r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{1,2}:\d{1,2}(?:\.(\d{1,9}))?")
_JDBC_MASK = compile_date_mask("yyyy-MM-dd HH:mm:ss")
_NANOS_BEHIND = re.compile(r"\.(\d{1,9})\s*$")
_NANO_LETTERS = 4  # from so many S on they stand for nanoseconds


def _nano_run(mask: str) -> tuple[int, int] | None:
    """Where the S of the mask begin and end, when there are enough of them."""
    start, end = mask.find("S"), mask.rfind("S") + 1
    return (start, end) if end - start >= _NANO_LETTERS else None


def format_timestamps(column: pl.Series, mask: str, how: DateSettings) -> pl.Series:
    """The texts of a Datetime(us) column; up to three S are milliseconds, more are nanoseconds.

    With four to eight S Kettle pads the nanoseconds to that many digits in front and cuts the rest off behind, so that
    1000 ns under six S is `001000`; kept as it is. Raises ValueError for a mask Java refuses.
    """
    ticks = column.cast(pl.Int64)
    milliseconds = (ticks // 1000).cast(DATE)
    run = _nano_run(mask)
    if run is None:
        return format_dates(milliseconds, mask, how)
    start, end = run
    nanos = (ticks % 1_000_000 * 1000).cast(pl.String).str.zfill(end - start).str.head(end - start)
    before = format_dates(milliseconds, mask[:start], how) if start else ""
    after = format_dates(milliseconds, mask[end:], how) if mask[end:] else ""
    return (before + nanos + after).alias(column.name)


def parse_timestamps(column: pl.Series, mask: str, how: DateSettings) -> Parsed:
    """The timestamps of a text column: `yyyy-MM-dd HH:mm:ss[.n]` first (as java.sql.Timestamp), else by the mask."""
    run = _nano_run(mask)
    items = compile_date_mask(mask[: run[0]] if run else mask)
    plain = replace(how, zone=zone_of(None), lenient=True)

    def one(text: str) -> int:
        found = _JDBC.fullmatch(text.strip())
        if found:
            return (
                parse_date(text.strip(), _JDBC_MASK, plain) * 1000 + int((found.group(1) or "").ljust(9, "0")) // 1000
            )
        try:
            ms = parse_date(text, items, how)
        except ValueError as error:
            raise ValueError(f"couldn't convert string [{text}] to a timestamp using format [{mask}]") from error
        nanos = _NANOS_BEHIND.search(text) if run else None
        return ms * 1000 + (int(nanos.group(1).ljust(9, "0")) // 1000 if nanos else 0)

    column = column.set((column == "").fill_null(value=False), None)
    values, reasons = finish(column, _jdbc_columns(column, plain), one, pl.Int64())
    return values.cast(pl.Datetime("us")), reasons


def _jdbc_columns(column: pl.Series, how: DateSettings) -> tuple[pl.Series, pl.Series] | None:
    """The texts that java.sql.Timestamp writes itself, all at once."""
    parts = column.str.split_exact(".", 1).struct
    fraction = parts.field("field_1").fill_null("")
    settled = dates(parts.field("field_0"), _JDBC_MASK, how)
    if settled is None:
        return None
    nanos = fraction.str.pad_end(9, "0").cast(pl.Int64, strict=False)
    values = settled[0].cast(pl.Int64) * 1000 + nanos // 1000
    right = values.is_not_null() & fraction.str.contains(r"^[0-9]{0,9}$") & ~column.str.ends_with(".")
    return values, right.fill_null(value=False) | column.is_null()
