"""A condition over columns of the row holds."""

from collections.abc import Sequence
from typing import Annotated, Any

import polars as pl
from pydantic import AfterValidator, Field
from sqlglot import exp

from assets.kettle.generate.conditions import Condition as Tree
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.quality.rules import tree
from assets.quality.rules.expressions import Tables, Types, sql_column, sql_when
from assets.quality.rules.kettle import kept
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """`expression`: a tree or SQL's words (see `tree`). Rows for which it is unknown (a null) pass, as with CHECK.

    `set`: column -> constant that a repair puts where the condition is false.
    """

    expression: Annotated[str | dict[str, Any], AfterValidator(tree.checked)]
    unknown_fails: bool = False
    set: dict[str, bool | int | float | str | None] = Field(default_factory=dict)


class Condition(Kind):
    """Fails where the condition is false."""

    params = Given
    least, most = 0, None
    repairs = True

    def reads(self, rule: Rule) -> tuple[str, ...]:
        """See Kind."""
        return tuple(dict.fromkeys((*rule.columns, *tree.columns(self._tree(rule)), *self.read(rule).set)))

    def writes(self, rule: Rule) -> tuple[str, ...]:
        """See Kind."""
        return tuple(self.read(rule).set)

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        return ~tree.as_polars(self._tree(rule)).fill_null(not self.read(rule).unknown_fails)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """See Kind."""
        given: Given = self.read(rule)
        if column not in given.set:
            return None
        return pl.when(self.failing(rule)).then(pl.lit(given.set[column])).otherwise(pl.col(column)).alias(column)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        right = tree.as_sql(self._tree(rule))
        if self.read(rule).unknown_fails:
            return exp.not_(exp.Coalesce(this=exp.paren(right), expressions=[exp.false()]))
        return exp.not_(exp.paren(right))

    def sql_repaired(self, rule: Rule, column: str, dialect: str) -> exp.Expr | None:
        """See Kind."""
        given: Given = self.read(rule)
        condition = self.sql(rule, dialect)
        if column not in given.set or condition is None:
            return None
        return sql_when(condition, exp.convert(given.set[column]), sql_column(column))

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """Filter rows with the same tree: those that are not false go on."""
        return kept(rule, self._tree(rule), types, rejects, unknown=not self.read(rule).unknown_fails)

    def _tree(self, rule: Rule) -> Tree:
        return tree.parsed(self.read(rule).expression)
