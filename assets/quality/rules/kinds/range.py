"""Numbers or moments lie between bounds; null, and a text that is no number, passes."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal, Self

import polars as pl
from pydantic import model_validator
from sqlglot import exp

from assets.kettle.generate.conditions import All, Compare, Condition, Either, IsNull
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.kettle.values.fields import ValueType
from assets.quality.rules.expressions import (
    Tables,
    Types,
    moment,
    null_out,
    number,
    sql_any_of,
    sql_column,
    sql_moment,
    sql_number,
    sql_when,
)
from assets.quality.rules.kettle import kept
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule
from assets.quality.rules.tree import compared, literal, sql_compared

Bound = int | float | dt.datetime | dt.date


class Given(Params):
    """Bounds, themselves allowed unless `open`: numbers, or dates (ISO 8601). `fix`: what a repair does."""

    low: Bound | None = None
    high: Bound | None = None
    low_open: bool = False
    high_open: bool = False
    fix: Literal["null", "clip"] = "null"

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("gives neither low nor high")
        if isinstance(self.low, dt.date) != isinstance(self.high, dt.date) and None not in (self.low, self.high):
            raise ValueError("one bound is a date, the other a number")
        if self.low is not None and self.high is not None and _moment(self.low) > _moment(self.high):  # type: ignore[operator]
            raise ValueError("low is above high: nothing could keep it")
        return self

    @property
    def dated(self) -> bool:
        """Whether the bounds are moments."""
        return isinstance(self.low if self.low is not None else self.high, dt.date)

    def tests(self) -> list[tuple[str, Bound]]:
        """Operators and bounds with which a value is outside."""
        found: list[tuple[str, Bound]] = []
        if self.low is not None:
            found.append(("<=" if self.low_open else "<", self.low))
        if self.high is not None:
            found.append((">=" if self.high_open else ">", self.high))
        return found


class Range(Kind):
    """Fails where a value lies outside."""

    params = Given
    repairs = True

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        given: Given = self.read(rule)
        value = moment(rule.columns[0]) if given.dated else number(rule.columns[0])
        return pl.any_horizontal(
            compared(value, test, pl.lit(_moment(bound))) for test, bound in given.tests()
        ).fill_null(False)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """Null, or the bound that is passed; a text stays text."""
        given: Given = self.read(rule)
        if given.fix == "null":
            return null_out(column, self.failing(rule))
        if given.dated or given.low_open or given.high_open:
            return None
        return pl.col(column).clip(given.low, given.high)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        given: Given = self.read(rule)
        column = rule.columns[0]
        return sql_any_of(
            [
                sql_compared(sql_moment(column) if given.dated else sql_number(column), test, literal(_moment(bound)))
                for test, bound in given.tests()
            ]
        )

    def sql_repaired(self, rule: Rule, column: str, dialect: str) -> exp.Expr | None:
        """See Kind."""
        given: Given = self.read(rule)
        condition = self.sql(rule, dialect)
        if given.fix == "null" and condition is not None:
            return sql_when(condition, exp.null(), sql_column(column))
        if given.dated or given.low_open or given.high_open:
            return None
        made: exp.Expr = sql_column(column)
        for test, bound in given.tests():
            made = sql_when(sql_compared(sql_number(column), test, literal(bound)), literal(bound), made)
        return made

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """Filter rows; texts are not compared as numbers there."""
        given, column = self.read(rule), rule.columns[0]
        if types[column] is ValueType.STRING:
            return None
        turned = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
        inside: list[Condition] = [Compare(column, turned[test], bound) for test, bound in given.tests()]
        return kept(rule, Either((IsNull(column), All(tuple(inside)))), types, rejects)


def _moment(bound: Bound) -> Bound:
    """A date as the moment it begins."""
    if isinstance(bound, dt.date) and not isinstance(bound, dt.datetime):
        return dt.datetime(bound.year, bound.month, bound.day)
    return bound
