"""Aggregate rows, the forerunner of Group by: one row over all rows."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout, ValueType
from assets.kettle.values.ordering import order_key

CODES = ("NONE", "SUM", "AVERAGE", "COUNT", "MIN", "MAX", "FIRST", "LAST", "FIRST_NULL", "LAST_NULL")
NUMERIC = ("SUM", "AVERAGE", "COUNT")


class AggregateRows(Step):
    """SUM, AVERAGE and COUNT are Numbers; the others keep the field's type and skip nulls, but for LAST_NULL.

    As in Kettle's source, MIN keeps the largest and MAX the smallest value.
    """

    types = ("AggregateRows",)
    blocking = True

    def setup(self) -> None:
        """Reads the lines."""
        self.lines = []
        for option in self.options.rows("fields/field"):
            code = option.text("type", default="NONE").strip().upper()
            if code not in CODES:
                raise StepError(self.name, f"there is no function {code!r}", f"choose one of {', '.join(CODES)}")
            self.lines.append((option.text("name"), option.text("rename") or option.text("name"), code))

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """One field per line."""
        layout = self.main(inputs)
        self.sources = [self.field(layout, name) for name, _, _ in self.lines]
        made = []
        for source, (_, rename, code) in zip(self.sources, self.lines, strict=True):
            changes: dict[str, Any] = {"type": ValueType.NUMBER, "length": -1, "precision": -1}
            made.append(source.but(name=rename, origin=self.name, **(changes if code in NUMERIC else {})))
        return Layout(made)

    def start(self) -> None:
        """Opens the buffer."""
        self.held = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held.append(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The row; column after column, so that no more than one is in memory."""
        values: dict[str, list[Any]] = {}
        for field, source, (_, _, code) in zip(self.output, self.sources, self.lines, strict=True):
            column = self.held.lazy().select(source.name).collect().to_series()
            values[field.name] = [self._value(column, source, code)]
        self.held.clear()
        yield pl.DataFrame(values, schema=self.output.schema)

    def _value(self, column: pl.Series, source: Field, code: str) -> Any:
        if code == "LAST_NULL":
            return column[-1] if column.len() else None
        key = order_key(column, source, case_sensitive=True)
        real, key = column.filter(key.is_not_null()), key.drop_nulls()
        if code in NUMERIC:
            return self._number(real, source, code)
        if not real.len():
            return None
        place = {"MIN": key.arg_max(), "MAX": key.arg_min(), "LAST": real.len() - 1}.get(code)
        return real[place or 0]

    def _number(self, column: pl.Series, source: Field, code: str) -> float | None:
        if code == "COUNT":
            return float(column.len())
        numbers = convert(column, source, Field(source.name, ValueType.NUMBER))
        if numbers.reasons:
            raise StepError(self.name, f"{source.name!r}: {next(iter(numbers.reasons.values()))}", "correct the data")
        total = float(numbers.values.sum()) if column.len() else None
        return total if total is None or code == "SUM" else total / column.len()

    def derive(self) -> dict[str, Derivation]:
        """The results."""
        step = next(iter(self.inputs), "")
        pairs = zip(self.output, self.sources, self.lines, strict=True)
        return {f.name: Derivation((Ref(s.name, step),), f"{line[2].lower()} over all rows") for f, s, line in pairs}
