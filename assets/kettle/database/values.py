"""Values between database drivers and frames of Kettle's types."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from assets.kettle.values.fields import Field, Layout, ValueType

_EPOCH = datetime(1970, 1, 1)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, time):
        return datetime.combine(_EPOCH.date(), value.replace(tzinfo=None))
    if isinstance(value, timedelta):
        return _EPOCH + value
    return datetime.fromisoformat(str(value)).replace(tzinfo=None)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | memoryview | bytearray):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def plain(value: Any) -> str:
    """A number as plain decimal text, the form of BigNumber."""
    return format(value if isinstance(value, Decimal) else Decimal(str(value)), "f")


def _boolean(value: Any) -> bool:
    return value not in (b"\x00", 0, False, "0", "f", "false", "N")


_READ: dict[ValueType, Callable[[Any], Any]] = {
    ValueType.INTEGER: int,
    ValueType.NUMBER: float,
    ValueType.BIGNUMBER: plain,
    ValueType.BOOLEAN: _boolean,
    ValueType.DATE: _moment,
    ValueType.TIMESTAMP: _moment,
    ValueType.BINARY: lambda v: v.encode() if isinstance(v, str) else bytes(v),
}


def frame_of(rows: Sequence[Sequence[Any]], layout: Layout) -> pl.DataFrame:
    """Rows of a driver as a frame of the layout."""
    columns = []
    for number, field in enumerate(layout):
        read: Callable[[Any], Any] = _READ.get(field.type, _text)
        values: list[Any] = [None if row[number] is None else read(row[number]) for row in rows]
        columns.append(pl.Series(field.name, values, dtype=field.dtype, strict=False))
    return pl.DataFrame(columns) if columns else pl.DataFrame(height=len(rows))


def conform(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """A frame that came through Arrow in the types of the layout; columns are taken by position."""
    return pl.DataFrame([_conformed(column, field) for column, field in zip(frame.get_columns(), layout, strict=True)])


def _conformed(column: pl.Series, field: Field) -> pl.Series:
    column = column.alias(field.name)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if field.type is ValueType.BIGNUMBER:
        return _big(column)
    if column.dtype == pl.Time:
        return (column.cast(pl.Duration("ms")) + pl.Series([_EPOCH], dtype=pl.Datetime("ms"))).alias(field.name)
    if isinstance(column.dtype, pl.List | pl.Struct | pl.Array):
        texts = [None if value is None else _text(value) for value in column.to_list()]
        return pl.Series(field.name, texts, dtype=pl.String)
    return column if column.dtype == field.dtype else column.cast(field.dtype)


def _big(column: pl.Series) -> pl.Series:
    text = column.cast(pl.String)
    exponent = text.str.contains("e", literal=True).fill_null(value=False)
    if exponent.any():
        exact = [None if v is None else plain(v) for v in column.to_list()]
        return pl.Series(column.name, exact, dtype=pl.String)
    if column.dtype.is_float():
        return text.str.strip_suffix(".0")
    return text


def parameters_of(frame: pl.DataFrame, layout: Layout, *, booleans: bool = True) -> list[tuple[Any, ...]]:
    """Rows to bind: BigNumber as Decimal, Boolean as Y or N where the database has none."""
    return list(zip(*(_bound(frame[field.name], field, booleans=booleans) for field in layout), strict=True))


def _bound(column: pl.Series, field: Field, *, booleans: bool) -> list[Any]:
    if field.type is ValueType.BIGNUMBER:
        return [None if value is None else Decimal(value) for value in column.to_list()]
    if field.type is ValueType.BOOLEAN and not booleans:
        return [None if value is None else "Y" if value else "N" for value in column.to_list()]
    if field.type is ValueType.TIMESTAMP:
        return column.cast(pl.Datetime("us")).to_list()
    return column.to_list()
