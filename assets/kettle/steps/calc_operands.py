"""What a calculation works on and gives: columns with their value types, and the rows that fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from assets.kettle.text.columns import java_text
from assets.kettle.values.convert import convert, to_text
from assets.kettle.values.fields import DTYPES, Field, ValueType

if TYPE_CHECKING:
    from assets.kettle.engine.run import Run


class Outcome(NamedTuple):
    """A calculated column, its value type, and per failed row (null there) what is wrong."""

    values: pl.Series
    type: ValueType
    reasons: dict[int, str]


@dataclass(frozen=True, slots=True)
class Operand:
    """A field that goes into a calculation."""

    values: pl.Series
    field: Field

    def as_type(self, kind: ValueType) -> tuple[pl.Series, dict[int, str]]:
        """The column converted as Kettle's getInteger, getNumber, getDate and so on do, and the rows that fail."""
        if kind is self.field.type:
            return self.values, {}
        return convert(self.values, self.field, Field(self.field.name, kind))

    def text(self) -> pl.Series:
        """Kettle's getString: with the field's mask."""
        return to_text(self.values, self.field)

    def plain_text(self) -> pl.Series:
        """Java's toString: without mask."""
        return java_text(self.values, self.field)


@dataclass(slots=True)
class Call:
    """One calculation on one batch.

    Attributes:
        a, b, c: the operands that are named.
        target: type of the field that gets the result.
        fail_if_no_file: a missing file fails the row, else it gives no value.
        reasons: rows that failed while operands were converted; the results of those rows are dropped.
    """

    run: "Run"
    rows: int
    target: ValueType
    fail_if_no_file: bool = True
    a: Operand | None = None
    b: Operand | None = None
    c: Operand | None = None
    constant: str = ""
    reasons: dict[int, str] = field(default_factory=dict)

    def first(self) -> Operand:
        """Operand A. Raises ValueError when it is not given."""
        return self._given(self.a, "A")

    def second(self) -> Operand:
        """Operand B. Raises ValueError when it is not given."""
        return self._given(self.b, "B")

    def third(self) -> Operand:
        """Operand C. Raises ValueError when it is not given."""
        return self._given(self.c, "C")

    @staticmethod
    def _given(operand: Operand | None, name: str) -> Operand:
        if operand is None:
            raise ValueError(f"field {name} is missing")
        return operand

    def all_as(self, kind: ValueType, *operands: Operand) -> list[pl.Series]:
        """The operands' columns in one type; rows that cannot be converted are noted as failed."""
        columns = []
        for operand in operands:
            values, reasons = operand.as_type(kind)
            self.reasons |= reasons
            columns.append(values)
        return columns

    def fail_where(self, mask: pl.Series, reason: str) -> None:
        """Notes the rows of the mask as failed."""
        if mask.any():
            self.reasons |= dict.fromkeys(mask.fill_null(value=False).arg_true().to_list(), reason)

    def done(self, values: pl.Series, kind: ValueType) -> Outcome:
        """The result with the failed rows noted so far."""
        if self.reasons:
            values = values.scatter(sorted(self.reasons), None)
        return Outcome(values, kind, self.reasons)

    def nothing(self, kind: ValueType, reason: str, of: Sequence[Operand]) -> Outcome:
        """Every row whose operands are not null fails."""
        there = pl.select(pl.all_horizontal(o.values.is_not_null().alias(str(i)) for i, o in enumerate(of))).to_series()
        self.fail_where(there, reason)
        return Outcome(pl.Series([None] * self.rows, dtype=DTYPES[kind]), kind, self.reasons)


Calculation = Callable[[Call], Outcome]
