"""No two rows have the same values in the columns; rows with a null in one of them count as different."""

from collections.abc import Sequence
from typing import Literal

import polars as pl
from sqlglot import exp

from assets.kettle.generate.filters import unique_part
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.quality.rules.expressions import Tables, Types, over, sql_column
from assets.quality.rules.kind import ROW, Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """`keep`: which row of a group is right: the first, the last, or none of them."""

    keep: Literal["first", "last", "none"] = "first"


class Unique(Kind):
    """Fails where another row, the one to be kept, has the same key."""

    params = Given
    most = None

    def scope(self, rule: Rule) -> tuple[str, ...] | None:
        """See Kind."""
        return rule.columns

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        key = pl.col(rule.columns[0]) if len(rule.columns) == 1 else pl.struct(rule.columns)
        keep = self.read(rule).keep
        twice = {"first": ~key.is_first_distinct(), "last": ~key.is_last_distinct(), "none": key.is_duplicated()}[keep]
        return twice & pl.all_horizontal(pl.col(name).is_not_null() for name in rule.columns)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        keep = self.read(rule).keep
        order: exp.Expr = sql_column(ROW)
        if keep == "none":
            place = over(exp.Count(this=exp.Star()), *rule.columns)
        else:
            place = over(
                exp.RowNumber(), *rule.columns, order=exp.Ordered(this=order, desc=True) if keep == "last" else order
            )
        known: list[exp.Expr] = [sql_column(name).is_(exp.null()).not_() for name in rule.columns]
        return exp.and_(*known, exp.GT(this=place, expression=exp.Literal.number(1)))

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """Sort rows and Unique rows, which keeps the first of each key; rows with null keys count as equal there."""
        if rule.action != "reject" or self.read(rule).keep != "first":
            return None
        return [unique_part(rule.id, rule.columns, rejects, name=f"{rule.id}: unique")]
