"""Rows and columns of Python values as Arrow, whatever mixture they are."""

import datetime as dt
import decimal
import json
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from assets.catalog.model import Base

_TYPES = {
    Base.INTEGER: pa.int64(),
    Base.BOOLEAN: pa.bool_(),
    Base.TEXT: pa.large_string(),
    Base.BINARY: pa.large_binary(),
    Base.DATE: pa.date32(),
    Base.NUMBER: pa.float64(),
}
_OF_PYTHON: dict[type, Base] = {
    bool: Base.BOOLEAN,
    int: Base.INTEGER,
    float: Base.NUMBER,
    decimal.Decimal: Base.NUMBER,
    str: Base.TEXT,
    bytes: Base.BINARY,
    dt.datetime: Base.TIMESTAMP,
    dt.date: Base.DATE,
    dt.time: Base.TIME,
    dict: Base.NESTED,
    list: Base.NESTED,
}


def base_of(type_: pa.DataType) -> Base:
    """The base of an Arrow type."""
    if pa.types.is_dictionary(type_):
        return base_of(type_.value_type)
    for test, base in _TESTS:
        if test(type_):
            return base
    return Base.OTHER


_TESTS = (
    (pa.types.is_boolean, Base.BOOLEAN),
    (pa.types.is_integer, Base.INTEGER),
    (pa.types.is_floating, Base.NUMBER),
    (pa.types.is_decimal, Base.NUMBER),
    (pa.types.is_string, Base.TEXT),
    (pa.types.is_large_string, Base.TEXT),
    (pa.types.is_string_view, Base.TEXT),
    (pa.types.is_binary, Base.BINARY),
    (pa.types.is_large_binary, Base.BINARY),
    (pa.types.is_fixed_size_binary, Base.BINARY),
    (pa.types.is_date, Base.DATE),
    (pa.types.is_time, Base.TIME),
    (pa.types.is_timestamp, Base.TIMESTAMP),
    (pa.types.is_nested, Base.NESTED),
)


def base_of_values(values: Iterable[Any]) -> Base:
    """The base that Python values have in common; text where they differ, OTHER where all are None."""
    kinds = {_OF_PYTHON.get(kind, Base.TEXT) for kind in set(map(type, values)) - {type(None)}}
    if kinds == {Base.INTEGER, Base.NUMBER}:
        return Base.NUMBER
    if not kinds:
        return Base.OTHER
    return kinds.pop() if len(kinds) == 1 else Base.TEXT


def column(values: Sequence[Any], base: Base) -> pa.Array:
    """A column of its base's Arrow type, or of text where a value is not of it."""
    wanted = _TYPES.get(base)
    try:
        if wanted is not None:
            return pa.array(values, wanted)
        if base is Base.TIMESTAMP:
            return pa.array(values, pa.timestamp("us"))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, OverflowError, ValueError):
        pass
    return pa.array([None if v is None else text(v) for v in values], pa.large_string())


def text(value: Any) -> str:
    """A value as text: bytes in hexadecimal, nested values as JSON, moments in ISO 8601."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value)


def batch(rows: Sequence[Sequence[Any]], bases: Sequence[Base]) -> pa.RecordBatch:
    """Rows as a batch; names of columns may repeat."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(bases)
    arrays = [column(values, base) for values, base in zip(columns, bases, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(bases))])


def plain(found: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with nested columns, views and odd types as text or bytes, so that they can be counted."""
    arrays = [_plain(array) for array in found.columns]
    return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])


def _plain(array: pa.Array) -> pa.Array:
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return _plain(array.storage)
    if pa.types.is_nested(kind) or pa.types.is_interval(kind):
        return pa.array([None if v is None else text(v) for v in array.to_pylist()], pa.large_string())
    if pa.types.is_string_view(kind):
        return array.cast(pa.large_string())
    if pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind):
        return array.cast(pa.large_binary())
    if pa.types.is_dictionary(kind) and not pa.types.is_string(kind.value_type):
        return _plain(array.cast(kind.value_type))
    if pa.types.is_duration(kind):
        return array.cast(pa.int64())
    if pa.types.is_decimal256(kind):
        return array.cast(pa.large_string())
    return array
