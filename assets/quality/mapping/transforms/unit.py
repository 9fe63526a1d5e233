"""A number in another unit: times a factor, plus an offset."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field
from sqlglot import exp

from assets.kettle.generate.calculations import calculation
from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.steps import NUMBERS, calculated, converted, copied
from assets.quality.mapping.transform import Column, Params, Shown, Transform, Types
from assets.quality.mapping.units import constant_factor, known_unit

if TYPE_CHECKING:
    import polars as pl


class UnitParams(Params):
    """`value * factor + offset`. `of`: the two units, or what else the factor is."""

    factor: float = Field(allow_inf_nan=False)
    offset: float = Field(0.0, allow_inf_nan=False)
    of: str = ""


class Unit(Transform):
    """Another unit."""

    params = UnitParams
    rank: ClassVar[int] = 3

    def value(self, columns: Sequence[Column], p: UnitParams) -> "pl.Expr":
        """A float."""
        scaled = columns[0].number * p.factor
        return scaled + p.offset if p.offset else scaled

    def sql(self, columns: Sequence[Column], p: UnitParams) -> exp.Expr:
        """The same."""
        scaled: exp.Expr = exp.Mul(this=columns[0].sql_number, expression=_double(p.factor))
        return exp.Add(this=scaled, expression=_double(p.offset)) if p.offset else scaled

    def steps(self, fields: Sequence[str], types: Types, target: str, p: UnitParams) -> list[Made] | None:
        """Constants and products of Calculator."""
        kind = types[fields[0]]
        if kind not in NUMBERS:
            return None
        number, one, more = f"{target} number", f"{target} factor", f"{target} offset"
        lines = [calculation(one, "CONSTANT", ValueType.NUMBER, repr(p.factor), removed=True)]
        lines.append(calculation(target, "MULTIPLY", ValueType.NUMBER, number, one))
        if p.offset:
            lines[-1] = calculation(f"{target} scaled", "MULTIPLY", ValueType.NUMBER, number, one, removed=True)
            lines.append(calculation(more, "CONSTANT", ValueType.NUMBER, repr(p.offset), removed=True))
            lines.append(calculation(target, "ADD", ValueType.NUMBER, f"{target} scaled", more))
        return [
            copied(fields[0], number, kind),
            converted(number, ValueType.NUMBER),
            calculated(target, lines, self.words(p)),
        ]

    def guesses(self, source: Shown, target: Shown, aligned: bool) -> Iterator[dict[str, Any]]:
        """A constant ratio of aligned values, or of the quantiles; or a known conversion between both."""
        import polars as pl

        frame = pl.DataFrame({"s": source.values})
        ours = frame.select(Column("s", source.values.dtype).number).to_series()
        theirs = target.values.cast(pl.Float64, strict=False) if target.values.dtype.is_numeric() else None
        if theirs is None or ours.null_count() == len(ours):
            return
        found = constant_factor(ours, theirs, aligned)
        near = 1e-9 if aligned else 0.1
        if found is not None and (abs(found[0] - 1) > near or abs(found[1]) > 1e-9):
            factor, offset, of = known_unit(*found, tolerance=1e-3 if aligned else 0.05)
            yield {"factor": factor, "offset": offset, "of": of}

    def words(self, p: UnitParams) -> str:
        """`unit: 1000 times (kg to g)`."""
        plus = f" plus {p.offset:g}" if p.offset else ""
        return f"unit: {p.factor:g} times{plus}" + (f" ({p.of})" if p.of else "")

    def reason(self, p: UnitParams) -> str:
        """`is no number`."""
        return "is no number"


def _double(value: float) -> exp.Expr:
    return exp.cast(exp.Literal.number(repr(value)), "double")
