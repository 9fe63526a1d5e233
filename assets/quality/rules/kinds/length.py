"""Texts have at least and at most so many characters; null passes."""

from collections.abc import Sequence

import polars as pl
from sqlglot import exp

from assets.kettle.generate.conditions import Either, IsNull, Like
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.quality.rules.bounds import Bounds
from assets.quality.rules.expressions import Tables, Types, sql_text
from assets.quality.rules.kettle import kept
from assets.quality.rules.kind import Kind
from assets.quality.rules.model import Rule


class Length(Kind):
    """Fails where a text is too short or too long."""

    params = Bounds

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        given: Bounds = self.read(rule)
        return given.outside(pl.col(rule.columns[0]).cast(pl.String).str.len_chars()).fill_null(False)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        given: Bounds = self.read(rule)
        return given.sql_outside(exp.Length(this=sql_text(rule.columns[0])))

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """See Kind."""
        given, column = self.read(rule), rule.columns[0]
        span = f"{given.least or 0},{'' if given.most is None else given.most}"
        return kept(rule, Either((IsNull(column), Like(column, f"(?s).{{{span}}}", regex=True))), types, rejects)
