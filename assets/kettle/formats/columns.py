"""The fields that a file step declares, and turning raw text columns into values of their types."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from assets.kettle.model import Options
from assets.kettle.values.convert import parse_text
from assets.kettle.values.fields import Field, ValueType

INTEGER_MASK = "####0;-####0"
NUMBER_MASK = "####0.0#########;-####0.0#########"


@dataclass(frozen=True, slots=True)
class Column:
    """One declared field of a file.

    Attributes:
        null_if, if_null: text that counts as null, text used in place of null.
        repeat: null takes the value of the row before.
        position: start in a fixed-width line, 0-based.
        path: JsonPath, XPath or column of the file that it is read from.
    """

    field: Field
    null_if: str = ""
    if_null: str = ""
    repeat: bool = False
    position: int = -1
    path: str = ""


def number(text: str, default: int = -1) -> int:
    """A whole number option of a field; `default` when it is none."""
    try:
        return int(text.strip())
    except ValueError:
        return default


def declared(option: Options, origin: str, name: str | None = None) -> Field:
    """The field that a `<field>` element describes, in the spellings of Kettle and of Hop."""
    kind = ValueType.parse(option.text("type"), ValueType.STRING)
    return Field(
        name=name if name is not None else option.text("name"),
        type=kind,
        length=number(option.text("length")),
        precision=0 if kind == ValueType.INTEGER else number(option.text("precision")),
        mask=option.text("format", "mask") or None,
        decimal=option.text("decimal") or None,
        grouping=option.text("group", "grouping") or None,
        currency=option.text("currency") or None,
        trim=option.text("trim_type", default="none"),
        origin=origin,
    )


def integer_field(name: str, origin: str, length: int = 10) -> Field:
    """A counter that a step adds itself: Integer with Kettle's default mask."""
    return Field(name, ValueType.INTEGER, length, 0, INTEGER_MASK, origin=origin)


def described(field: Field) -> str:
    """Type and size as Kettle's messages show them: `Date`, `Integer(5)`, `Number(6, 2)`."""
    if field.length <= 0 or field.type not in SIZED:
        return str(field.type)
    if field.type in (ValueType.NUMBER, ValueType.BIGNUMBER) and field.precision > 0:
        return f"{field.type}({field.length}, {field.precision})"
    return f"{field.type}({field.length})"


SIZED = (ValueType.STRING, ValueType.NUMBER, ValueType.BIGNUMBER, ValueType.INTEGER)


@dataclass(slots=True)
class Parsed:
    """Values of all columns, and what could not be read: row -> [(position of the column, message)]."""

    columns: list[pl.Series]
    failures: dict[int, list[tuple[int, str]]]


def parse_columns(texts: Sequence[pl.Series], columns: Sequence[Column]) -> Parsed:
    """Raw texts as the declared types, as text-reading steps do: "" and the null-if text are null, then the default."""
    values: list[pl.Series] = []
    failures: dict[int, list[tuple[int, str]]] = {}
    for position, (text, column) in enumerate(zip(texts, columns, strict=True)):
        if column.null_if:
            text = text.set((text == column.null_if).fill_null(value=False), None)
        converted = parse_text(text, column.field, null_if=column.null_if, if_null=column.if_null)
        values.append(converted.values.alias(column.field.name))
        for row, reason in converted.reasons.items():
            failures.setdefault(row, []).append((position, reason))
    return Parsed(values, failures)


class Repeater:
    """Fills null in the columns marked `repeat` with the last value seen, across batches."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._names = [c.field.name for c in columns if c.repeat]
        self._last: dict[str, pl.Series] = {}

    def fill(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the gaps filled."""
        if not self._names or not frame.height:
            return frame
        filled = []
        for name in self._names:
            column = frame[name]
            last = self._last.get(name)
            joined = column if last is None else pl.concat([last, column])
            column = joined.forward_fill().tail(frame.height)
            self._last[name] = column.tail(1)
            filled.append(column.alias(name))
        return frame.with_columns(filled)
