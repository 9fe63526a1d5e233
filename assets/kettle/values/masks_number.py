"""Columns of numbers to text and back under a mask: whole columns where texts are plain, else one by one."""

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from assets.kettle.values.fields import ValueType
from assets.kettle.values.java_numbers import big_decimal, plain
from assets.kettle.values.number_columns import numbers, printed_doubles, reads_plainly, texts
from assets.kettle.values.number_exact import as_decimal, as_double, as_long, format_number, parse_number
from assets.kettle.values.number_pattern import DEFAULT_PATTERN, NumberPattern, Symbols, compile_number_mask
from assets.kettle.values.plain_texts import without_empty

_PLAIN_LONG = ("####0;-####0", "0", "#", "####0")

Parsed = tuple[pl.Series, dict[int, str]]
"""A column and the reasons of the rows that failed (null there)."""


def each_unique(column: pl.Series, function: Callable[[Any], Any], dtype: pl.DataType) -> Parsed:
    """`function` on every distinct value that is not null; a ValueError becomes the reason of its rows."""
    if column.dtype == pl.Float64:
        # by bits: the two zeros print differently, yet are equal
        return each_unique(_bits(column), lambda bits: function(_double(bits)), dtype)
    unique = column.drop_nulls().unique(maintain_order=False)
    values: list[Any] = []
    failed: dict[Any, str] = {}
    for item in unique.to_list():
        try:
            values.append(function(item))
        except ValueError as error:
            values.append(None)
            failed[item] = str(error)
    if unique.len() == 0:
        return pl.Series(column.name, [None] * column.len(), dtype=dtype), {}
    mapped = column.replace_strict(unique, pl.Series(values, dtype=dtype), default=None, return_dtype=dtype)
    return mapped, _reasons(column, failed)


def _bits(column: pl.Series) -> pl.Series:
    raw = column.fill_null(0.0).to_numpy().view(np.int64)
    return pl.Series(column.name, raw).set(column.is_null(), None)


def _double(bits: int) -> float:
    value: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return value


def _reasons(column: pl.Series, failed: dict[Any, str]) -> dict[int, str]:
    if not failed:
        return {}
    rows = column.is_in(list(failed)).fill_null(value=False).arg_true().to_list()
    return {row: failed[column[row]] for row in rows}


def format_numbers(column: pl.Series, mask: str, symbols: Symbols) -> pl.Series:
    """The texts of a Float64, Int64 or String (BigNumber) column. Raises ValueError for a mask Java refuses."""
    pattern = compile_number_mask(mask)
    if column.dtype == pl.Int64 and mask in _PLAIN_LONG:
        return column.cast(pl.String)
    exact = (
        (lambda v: format_number(Decimal(v), pattern, symbols))
        if column.dtype == pl.String
        else (lambda v: format_number(v, pattern, symbols))
    )
    return finish(column, texts(column, pattern, symbols), exact, pl.String())[0]


def doubles_as_printed(column: pl.Series, mask: str, symbols: Symbols) -> pl.Series | None:
    """Doubles whose shortest digits are what the mask prints of a Float64 column; None where that is not sure.

    Raises:
        ValueError: Java refuses the mask.
    """
    return printed_doubles(column, compile_number_mask(mask), symbols)


def finish(
    column: pl.Series, settled: tuple[pl.Series, pl.Series] | None, exact: Callable[[Any], Any], dtype: pl.DataType
) -> Parsed:
    """A column of which some rows are settled; the others go one by one through `exact`."""
    if settled is None:
        return each_unique(column, exact, dtype)
    values, done = settled
    if done.all():
        return values.set(column.is_null(), None) if column.null_count() else values, {}
    rows = (~done).arg_true()
    rest, reasons = each_unique(column.gather(rows), exact, dtype)
    values = values.set((~done) | column.is_null(), None).scatter(rows, rest)
    return values, {rows[row]: reason for row, reason in reasons.items()}


_READS: dict[ValueType, Callable[[Decimal | float, int], Any]] = {
    ValueType.NUMBER: as_double,
    ValueType.INTEGER: as_long,
    ValueType.BIGNUMBER: lambda value, multiplier: plain(as_decimal(value, multiplier)),
}
_DTYPES: dict[ValueType, pl.DataType] = {
    ValueType.NUMBER: pl.Float64(),
    ValueType.INTEGER: pl.Int64(),
    ValueType.BIGNUMBER: pl.String(),
}


def reads_long(mask: str | None, symbols: Symbols) -> bool:
    """Whether the plain text of a whole number is read as that number under a mask."""
    try:
        pattern = compile_number_mask(mask) if mask else DEFAULT_PATTERN
    except ValueError:
        return False
    return symbols.decimal == "." and reads_plainly(pattern, symbols)


def parse_numbers(
    column: pl.Series, kind: ValueType, mask: str | None, symbols: Symbols, *, lenient: bool = False
) -> Parsed:
    """The Number, Integer or BigNumber values of a text column; '' and null are null."""
    pattern = compile_number_mask(mask) if mask else DEFAULT_PATTERN

    def one(text: str) -> Any:
        return parse_text_number(text, kind, pattern, symbols, lenient=lenient)

    column = without_empty(column)
    return finish(column, numbers(column, kind, pattern, symbols), one, _DTYPES[kind])


def parse_text_number(
    text: str, kind: ValueType, pattern: NumberPattern, symbols: Symbols, *, lenient: bool
) -> float | int | str:
    """One text. Raises ValueError when no number is there, or something is left behind it (unless lenient)."""
    found = parse_number(text, pattern, symbols)
    complete = found is not None and (lenient or found[1] == len(text))
    if found is not None and complete and not (kind == ValueType.BIGNUMBER and isinstance(found[0], float)):
        result: float | int | str = _READS[kind](found[0], pattern.multiplier)
        return result
    if kind == ValueType.BIGNUMBER:
        return plain(big_decimal(text))
    at = 0 if found is None else found[1]
    raise ValueError(f"couldn't convert String [{text}] to {kind.value}: not a number at position {at + 1}")
