"""Field descriptions (Kettle's value metadata) and layouts (row metadata)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import polars as pl


class ValueType(StrEnum):
    """Kettle's value types, spelled as in the files."""

    NUMBER = "Number"
    STRING = "String"
    DATE = "Date"
    BOOLEAN = "Boolean"
    INTEGER = "Integer"
    BIGNUMBER = "BigNumber"
    SERIALIZABLE = "Serializable"
    BINARY = "Binary"
    TIMESTAMP = "Timestamp"
    INET = "Internet Address"
    NONE = "None"

    @classmethod
    def parse(cls, text: str, default: "ValueType | None" = None) -> "ValueType":
        """The type of a name in any case, or of Kettle's number code; `default` (String) when there is none such."""
        key = text.strip().lower()
        if key.isdigit():
            return CODES.get(int(key), default or cls.STRING)
        return next((t for t in cls if t.value.lower() == key), default or cls.STRING)


CODES = {
    1: ValueType.NUMBER,
    2: ValueType.STRING,
    3: ValueType.DATE,
    4: ValueType.BOOLEAN,
    5: ValueType.INTEGER,
    6: ValueType.BIGNUMBER,
    7: ValueType.SERIALIZABLE,
    8: ValueType.BINARY,
    9: ValueType.TIMESTAMP,
    10: ValueType.INET,
}

# how a column of each type is held: a Timestamp to the microsecond, since nanoseconds end in 2262; a BigNumber as the
# plain decimal text of the value (exact at any size, scale kept)
DTYPES: dict[ValueType, pl.DataType] = {
    ValueType.NUMBER: pl.Float64(),
    ValueType.STRING: pl.String(),
    ValueType.DATE: pl.Datetime("ms"),
    ValueType.BOOLEAN: pl.Boolean(),
    ValueType.INTEGER: pl.Int64(),
    ValueType.BIGNUMBER: pl.String(),
    ValueType.SERIALIZABLE: pl.String(),
    ValueType.BINARY: pl.Binary(),
    ValueType.TIMESTAMP: pl.Datetime("us"),
    ValueType.INET: pl.String(),
    ValueType.NONE: pl.String(),
}

FIXED_PRECISION = {ValueType.INTEGER: 0, ValueType.BINARY: 0, ValueType.STRING: -1, ValueType.BOOLEAN: -1}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a row: Kettle's ValueMeta.

    Attributes:
        length: declared length, -1 when open.
        precision: declared precision, -1 when open; fixed for some types.
        mask: conversion mask (Java DecimalFormat or SimpleDateFormat), None for the default.
        decimal, grouping, currency: symbols, None for the locale's.
        locale: date format locale such as "en_US", None for the default (en_US).
        timezone: date format time zone name, None for the default (UTC).
        lenient: dates and numbers are parsed leniently.
        trim: none, left, right or both; applied when text is converted.
        origin: name of the step that made the field.
        storage: "normal"; "lazy" marks a field read by lazy conversion (`text` then holds the raw column's mask).
        descending, any_case: how Sort rows sorted the field; merging and grouping steps behind it compare that way.
    """

    name: str
    type: ValueType = ValueType.STRING
    length: int = -1
    precision: int = -1
    mask: str | None = None
    decimal: str | None = None
    grouping: str | None = None
    currency: str | None = None
    locale: str | None = None
    timezone: str | None = None
    lenient: bool = False
    trim: str = "none"
    origin: str | None = None
    storage: str = "normal"
    descending: bool = False
    any_case: bool = False

    def __post_init__(self) -> None:
        """Some types have one precision whatever was declared, as Kettle reports it."""
        fixed = FIXED_PRECISION.get(self.type)
        if fixed is not None and self.precision != fixed:
            object.__setattr__(self, "precision", fixed)

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of the column."""
        return DTYPES[self.type]

    @property
    def is_numeric(self) -> bool:
        """Number, Integer or BigNumber."""
        return self.type in (ValueType.NUMBER, ValueType.INTEGER, ValueType.BIGNUMBER)

    @property
    def is_date(self) -> bool:
        """Date or Timestamp."""
        return self.type in (ValueType.DATE, ValueType.TIMESTAMP)

    def but(self, **changes: object) -> "Field":
        """A copy with some attributes changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


class Layout:
    """The fields of a row set in order. Look-up by name ignores case; names are unique as columns.

    A field that is added under a name already there gets `_1`, `_2`, as Kettle does.
    """

    __slots__ = ("_index", "fields")

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        self.fields: list[Field] = []
        self._index: dict[str, int] = {}
        for item in fields:
            self._append(item)

    def _append(self, item: Field) -> None:
        name, number = item.name, 1
        while name.lower() in self._index:
            name, number = f"{item.name}_{number}", number + 1
        self._index[name.lower()] = len(self.fields)
        self.fields.append(item if name == item.name else item.but(name=name))

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._index

    def __getitem__(self, name: str) -> Field:
        """The field of that name in any case. Raises KeyError."""
        return self.fields[self._index[name.lower()]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layout) and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Layout({', '.join(f'{f.name}:{f.type}' for f in self.fields)})"

    def get(self, name: str) -> Field | None:
        """The field of that name in any case, or None."""
        position = self._index.get(name.lower())
        return None if position is None else self.fields[position]

    def index(self, name: str) -> int:
        """Position of the field of that name in any case. Raises KeyError."""
        return self._index[name.lower()]

    @property
    def names(self) -> list[str]:
        """The column names in order."""
        return [f.name for f in self.fields]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column names and polars types, for an empty or new frame."""
        return {f.name: f.dtype for f in self.fields}

    def plus(self, *fields: Field) -> "Layout":
        """With these fields appended (renamed when the name is taken)."""
        return Layout([*self.fields, *fields])

    def but(self, name: str, **changes: object) -> "Layout":
        """With some attributes of one field changed, at its place."""
        position = self.index(name)
        return Layout([f.but(**changes) if i == position else f for i, f in enumerate(self.fields)])

    def put(self, item: Field) -> "Layout":
        """With the field replaced at its place when the name is there, else appended."""
        if item.name not in self:
            return self.plus(item)
        position = self.index(item.name)
        return Layout([item if i == position else f for i, f in enumerate(self.fields)])

    def without(self, *names: str) -> "Layout":
        """Without these fields."""
        drop = {n.lower() for n in names}
        return Layout([f for f in self.fields if f.name.lower() not in drop])

    def select(self, names: Iterable[str]) -> "Layout":
        """Only these fields, in the given order. Raises KeyError."""
        return Layout([self[n] for n in names])

    def empty(self) -> pl.DataFrame:
        """A frame of no rows."""
        return pl.DataFrame(schema=self.schema)
