"""Sort keys that do not depend on the other values of their column, so that separately made pieces can be merged."""

from decimal import Decimal

import numpy as np
import polars as pl

from assets.kettle.values.fields import Field, ValueType
from assets.kettle.values.ordering import folded, order_key, without_empty

_ABOVE_SURROGATES = "([\ue000-\uffff])"
_LAST = "\U0010ffff"
_EXPONENT_BIAS = 1 << 40


def portable_key(column: pl.Series, field: Field, case_sensitive: bool, *, collated: bool = False) -> pl.Series:
    """A column whose polars order is Kettle's and whose keys compare across batches; null for null and ''."""
    if field.type is ValueType.STRING and not collated:
        text = without_empty(column)
        return _code_units(text if case_sensitive else folded(text))
    if field.type is ValueType.NUMBER:
        return _doubles(column)
    if field.type is ValueType.BIGNUMBER:
        return _big_numbers(column)
    return order_key(column, field, case_sensitive, collated=collated)


def _code_units(column: pl.Series) -> pl.Series:
    """UTF-16 puts characters beyond the basic plane before U+E000: those above are moved behind all others."""
    return column.str.replace_all(_ABOVE_SURROGATES, _LAST + "${1}")


def _doubles(column: pl.Series) -> pl.Series:
    bits = column.fill_null(0.0).to_numpy().view(np.int64)
    keys = np.where(bits < 0, bits ^ np.int64(0x7FFFFFFFFFFFFFFF), bits)
    return pl.Series(column.name, keys).set(column.is_null(), None)


def _big_numbers(column: pl.Series) -> pl.Series:
    unique = column.drop_nulls().unique()
    keys = pl.Series([_decimal_key(Decimal(text)) for text in unique.to_list()], dtype=pl.Binary)
    return column.replace_strict(unique, keys, default=None, return_dtype=pl.Binary)


def _decimal_key(value: Decimal) -> bytes:
    """Sign, exponent and digits; for negative numbers the complement."""
    if not value:
        return b"\x01"
    digits = "".join(map(str, value.as_tuple().digits)).rstrip("0").encode() + b"\x00"
    key = (value.adjusted() + _EXPONENT_BIAS).to_bytes(8) + digits
    return b"\x02" + key if value > 0 else b"\x00" + bytes(255 - byte for byte in key)
