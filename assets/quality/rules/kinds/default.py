"""Null is to be a constant."""

from collections.abc import Sequence

import polars as pl
from sqlglot import exp

from assets.kettle.generate.imputed import filled_settings
from assets.kettle.generate.part import Made, Part, chain
from assets.kettle.generate.sinks import Sink
from assets.kettle.values.fields import ValueType
from assets.quality.rules.expressions import Tables, Types, sql_column, sql_text, sql_when
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """`value`: the constant, of the columns' type. `empty`: an empty text counts as null too."""

    value: bool | int | float | str
    empty: bool = False


class Default(Kind):
    """Fails where a column is null."""

    params = Given
    most = None
    nulls = True
    repairs = True

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        return pl.any_horizontal(self._missing(rule, column) for column in rule.columns)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """See Kind."""
        value = pl.lit(self.read(rule).value)
        return pl.when(self._missing(rule, column)).then(value).otherwise(pl.col(column)).alias(column)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        return exp.or_(*(self._sql_missing(rule, column) for column in rule.columns))

    def sql_repaired(self, rule: Rule, column: str, dialect: str) -> exp.Expr | None:
        """See Kind."""
        return sql_when(self._sql_missing(rule, column), exp.convert(self.read(rule).value), sql_column(column))

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """If field value is null; an empty text is null to Kettle."""
        value = self.read(rule).value
        if rule.action != "repair" or isinstance(value, bool) or value == "":
            return [] if rule.action == "report" else None
        if any((types[c] is ValueType.STRING) != isinstance(value, str) for c in rule.columns):
            return None
        settings = filled_settings(rule.columns, str(value))
        return [chain(rule.id, Made("fill", f"{rule.id}: fill", "IfNull", settings))]

    def _missing(self, rule: Rule, column: str) -> pl.Expr:
        missing = pl.col(column).is_null()
        return missing | (pl.col(column).cast(pl.String) == "").fill_null(False) if self.read(rule).empty else missing

    def _sql_missing(self, rule: Rule, column: str) -> exp.Expr:
        missing: exp.Expr = sql_column(column).is_(exp.null())
        return exp.or_(missing, sql_text(column).eq(exp.Literal.string(""))) if self.read(rule).empty else missing
