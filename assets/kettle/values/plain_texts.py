"""Proofs about whole columns of texts, by the bytes of all of them together: far cheaper than a pattern per text."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.ma  # polars asks for it with the first array: here it costs no batch any time
import polars as pl

from assets.kettle.values.date_pattern import Item

_WIDTHS = {("y", 4), ("M", 2), ("d", 2), ("H", 2), ("m", 2), ("s", 2), ("S", 3)}
_LIMITS = {"H": 23, "m": 59, "s": 59}
_UNITS = {"H": 3_600_000, "m": 60_000, "s": 1_000, "S": 1}
_DAY = 86_400_000
_SHORTEST_MONTH = 28
_FIRST_YEAR, _LAST_YEAR = 1600, 9999  # before, Java's calendar is another one


def joined(column: pl.Series) -> bytes:
    """The texts of a column one after the other, without its nulls."""
    found: bytes = column.str.join("").cast(pl.Binary).item()
    return found


def without_empty(column: pl.Series) -> pl.Series:
    """The texts with null for ''."""
    empty = column == ""
    return column.set(empty.fill_null(value=False), None) if empty.any() else column


def made_of(column: pl.Series, characters: bytes) -> bool:
    """Whether all texts consist of these ASCII characters alone, which should lie close to each other."""
    data = joined(column)
    if not data:
        return True
    codes = np.frombuffer(data, np.uint8)
    low, high = min(characters), max(characters)
    others = (code for code in range(low, high) if code not in characters)
    return bool(codes.min() >= low and codes.max() <= high) and not any(code in data for code in others)


@lru_cache(maxsize=512)
def _places(items: tuple[Item, ...]) -> tuple[int, dict[str, tuple[int, int]], bytes] | None:
    """Width of the texts, begin and end of each field, and the literals between zeros; None for other masks."""
    spans: dict[str, tuple[int, int]] = {}
    form = ""
    for item in items:
        if not item.letter:
            form += item.literal
        elif (item.letter, item.count) in _WIDTHS and item.letter not in spans:
            spans[item.letter] = (len(form), len(form) + item.count)
            form += "0" * item.count
        else:
            return None
    if not {"y", "M", "d"} <= spans.keys() or not form.isascii():
        return None
    return len(form), spans, form.encode()


@lru_cache(maxsize=1)
def _months() -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 of the first of each month, and its number of days, by 12 * year + month - 1."""
    months = np.arange((_LAST_YEAR + 1) * 12 + 1) - 1970 * 12
    starts = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return starts[:-1], np.diff(starts)


def fixed_dates(column: pl.Series, items: Iterable[Item]) -> pl.Series | None:
    """Milliseconds since 1970 of texts that all have the very form of a mask of fixed widths (null stays null).

    None where one text differs, names no day of the calendar, or the mask has other fields.
    """
    plan = _places(tuple(items))
    if plan is None:
        return None
    width, spans, form = plan
    there = column.drop_nulls()
    sizes = there.str.len_bytes()
    if not there.len() or sizes.min() != width or sizes.max() != width:
        return None
    codes = np.frombuffer(joined(there), np.uint8).reshape(-1, width).T.copy()
    found = _milliseconds(codes, spans, form)
    if found is None:
        return None
    values = pl.Series(column.name, found)
    return values if there.len() == column.len() else _spread(values, column)


def _spread(values: pl.Series, column: pl.Series) -> pl.Series:
    """The values at the places of the texts that are not null."""
    empty = pl.Series(column.name, [None], dtype=pl.Int64).new_from_index(0, column.len())
    return empty.scatter(column.is_not_null().arg_true(), values)


def _milliseconds(codes: np.ndarray, spans: dict[str, tuple[int, int]], form: bytes) -> np.ndarray | None:
    """The moments, from one row of `codes` per place in the text."""
    digit_places = {place for begin, end in spans.values() for place in range(begin, end)}
    for place, mark in enumerate(form):
        row = codes[place]
        if place in digit_places:
            row -= 48  # in place: what is no digit wraps round to a large number
            if row.max() > 9:
                return None
        elif row.min() != mark or row.max() != mark:
            return None
    fields = {letter: _number(codes[begin:end]) for letter, (begin, end) in spans.items()}
    if any(fields[letter].max() > most for letter, most in _LIMITS.items() if letter in fields):
        return None
    year, month, day = fields["y"], fields["M"], fields["d"]
    if year.min() < _FIRST_YEAR or month.min() < 1 or month.max() > 12 or day.min() < 1:
        return None
    starts, lengths = _months()
    place_of = year.astype(np.int64) * 12 + month - 1
    late = np.flatnonzero(day > _SHORTEST_MONTH)
    if (day[late] > lengths[place_of[late]]).any():
        return None
    moments: np.ndarray = (starts[place_of] + day - 1) * _DAY
    for letter, unit in _UNITS.items():
        if letter in fields:
            moments += fields[letter].astype(np.int64) * unit
    return moments


def _number(digits: np.ndarray) -> np.ndarray:
    """The number that rows of digits form."""
    total: np.ndarray = digits[0].astype(np.int32)
    for row in digits[1:]:
        total *= 10
        total += row
    return total
