"""Calculator: new fields from predefined calculations, one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.model import Options
from assets.kettle.steps.calc_codes import CALCULATIONS, DEFAULT_TYPES, code_of
from assets.kettle.steps.calc_operands import Call, Operand
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout, ValueType


@dataclass(frozen=True, slots=True)
class Line:
    """One calculation: positions of its operands among the fields so far, and of its result."""

    code: str
    operands: tuple[int | None, int | None, int | None]
    constant: str
    target: Field
    removed: bool


def _whole(text: str) -> int:
    text = text.strip()
    return int(text) if text.lstrip("-").isdigit() else -1


class Calculator(RowStep):
    """88 calculations. The arithmetic goes by the type of field A, then the result is converted to the declared type.

    Later lines may use the results of earlier ones; those marked "remove" are dropped at the end. A row that fails
    (Integer division by zero, a value that cannot be converted) goes to the error hop.
    """

    types = ("Calculator",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the results that are kept."""
        layout = self.main(inputs)
        self.lines: list[Line] = []
        for number, option in enumerate(self.options.rows("calculation"), 1):
            if not option.text("field_name"):
                raise StepError(self.name, f"calculation {number} has no field name", "name the new field")
            line = self._line(layout, option, number)
            layout = layout.plus(line.target)
            self.lines.append(line)
        self.all = layout
        start = len(layout) - len(self.lines)
        self.kept = [
            position for position in range(len(layout)) if position < start or not self.lines[position - start].removed
        ]
        return Layout([layout.fields[position] for position in self.kept])

    def _line(self, layout: Layout, option: Options, number: int) -> Line:
        try:
            code = code_of(option.text("calc_type", default="-"))
        except ValueError as error:
            raise StepError(self.name, f"calculation {number}: {error}", "correct the calculation type") from error
        names = [option.text(tag) for tag in ("field_a", "field_b", "field_c")]
        constant = names[0] if code == "CONSTANT" else ""
        if code == "CONSTANT":
            names[0] = ""
        elif not names[0] and code != "-":
            raise StepError(self.name, f"calculation {number} has no field A", "name the first argument")
        operands = [self._position(layout, name, number) for name in names]
        return Line(
            code,
            (operands[0], operands[1], operands[2]),
            constant,
            self._target(option, code, number),
            option.flag("remove"),
        )

    def _position(self, layout: Layout, name: str, number: int) -> int | None:
        return layout.index(self.field(layout, name, f"calculation {number}: field").name) if name else None

    def _target(self, option: Options, code: str, number: int) -> Field:
        kind = ValueType.parse(option.text("value_type"), default=ValueType.NONE)
        if kind is ValueType.NONE:
            kind = DEFAULT_TYPES.get(code, ValueType.STRING)
        if kind is ValueType.NONE:
            raise StepError(self.name, f"calculation {number} ({code}) has no type", "choose the value type")
        mask, decimal, grouping = (
            option.text(tag) or None for tag in ("conversion_mask", "decimal_symbol", "grouping_symbol")
        )
        if not option.has("conversion_mask") and kind in _OLD_MASKS:
            # files from before there were masks
            mask, decimal, grouping = _OLD_MASKS[kind], decimal or ".", grouping or ","
        return Field(
            option.text("field_name"),
            kind,
            _whole(option.text("value_length", default="-1")),
            _whole(option.text("value_precision", default="-1")),
            mask,
            decimal,
            grouping,
            option.text("currency_symbol") or None,
            origin=self.name,
        )

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the results; those with a calculation that fails are rejected."""
        columns = frame.get_columns()
        failed: dict[int, str] = {}
        start = len(self.all) - len(self.lines)
        for number, line in enumerate(self.lines):
            values, reasons = self._result(line, columns, frame.height)
            failed = reasons | failed
            columns.append(values.alias(self.all.fields[start + number].name))
        result = pl.DataFrame([columns[position] for position in self.kept])
        if not failed:
            return result
        return result.filter(self.split(frame, failed))

    def _result(self, line: Line, columns: list[pl.Series], rows: int) -> tuple[pl.Series, dict[int, str]]:
        a, b, c = (None if p is None else Operand(columns[p], self.all.fields[p]) for p in line.operands)
        must_exist = self.options.flag("failIfNoFile", default=True)
        call = Call(self.run, rows, line.target.type, must_exist, a, b, c, line.constant)
        try:
            outcome = CALCULATIONS[line.code](call)
        except ValueError as error:
            raise StepError(
                self.name, f"field {line.target.name!r} ({line.code}): {error}", "correct the line"
            ) from error
        if outcome.type is line.target.type:
            return outcome.values.cast(line.target.dtype), outcome.reasons
        result = line.target.but(name="result", type=outcome.type, length=-1, precision=-1)
        converted = convert(outcome.values, result, line.target)
        return converted.values, converted.reasons | outcome.reasons

    def derive(self) -> dict[str, Derivation]:
        """Each kept result comes from its operands, through dropped ones to what they came from."""
        source = next(iter(self.inputs), "")
        start = len(self.all) - len(self.lines)
        found: dict[int, Derivation] = {}
        for number, line in enumerate(self.lines):
            origins: dict[Ref, None] = {}
            for position in line.operands:
                if position is None:
                    continue
                earlier = found.get(position)
                refs = earlier.sources if earlier else (Ref(self.all.fields[position].name, source),)
                origins |= dict.fromkeys(refs)
            names = [self.all.fields[p].name for p in line.operands if p is not None]
            words = f"constant {line.constant!r}" if line.code == "CONSTANT" else f"{line.code}({', '.join(names)})"
            found[start + number] = Derivation(tuple(origins), words)
        return {self.all.fields[p].name: derivation for p, derivation in found.items() if p in self.kept}


_OLD_MASKS = {ValueType.INTEGER: "0", ValueType.NUMBER: "0.0"}
