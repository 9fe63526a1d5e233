"""The first column is the sum or the product of the second and third; null in any of them passes."""

from typing import Literal

import polars as pl
from pydantic import Field
from sqlglot import exp

from assets.quality.rules.expressions import Tables, number, sql_number
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """`first = second operator third`.

    Attributes:
        tolerance: how far apart the two may lie; a ten-thousandth of the result more is always allowed.
        decimals: of the result a repair writes.
    """

    operator: Literal["+", "*"]
    tolerance: float = Field(0.006, ge=0)
    decimals: int = Field(2, ge=0, le=15)


class Arithmetic(Kind):
    """Fails where all three are there and the result is another."""

    params = Given
    least, most = 3, 3
    repairs = True

    def writes(self, rule: Rule) -> tuple[str, ...]:
        """See Kind."""
        return rule.columns[:1]

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        right = self._result(rule)
        away: pl.Expr = (number(rule.columns[0]) - right).abs()
        wrong: pl.Expr = away > self.read(rule).tolerance + right.abs() * 1e-4
        return wrong.fill_null(False)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """See Kind: the result; in the column's own type."""
        if column != rule.columns[0]:
            return None
        right = self._result(rule).round(self.read(rule).decimals)
        return pl.when(self.failing(rule)).then(right).otherwise(pl.col(column)).alias(column)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        first, second, third = map(sql_number, rule.columns)
        given: Given = self.read(rule)
        right: exp.Expr = exp.paren(second + third if given.operator == "+" else second * third)
        limit = exp.Literal.number(given.tolerance) + exp.func("ABS", right) * exp.Literal.number("0.0001")
        made: exp.Expr = exp.GT(this=exp.func("ABS", first - right), expression=exp.paren(limit))
        return made

    def _result(self, rule: Rule) -> pl.Expr:
        second, third = map(number, rule.columns[1:])
        made: pl.Expr = second + third if self.read(rule).operator == "+" else second * third
        return made
