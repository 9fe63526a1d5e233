"""Two numbers into one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sqlglot import exp

from assets.kettle.generate.calculations import calculation
from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.steps import NUMBERS, calculated, converted, copied
from assets.quality.mapping.transform import Column, Params, Transform, Types, sql_func

if TYPE_CHECKING:
    import polars as pl

OPERATORS = ("+", "-", "*", "/")
_CODES = {"+": "ADD", "-": "SUBTRACT", "*": "MULTIPLY", "/": "DIVIDE"}
_SQL: dict[str, Any] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div}


class ArithmeticParams(Params):
    """`first operator second`; divided by zero is null."""

    operator: Literal["+", "-", "*", "/"]


class Arithmetic(Transform):
    """A sum, difference, product or quotient."""

    params = ArithmeticParams
    arity: ClassVar[tuple[int, int]] = (2, 2)
    rank: ClassVar[int] = 4

    def value(self, columns: Sequence[Column], p: ArithmeticParams) -> "pl.Expr":
        """A float."""
        import polars as pl

        one, two = (c.number for c in columns)
        if p.operator == "/":
            return one / pl.when(two != 0).then(two)
        return {"+": one + two, "-": one - two, "*": one * two}[p.operator]

    def sql(self, columns: Sequence[Column], p: ArithmeticParams) -> exp.Expr:
        """The same."""
        one, two = (c.sql_number for c in columns)
        if p.operator == "/":
            two = sql_func("nullif", two, exp.Literal.number(0))
        found: exp.Expr = _SQL[p.operator](this=one, expression=two)
        return found

    def steps(self, fields: Sequence[str], types: Types, target: str, p: ArithmeticParams) -> list[Made] | None:
        """Calculator; a division has none that gives null for zero."""
        if p.operator == "/" or not all(types[field] in NUMBERS for field in fields):
            return None
        names = [f"{target} {n}" for n in ("first", "second")]
        made: list[Made] = []
        for name, field in zip(names, fields, strict=True):
            made += [copied(field, name, types[field]), converted(name, ValueType.NUMBER)]
        line = calculation(target, _CODES[p.operator], ValueType.NUMBER, *names)
        return [*made, calculated(target, [line], self.words(p))]

    def words(self, p: ArithmeticParams) -> str:
        """`first * second`."""
        return f"first {p.operator} second"

    def reason(self, p: ArithmeticParams) -> str:
        """`is no number`."""
        return "are no numbers, or divide by zero"
