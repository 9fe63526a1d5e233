"""Texts have at least and at most so many characters; null passes."""

from collections.abc import Sequence
from typing import Self

import polars as pl
from pydantic import Field, model_validator
from sqlglot import exp

from assets.kettle.generate.conditions import Either, IsNull, Like
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.quality.rules.expressions import Tables, Types, sql_any_of, sql_text
from assets.quality.rules.kettle import kept
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """Bounds in characters, both allowed."""

    least: int | None = Field(None, ge=0)
    most: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("gives neither least nor most")
        return self


class Length(Kind):
    """Fails where a text is too short or too long."""

    params = Given

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        given, length = self.read(rule), pl.col(rule.columns[0]).cast(pl.String).str.len_chars()
        tests = [length < given.least] if given.least is not None else []
        tests += [length > given.most] if given.most is not None else []
        return pl.any_horizontal(tests).fill_null(False)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        given, length = self.read(rule), exp.Length(this=sql_text(rule.columns[0]))
        tests: list[exp.Expr] = [length.copy() < given.least] if given.least is not None else []
        tests += [length.copy() > given.most] if given.most is not None else []
        return sql_any_of(tests)

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """See Kind."""
        given, column = self.read(rule), rule.columns[0]
        span = f"{given.least or 0},{'' if given.most is None else given.most}"
        return kept(rule, Either((IsNull(column), Like(column, f"(?s).{{{span}}}", regex=True))), types, rejects)
