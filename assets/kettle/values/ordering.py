"""Columns that sort, in polars' own order, as Kettle sorts the values they stand for."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from assets.kettle.values.collation import collation_key
from assets.kettle.values.fields import Field, ValueType

_ASTRAL = "[\U00010000-\U0010ffff]"
_DECIMAL_DIGITS = 38


def order_key(column: pl.Series, field: Field, case_sensitive: bool, *, collated: bool = False) -> pl.Series:
    """A column whose order is Kettle's; null where the value counts as null. `collated`: text by its letters."""
    if field.type == ValueType.STRING:
        text = without_empty(column)
        if collated:
            return _mapped(text, collation_key, pl.Binary())
        return _code_units(text if case_sensitive else folded(text))
    if field.type == ValueType.NUMBER:
        return _doubles(column)
    return _big_numbers(column) if field.type == ValueType.BIGNUMBER else column


def without_empty(column: pl.Series) -> pl.Series:
    """Text with '' as null; the same column where there is none."""
    empty = (column == "").fill_null(value=False)
    return column.set(empty, None) if empty.any() else column


def _is_ascii(column: pl.Series) -> bool:
    return bool((column.str.len_bytes() == column.str.len_chars()).all())


def folded(column: pl.Series) -> pl.Series:
    """Text folded as compareToIgnoreCase does: each character upper-cased, then lower-cased."""
    if _is_ascii(column):
        return column.str.to_lowercase()
    return _mapped(column, lambda text: "".join(map(_fold_char, text)), pl.String())


def _fold_char(char: str) -> str:
    upper = char.upper()
    upper = upper if len(upper) == 1 else char
    lower = upper.lower()
    return lower if len(lower) == 1 else upper


def _mapped(column: pl.Series, function: Callable[[Any], Any], dtype: pl.DataType) -> pl.Series:
    unique = column.drop_nulls().unique()
    if unique.len() == 0:
        return pl.Series(column.name, [None] * column.len(), dtype=dtype)
    values = pl.Series([function(v) for v in unique.to_list()], dtype=dtype)
    return column.replace_strict(unique, values, default=None, return_dtype=dtype)


def _code_units(column: pl.Series) -> pl.Series:
    """Code points order like UTF-16 code units unless there are characters beyond the basic plane."""
    if _is_ascii(column) or not column.str.contains(_ASTRAL).any():
        return column
    return _mapped(column, lambda text: text.encode("utf-16-be", "surrogatepass"), pl.Binary())


def _doubles(column: pl.Series) -> pl.Series:
    """Double.compare: -0.0 before 0.0, NaN last. Only a negative zero needs a key of its own."""
    zeros = (column == 0).fill_null(value=False)
    if not zeros.any() or not np.signbit(column.filter(zeros).to_numpy()).any():
        return column
    bits = column.fill_null(0.0).to_numpy().view(np.int64)
    keys = np.where(bits < 0, bits ^ np.int64(0x7FFFFFFFFFFFFFFF), bits)
    return pl.Series(column.name, keys).set(column.is_null(), None)


def _big_numbers(column: pl.Series) -> pl.Series:
    """Exact decimals where 38 digits hold them all, else the rank among the distinct values."""
    parts = column.str.strip_chars_start("-").str.split_exact(".", 1).struct
    whole, places = parts.field("field_0").str.len_bytes().max(), parts.field("field_1").str.len_bytes().max()
    scale = places if isinstance(places, int) else 0
    if (whole if isinstance(whole, int) else 0) + scale <= _DECIMAL_DIGITS:
        return column.cast(pl.Decimal(_DECIMAL_DIGITS, scale))
    ordered = sorted({Decimal(v) for v in column.drop_nulls().unique().to_list()})
    ranks = {value: rank for rank, value in enumerate(ordered)}
    return _mapped(column, lambda text: ranks[Decimal(text)], pl.Int64())
