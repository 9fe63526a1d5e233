"""Functions of single texts over whole columns: each distinct text is computed once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from assets.kettle.values.fields import Field, ValueType
from assets.kettle.values.java_numbers import double_text
from assets.kettle.values.masks_number import Parsed, each_unique

_SAMPLE = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def mapped(column: pl.Series, function: Callable[[Any], Any], dtype: pl.DataType | None = None) -> Parsed:
    """`function` of every value that is not null; a ValueError becomes the reason of its rows (null there).

    Repeated values are computed once, unless the first thousand show that hardly any repeats.
    """
    kind = dtype or pl.String()
    if column.len() <= _SAMPLE or column.head(_SAMPLE).n_unique() < _SAMPLE * 0.9:
        return each_unique(column, function, kind)
    values: list[Any] = []
    reasons: dict[int, str] = {}
    for row, value in enumerate(column.to_list()):
        try:
            values.append(None if value is None else function(value))
        except ValueError as error:
            values.append(None)
            reasons[row] = str(error)
    return pl.Series(column.name, values, dtype=kind), reasons


def mapped_rows(columns: Sequence[pl.Series], function: Callable[..., Any], dtype: pl.DataType) -> Parsed:
    """`function` of the values of each row; null where one is null. A ValueError becomes the row's reason."""
    values: list[Any] = []
    reasons: dict[int, str] = {}
    known: dict[tuple[Any, ...], Any] = {}
    for number, row in enumerate(zip(*columns, strict=True)):
        if any(v is None for v in row):
            values.append(None)
            continue
        if row not in known:
            try:
                known[row] = function(*row)
            except ValueError as error:
                reasons[number] = str(error)
                values.append(None)
                continue
        values.append(known[row])
    name = columns[0].name if columns else ""
    return pl.Series(name, values, dtype=dtype), reasons


def java_text(column: pl.Series, field: Field) -> pl.Series:
    """Java's toString of each value, which knows no mask: 1.0E7, true, Thu Feb 29 13:14:15 UTC 2024."""
    if field.type is ValueType.NUMBER:
        return mapped(column, double_text)[0]
    if field.type is ValueType.BOOLEAN:
        return column.replace_strict({True: "true", False: "false"}, default=None, return_dtype=pl.String)
    if field.type is ValueType.DATE:
        return mapped(column.cast(pl.Int64), _date_text)[0]
    if field.type is ValueType.BINARY:
        return mapped(column, lambda data: data.decode("utf-8", "replace"))[0]
    return column.cast(pl.String)


def _date_text(milliseconds: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.strftime("%a %b %d %H:%M:%S UTC %Y")
