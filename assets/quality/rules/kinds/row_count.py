"""The table has at least and at most so many rows."""

import polars as pl
from sqlglot import exp

from assets.quality.rules.bounds import Bounds
from assets.quality.rules.expressions import Tables, over
from assets.quality.rules.kind import ROW, Kind
from assets.quality.rules.model import Rule


class RowCount(Kind):
    """Fails in all rows, or as a misfit where there are none, when there are too few or too many."""

    params = Bounds
    least, most = 0, 0
    nulls = True

    def scope(self, rule: Rule) -> tuple[str, ...] | None:
        """See Kind."""
        return ()

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        given: Bounds = self.read(rule)
        return given.outside(pl.col(ROW).count()) & pl.col(ROW).is_not_null()

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        given: Bounds = self.read(rule)
        return given.sql_outside(over(exp.Count(this=exp.Star())))
