"""Calculations on dates: their parts, differences and shifts, in UTC (the hour in the field's own time zone).

Measured: differences are truncated towards zero; the week of the year is the US one (Sunday first, the week with
1 January is week 1); a null operand gives null, but fails the row where a date is shifted.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from assets.kettle.steps.calc_numbers import quotient
from assets.kettle.steps.calc_operands import Calculation, Call, Outcome
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, ValueType

DAY = 86_400_000
_INTEGER, _DATE = ValueType.INTEGER, ValueType.DATE


def week_of_year(dates: pl.Series) -> pl.Series:
    """Week number as in the US: weeks begin on Sunday, the one that holds 1 January is the first."""
    days_to_saturday = (6 - dates.dt.weekday() % 7).cast(pl.Int64)
    saturday = dates.dt.truncate("1d").cast(pl.Int64) + days_to_saturday * DAY
    end = saturday.cast(pl.Datetime("ms"))
    return (end.dt.ordinal_day().cast(pl.Int64) - 1) // 7 + 1


PARTS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "YEAR_OF_DATE": lambda d: d.dt.year(),
    "MONTH_OF_DATE": lambda d: d.dt.month(),
    "QUARTER_OF_DATE": lambda d: d.dt.quarter(),
    "DAY_OF_YEAR": lambda d: d.dt.ordinal_day(),
    "DAY_OF_MONTH": lambda d: d.dt.day(),
    "DAY_OF_WEEK": lambda d: d.dt.weekday() % 7 + 1,
    "WEEK_OF_YEAR": week_of_year,
    "WEEK_OF_YEAR_ISO8601": lambda d: d.dt.week(),
    "YEAR_OF_DATE_ISO8601": lambda d: d.dt.iso_year(),
    "MINUTE_OF_HOUR": lambda d: d.dt.minute(),
    "SECOND_OF_MINUTE": lambda d: d.dt.second(),
}
"""Parts of a date by code."""


def part(code: str) -> Calculation:
    """One part of date A, as Integer."""
    take = PARTS[code]

    def calculate(call: Call) -> Outcome:
        (dates,) = call.all_as(_DATE, call.first())
        return call.done(take(dates).cast(pl.Int64), _INTEGER)

    return calculate


def hour_of_day(call: Call) -> Outcome:
    """The hour of date A in its field's time zone."""
    (dates,) = call.all_as(_DATE, call.first())
    zone = call.first().field.timezone
    if zone:
        dates = dates.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return call.done(dates.dt.hour().cast(pl.Int64), _INTEGER)


def without_time(call: Call) -> Outcome:
    """Date A at midnight."""
    (dates,) = call.all_as(_DATE, call.first())
    return call.done(dates.dt.truncate("1d"), call.first().field.type if call.first().field.is_date else _DATE)


def month_edge(*, last: bool) -> Calculation:
    """Hop's first or last day of date A's month, the time kept."""

    def calculate(call: Call) -> Outcome:
        (dates,) = call.all_as(_DATE, call.first())
        return call.done(dates.dt.month_end() if last else dates.dt.month_start(), _DATE)

    return calculate


def difference(unit: int) -> Calculation:
    """A - B in units of so many milliseconds."""

    def calculate(call: Call) -> Outcome:
        end, start = (d.cast(pl.Int64) for d in call.all_as(_DATE, call.first(), call.second()))
        return call.done(quotient(end - start, pl.repeat(unit, call.rows, dtype=pl.Int64, eager=True)), _INTEGER)

    return calculate


# working days among the first r days that begin on weekday w (0 is Monday): _RUNS[w, r]
_RUNS = np.array([[sum((w + k) % 7 < 5 for k in range(r)) for r in range(7)] for w in range(7)])


def working_days(call: Call) -> Outcome:
    """Weekdays from B to A, both ends counted, negative when B is later."""
    end, start = (d.cast(pl.Int64) for d in call.all_as(_DATE, call.first(), call.second()))
    backwards = start > end
    early, late = end.zip_with(backwards, start), start.zip_with(backwards, end)
    days = ((late - early) // DAY + 1).fill_null(0).to_numpy()
    weekday = ((early // DAY + 3) % 7).fill_null(0).to_numpy()
    count = pl.Series("", days // 7 * 5 + _RUNS[weekday, days % 7])
    signed = (-count).zip_with(backwards.fill_null(value=False), count)
    return call.done(signed.set(start.is_null() | end.is_null(), None), _INTEGER)


def shift(unit: str) -> Calculation:
    """Date A moved by B units ("d", "h", "m", "s", or "mo": months, clipped at the month's end)."""

    def calculate(call: Call) -> Outcome:
        (dates,) = call.all_as(_DATE, call.first())
        (amounts,) = call.all_as(_INTEGER, call.second())
        call.fail_where(dates.is_null() | amounts.is_null(), "a null value cannot be added to a date")
        if unit == "mo":
            frame = pl.DataFrame({"d": dates, "n": amounts.cast(pl.Int32, strict=False)})
            moved = frame.select(pl.col("d").dt.offset_by(pl.col("n").cast(pl.String) + "mo")).to_series()
        else:
            moved = (dates.cast(pl.Int64) + amounts * _UNITS[unit]).cast(pl.Datetime("ms"))
        return call.done(moved, _DATE)

    return calculate


_UNITS = {"d": DAY, "h": 3_600_000, "m": 60_000, "s": 1000}


def add_time(call: Call) -> Outcome:
    """Date A plus the time of day that B spells by the mask in C (HH:mm:ss when C is null or not given)."""
    (dates,) = call.all_as(_DATE, call.first())
    times = call.second().text()
    masks = call.c.text().fill_null("HH:mm:ss") if call.c else pl.repeat("HH:mm:ss", call.rows, eager=True)
    total = dates.cast(pl.Int64)
    for mask in masks.unique().to_list():
        chosen = (masks == mask) & dates.is_not_null() & (times.fill_null("") != "")
        rows = chosen.arg_true()
        if not rows.len():
            continue
        source = Field("time", ValueType.STRING)
        parsed = convert(times.gather(rows), source, Field("time", _DATE, mask=mask))
        call.reasons |= {int(rows[i]): reason for i, reason in parsed.reasons.items()}
        total = total.scatter(rows, total.gather(rows) + parsed.values.cast(pl.Int64) % DAY)
    return call.done(total.cast(pl.Datetime("ms")), _DATE)
