"""Steps with Java expressions in them. UserDefinedJavaClass is on purpose no step of the native engine."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from assets.kettle.engine.step import Decision, Derivation, Ref, RowStep, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.model import Options
from assets.kettle.script.declare import created, replaced
from assets.kettle.script.java_expr import JavaExpression
from assets.kettle.script.java_parse import ExpressionError
from assets.kettle.script.java_values import Char, Int, JavaThrow, text, type_name
from assets.kettle.values.fields import Field, Layout, ValueType
from assets.kettle.values.java_numbers import plain

ERROR_CODE = "UJE001"
_NATIVE: dict[ValueType, tuple[type, ...]] = {
    ValueType.STRING: (str,),
    ValueType.INTEGER: (int,),
    ValueType.NUMBER: (float,),
    ValueType.BOOLEAN: (bool,),
    ValueType.DATE: (datetime,),
    ValueType.TIMESTAMP: (datetime,),
    ValueType.BIGNUMBER: (Decimal,),
    ValueType.BINARY: (bytes,),
}


def compile_java(step: Step, source: str, layout: Layout) -> JavaExpression:
    """The expression over the fields of a layout. Raises StepError naming the step."""
    try:
        return JavaExpression(source, layout.names)
    except ExpressionError as error:
        raise StepError(step.name, str(error.args[0]).split("\n")[0], error.fix) from error


def rows_of(frame: pl.DataFrame, layout: Layout, names: set[str]) -> list[dict[str, Any]]:
    """The named fields of each row as Java values: a BigNumber is a Decimal."""
    columns: dict[str, list[Any]] = {}
    for item in layout:
        if item.name in names:
            values = frame[item.name].to_list()
            big = item.type == ValueType.BIGNUMBER
            columns[item.name] = [None if v is None else Decimal(v) for v in values] if big else values
    if not columns:
        return [{} for _ in range(frame.height)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def stored(value: Any, item: Field, source: str) -> Any:
    """A result as the column holds it. Raises JavaThrow where its class is not that of the declared type.

    An int is taken for an Integer field; nothing else is converted, as in Kettle.
    """
    if value is None:
        return None
    fits = isinstance(value, _NATIVE.get(item.type, (str,))) and not isinstance(value, Char)
    if not fits or (isinstance(value, bool) and item.type != ValueType.BOOLEAN):
        raise JavaThrow(
            f"please specify another type than {item.type} for field {item.name}: "
            f"{source} gives {text(value)}, a {type_name(value)}"
        )
    if isinstance(value, Decimal):
        return plain(value)
    return int(value) if isinstance(value, Int) else value


class Janino(RowStep):
    """User defined Java expression: each formula sees the input and the results of those before it."""

    types = ("Janino",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input with the results appended, or in the place of the fields they replace."""
        layout = before = self.main(inputs)
        formulas: list[tuple[str, Field]] = []
        for option in self.options.rows("formula"):
            layout, item = self._declared(layout, before, option)
            formulas.append((option.text("formula_string", "formula"), item))
        self.formulas = [(compile_java(self, source, layout), item) for source, item in formulas]
        self.before = before
        return layout

    def _declared(self, layout: Layout, before: Layout, option: Options) -> tuple[Layout, Field]:
        name = option.text("field_name")
        if not name:
            raise StepError(self.name, "a formula has no field name", "name the result")
        replace = option.text("replace_field")
        if not replace:
            layout = layout.plus(created(option, name, self.name, "value_"))
            return layout, layout.fields[-1]
        item = replaced(option, self.field(before, replace, "the field to replace"), self.name, "value_")
        return layout.put(item), item

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Evaluates the formulas; a row that throws goes to the error hop."""
        reasons: dict[int, str] = {}
        work, result = self.before, frame
        for expression, item in self.formulas:
            # a field that is not there yet is null, as in Kettle's resized row
            missing = [f for f in self.output if f.name in expression.fields and f.name not in work]
            padded = result.with_columns(pl.lit(None, f.dtype).alias(f.name) for f in missing)
            values = self._evaluate(expression, item, padded, reasons)
            result = result.with_columns(pl.Series(item.name, values, item.dtype))
            work = work.put(item)
        keep = self.split(frame, reasons, "", ERROR_CODE)
        result = result.select(self.output.names) if self.output.names else result
        return result.filter(keep) if reasons else result

    def _evaluate(
        self, expression: JavaExpression, item: Field, frame: pl.DataFrame, reasons: dict[int, str]
    ) -> list[Any]:
        values: list[Any] = []
        for index, row in enumerate(rows_of(frame, self.output, expression.fields)):
            try:
                values.append(None if index in reasons else stored(expression(row), item, expression.source))
            except JavaThrow as error:
                values.append(None)
                reasons[index] = str(error)
            except KettleError as error:
                raise StepError(self.name, f"{item.name}: {error.what}", error.fix) from error
        return values

    def derive(self) -> dict[str, Derivation]:
        """Each result comes from the fields its expression names."""
        source = next(iter(self.inputs), "")
        return {
            item.name: Derivation(
                tuple(Ref(n, source) for n in sorted(e.fields) if n in self.before), f"Java expression {e.source}"
            )
            for e, item in self.formulas
        }


class JavaFilter(Step):
    """Rows for which a Java condition holds go to one step, the others to another.

    Without named targets the rows that pass go to all; with one named target the others are dropped.
    """

    types = ("JavaFilter",)
    copies_as_one = True

    def setup(self) -> None:
        """Reads targets and condition."""
        self.when_true = self.text("send_true_to")
        self.when_false = self.text("send_false_to")
        self.source = self.text("condition")

    def named_targets(self) -> list[str]:
        """The two targets, where they are named."""
        return [name for name in (self.when_true, self.when_false) if name]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's."""
        layout = self.main(inputs)
        self.condition = compile_java(self, self.source, layout)
        return layout

    def decides(self) -> list[Decision]:
        """By the fields that the condition names."""
        return [Decision("filter", tuple(Ref(n) for n in sorted(self.condition.fields)))]

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Tests each row; a condition that throws or is no boolean fails the row."""
        reasons: dict[int, str] = {}
        passed: list[bool] = []
        for index, row in enumerate(rows_of(frame, self.output, self.condition.fields)):
            try:
                value = self.condition(row)
                if not isinstance(value, bool):
                    raise JavaThrow(f"the condition gives {text(value)}, which is no boolean")
                passed.append(value)
            except JavaThrow as error:
                passed.append(False)
                reasons[index] = str(error)
        mask = pl.Series(passed, dtype=pl.Boolean())
        keep = self.split(frame, reasons, "", ERROR_CODE)
        named = bool(self.named_targets())
        if self.when_true or not named:
            self.emit(frame.filter(mask & keep), self.when_true or None)
        if self.when_false:
            self.emit(frame.filter(~mask & keep), self.when_false)
