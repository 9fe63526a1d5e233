"""Values of a list are wrong spellings, and stand for others: a value map."""

from collections.abc import Sequence

import polars as pl
from pydantic import Field
from sqlglot import exp

from assets.kettle.errors import KettleError
from assets.kettle.generate.mappings import mapper_part
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.kettle.values.fields import ValueType
from assets.quality.rules.expressions import Tables, Types, sql_column, sql_text
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """`mapping`: wrong text -> right text, or null where the value stands for "unknown"."""

    mapping: dict[str, str | None] = Field(min_length=1)


class Replace(Kind):
    """Fails where a value is one of the wrong ones; several columns share the map."""

    params = Given
    most = None
    repairs = True

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        wrong = [before for before, after in self.read(rule).mapping.items() if before != after]
        return pl.any_horizontal(pl.col(c).cast(pl.String).is_in(wrong).fill_null(False) for c in rule.columns)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """See Kind."""
        fixes: dict[str, str | None] = self.read(rule).mapping
        return pl.col(column).replace(list(fixes), pl.Series(list(fixes.values()), dtype=pl.String)).alias(column)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        wrong = [before for before, after in self.read(rule).mapping.items() if before != after]
        words = [exp.Literal.string(word) for word in wrong]
        return exp.or_(*(exp.In(this=sql_text(c), expressions=[w.copy() for w in words]) for c in rule.columns))

    def sql_repaired(self, rule: Rule, column: str, dialect: str) -> exp.Expr | None:
        """See Kind."""
        made = exp.Case()
        for before, after in self.read(rule).mapping.items():
            made = made.when(sql_text(column).eq(exp.Literal.string(before)), exp.convert(after))
        return made.else_(sql_column(column))

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """One Value mapper per column."""
        if rule.action != "repair" or any(types[c] is not ValueType.STRING for c in rule.columns):
            return [] if rule.action == "report" else None
        one = len(rule.columns) == 1
        try:
            return [
                mapper_part(
                    rule.id if one else f"{rule.id}.{n}", c, dict(self.read(rule).mapping), name=f"{rule.id}: map {c}"
                )
                for n, c in enumerate(rule.columns)
            ]
        except KettleError:
            return None
