"""The Formula step."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import KettleError, StepError
from assets.kettle.model import Options
from assets.kettle.script.declare import created, number, sized
from assets.kettle.script.formula import Formula
from assets.kettle.script.formula_values import Fault, field_value, moment, text
from assets.kettle.script.java_parse import ExpressionError
from assets.kettle.values.convert import convert_value
from assets.kettle.values.fields import Field, Layout, ValueType
from assets.kettle.values.java_numbers import decimal_long, plain

_DIRECT: dict[tuple[type, ValueType], Callable[[Any], Any]] = {
    (Decimal, ValueType.NUMBER): float,
    (Decimal, ValueType.INTEGER): decimal_long,
    (Decimal, ValueType.BIGNUMBER): plain,
    (Decimal, ValueType.STRING): plain,
    (bool, ValueType.BOOLEAN): bool,
    (bool, ValueType.STRING): lambda v: "true" if v else "false",
    (str, ValueType.STRING): str,
    (datetime, ValueType.DATE): lambda v: v,
    (datetime, ValueType.TIMESTAMP): lambda v: v,
}
_KINDS = {Decimal: ValueType.BIGNUMBER, str: ValueType.STRING, datetime: ValueType.DATE}


class FormulaStep(RowStep):
    """Formulas over the fields; each sees the results of those before it. An error value fails the row.

    A Boolean result needs a Boolean field; other results are converted to the declared type as Kettle converts: a
    number in a Date field counts milliseconds, in Hop days.
    """

    types = ("Formula",)

    def setup(self) -> None:
        """Reads the formulas, which in Hop stand one element deeper and may hold variables."""
        self.hop = self.run.transformation.kind == "hpl"
        self.declared = self.options.rows("formula") or self.options.rows("formulas/formula")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input with the results appended, or in the place of the fields they replace, which keep name and type."""
        self.before = layout = self.main(inputs)
        self.aliases: dict[str, str] = {}
        results: list[tuple[str, Field, bool]] = []
        for option in self.declared:
            layout, item = self._result(layout, option)
            source = option.text("formula_string", "formula")
            set_na = option.flag("set_na")
            results.append((self.resolve(source) if self.hop else source, item, set_na))
        self.formulas = [(self._compiled(source, layout), item, na) for source, item, na in results]
        return layout

    def _result(self, layout: Layout, option: Options) -> tuple[Layout, Field]:
        name, replace = option.text("field_name"), option.text("replace_field")
        if not name:
            raise StepError(self.name, "a formula has no field name", "name the result")
        if not replace:
            layout = layout.plus(created(option, name, self.name, "value_"))
            return layout, layout.fields[-1]
        old = self.field(layout, replace, "the field to replace")
        length, precision = sized(old.type, number(option, "value_length"), number(option, "value_precision"))
        item = old.but(length=length, precision=precision, origin=self.name)
        if self.hop:
            self.aliases[name] = old.name
        return layout.put(item), item

    def _compiled(self, source: str, layout: Layout) -> Formula:
        try:
            return Formula(source, layout.names, aliases=self.aliases, hop=self.hop)
        except ExpressionError as error:
            raise StepError(self.name, str(error.args[0]).split("\n")[0], error.fix) from error

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Evaluates the formulas once per distinct combination of the values that each reads."""
        reasons: dict[int, str] = {}
        current = {f.name: f for f in self.before}
        result = frame
        for formula, item, set_na in self.formulas:
            missing = [f for f in self.output if f.name in formula.fields and f.name not in current]
            padded = result.with_columns(pl.lit(None, f.dtype).alias(f.name) for f in missing)
            values = self._values(formula, item, padded, set_na=set_na, reasons=reasons)
            result = result.with_columns(pl.Series(item.name, values, item.dtype))
            current[item.name] = item
        keep = self.split(frame, reasons)
        result = result.select(self.output.names) if self.output.names else result
        return result.filter(keep) if reasons else result

    def _values(
        self, formula: Formula, item: Field, frame: pl.DataFrame, *, set_na: bool, reasons: dict[int, str]
    ) -> list[Any]:
        columns = [(f, frame[f.name].to_list()) for f in self.output if f.name in formula.fields]
        rows = list(zip(*(values for _, values in columns), strict=True)) if columns else [()] * frame.height
        known: dict[Any, Any] = {}
        found: list[Any] = []
        for index, key in enumerate(rows):
            if formula.volatile or key not in known:
                try:
                    row = {f.name: _taken(v, f) for (f, _), v in zip(columns, key, strict=True)}
                    value = formula(row)
                    days = self.hop and item.is_date and isinstance(value, Decimal)
                    known[key] = _stored(moment(value) if days else value, item)
                except KettleError as error:
                    raise StepError(self.name, f"{item.name}: {error.what}", error.fix) from error
                except (Fault, ValueError) as error:
                    known[key] = None if set_na else error
            value = known[key]
            if isinstance(value, Exception):
                reasons.setdefault(index, f"the formula {formula.source!r} for {item.name}: {value}")
            found.append(None if isinstance(value, Exception) else value)
        return found

    def derive(self) -> dict[str, Derivation]:
        """Each result comes from the fields its formula names."""
        source = next(iter(self.inputs), "")
        return {
            item.name: Derivation(
                tuple(Ref(n, source) for n in sorted(f.fields) if n in self.before), f"formula {f.source}"
            )
            for f, item, _ in self.formulas
        }


def _taken(value: Any, item: Field) -> Any:
    """A field's value as formulas see it."""
    return Decimal(value) if item.type == ValueType.BIGNUMBER and value is not None else field_value(value)


def _stored(value: Any, item: Field) -> Any:
    """A result as the column holds it. Raises ValueError where Kettle refuses the type or cannot convert."""
    if value is None:
        return None
    direct = _DIRECT.get((type(value), item.type))
    if direct is not None:
        return direct(value)
    if isinstance(value, bool):
        raise ValueError(f"please specify a Boolean type for field {item.name}")
    source = Field(item.name, _KINDS[type(value)])
    return convert_value(text(value) if isinstance(value, Decimal) else value, source, item)
