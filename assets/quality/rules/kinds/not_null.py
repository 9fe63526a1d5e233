"""No column is null (or, when asked for, an empty text)."""

from collections.abc import Sequence

import polars as pl
from sqlglot import exp

from assets.kettle.generate.conditions import All, IsNull, Not
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.quality.rules.expressions import Tables, Types, sql_column, sql_text
from assets.quality.rules.kettle import kept
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """`empty`: an empty text counts as null too."""

    empty: bool = False


class NotNull(Kind):
    """Fails where any of the columns is null."""

    params = Given
    most = None
    nulls = True

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        missing = [pl.col(name).is_null() for name in rule.columns]
        if self.read(rule).empty:
            missing += [(pl.col(name).cast(pl.String) == "").fill_null(False) for name in rule.columns]
        return pl.any_horizontal(missing)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        missing: list[exp.Expr] = [sql_column(name).is_(exp.null()) for name in rule.columns]
        if self.read(rule).empty:
            missing += [sql_text(name).eq(exp.Literal.string("")) for name in rule.columns]
        return exp.or_(*missing)

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """See Kind; an empty text is null to Kettle."""
        return kept(rule, All(tuple(Not(IsNull(name)) for name in rule.columns)), types, rejects)
