"""Two columns stand in a relation, such as start <= end; null in either passes."""

from collections.abc import Sequence
from typing import Literal

import polars as pl
from sqlglot import exp

from assets.kettle.generate.conditions import Compare as Test
from assets.kettle.generate.conditions import Either, IsNull
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.quality.rules.expressions import Tables, Types, sql_column
from assets.quality.rules.kettle import kept
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule
from assets.quality.rules.tree import compared, sql_compared


class Given(Params):
    """`first operator second` is right."""

    operator: Literal["=", "<>", "<", "<=", ">", ">="]


class Compare(Kind):
    """Fails where both are there and the relation is not."""

    params = Given
    least, most = 2, 2

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        first, second = rule.columns
        right: pl.Expr = compared(pl.col(first), self.read(rule).operator, pl.col(second))
        return ~right.fill_null(True)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        first, second = map(sql_column, rule.columns)
        return exp.not_(sql_compared(first, self.read(rule).operator, second))

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """See Kind."""
        first, second = rule.columns
        right = Test(first, self.read(rule).operator, other=second)
        return kept(rule, Either((IsNull(first), IsNull(second), right)), types, rejects)
