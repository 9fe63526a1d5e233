"""The table has at least and at most so many rows."""

from typing import Self

import polars as pl
from pydantic import Field, model_validator
from sqlglot import exp

from assets.quality.rules.expressions import Tables, over, sql_any_of
from assets.quality.rules.kind import ROW, Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """Bounds, both allowed."""

    least: int | None = Field(None, ge=0)
    most: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("gives neither least nor most")
        return self


class RowCount(Kind):
    """Fails in all rows, or as a misfit where there are none, when there are too few or too many."""

    params = Given
    least, most = 0, 0
    nulls = True

    def scope(self, rule: Rule) -> tuple[str, ...] | None:
        """See Kind."""
        return ()

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        given, count = self.read(rule), pl.col(ROW).count()
        tests = [count < given.least] if given.least is not None else []
        tests += [count > given.most] if given.most is not None else []
        return pl.any_horizontal(tests) & pl.col(ROW).is_not_null()

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        given, count = self.read(rule), over(exp.Count(this=exp.Star()))
        tests: list[exp.Expr] = [count.copy() < given.least] if given.least is not None else []
        tests += [count.copy() > given.most] if given.most is not None else []
        return sql_any_of(tests)
