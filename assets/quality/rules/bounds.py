"""Parameters of kinds that count: at least and at most so many."""

from typing import Self

import polars as pl
from pydantic import Field, model_validator
from sqlglot import exp

from assets.quality.rules.expressions import sql_any_of
from assets.quality.rules.kind import Params


class Bounds(Params):
    """Bounds, both allowed."""

    least: int | None = Field(None, ge=0)
    most: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("gives neither least nor most")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("least is more than most: nothing could keep it")
        return self

    def outside(self, count: pl.Expr) -> pl.Expr:
        """Whether a number is too small or too large; null where it is null."""
        tests = [count < self.least] if self.least is not None else []
        tests += [count > self.most] if self.most is not None else []
        return pl.any_horizontal(tests)

    def sql_outside(self, count: exp.Expr) -> exp.Expr:
        """`outside` in SQL."""
        tests: list[exp.Expr] = [count.copy() < self.least] if self.least is not None else []
        tests += [count.copy() > self.most] if self.most is not None else []
        return sql_any_of(tests)
