"""Quantities are in one unit, and amounts in one currency."""

from typing import Annotated, Self

import polars as pl
from pydantic import AfterValidator, Field, model_validator
from sqlglot import exp

from assets.quality.rules import tree
from assets.quality.rules.expressions import Tables, sql_column, sql_when
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule

_DIGITS = 9


class Given(Params):
    """Of texts with a unit, or of numbers for which a condition tells that they are in another.

    Attributes:
        factors: unit as written behind the number (compared without case) -> what to multiply by.
        unit: the wished unit, which is written behind the result; "" writes the number alone.
        when: for numbers: where they are in the other unit (a tree, see `tree`).
        factor, offset: for numbers: right = wrong * factor + offset.
    """

    factors: dict[str, float] = Field(default_factory=dict)
    unit: str = ""
    when: Annotated[tree.Tree, AfterValidator(tree.checked)] | None = None
    factor: float = 1.0
    offset: float = 0.0

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.factors) == (self.when is not None):
            raise ValueError("takes either factors, or when with factor and offset")
        return self


class Unit(Kind):
    """Fails where a quantity is in another unit."""

    params = Given
    repairs = True

    def reads(self, rule: Rule) -> tuple[str, ...]:
        """See Kind."""
        when = self.read(rule).when
        more = tree.columns(tree.parsed(when)) if when is not None else ()
        return tuple(dict.fromkeys((*rule.columns, *more)))

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        given: Given = self.read(rule)
        if given.when is not None:
            return tree.as_polars(tree.parsed(given.when)).fill_null(False)
        text = pl.col(rule.columns[0]).cast(pl.String)
        made = _converted(text, given)
        return (made.is_not_null() & (made != text)).fill_null(False)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """See Kind."""
        given: Given = self.read(rule)
        if given.when is not None:
            right = pl.col(column) * given.factor + given.offset
            return pl.when(self.failing(rule)).then(right).otherwise(pl.col(column)).alias(column)
        text = pl.col(column).cast(pl.String)
        return pl.coalesce(_converted(text, given), text).alias(column)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind: of numbers."""
        given: Given = self.read(rule)
        return None if given.when is None else tree.as_sql(tree.parsed(given.when))

    def sql_repaired(self, rule: Rule, column: str, dialect: str) -> exp.Expr | None:
        """See Kind: of numbers."""
        given: Given = self.read(rule)
        condition = self.sql(rule, dialect)
        if condition is None:
            return None
        right = sql_column(column) * exp.cast(exp.convert(given.factor), "double") + exp.convert(given.offset)
        return sql_when(condition, right, sql_column(column))


def _converted(text: pl.Expr, given: Given) -> pl.Expr:
    """`12.0 oz` in the wished unit; null where it is no number with one of the units."""
    parts = text.str.extract_groups(r"^[ \t]*([+-]?[0-9]+(?:\.[0-9]+)?)[ \t]*([^0-9 \t.+-][^0-9]*?)[ \t]*$")
    factors = {unit.lower(): factor for unit, factor in given.factors.items()}
    factor = parts.struct.field("2").str.to_lowercase().replace_strict(factors, default=None, return_dtype=pl.Float64)
    value = (parts.struct.field("1").cast(pl.Float64, strict=False) * factor).round(_DIGITS)
    shown = value.cast(pl.String).str.strip_suffix(".0")
    return shown + f" {given.unit}" if given.unit else shown
