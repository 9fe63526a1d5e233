"""The last column depends on the others: rows that agree in these agree in it."""

import polars as pl
from pydantic import Field

from assets.quality.rules.expressions import Tables
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """When a group of rows is sure of its value.

    Attributes:
        share: part of the group's values that have to be the same, more than half.
        least: rows with that value at the least.
        alone: a value that more rows of the group than this have is no mistake; 0: only nulls are; none: no limit.
        kept: values that are right whatever the group has.
        fill: null breaks the rule too, where the group is sure.
    """

    share: float = Field(0.5, ge=0.5, le=1)
    least: int = Field(2, ge=1)
    alone: int | None = Field(None, ge=0)
    kept: tuple[str, ...] = ()
    fill: bool = False


class Dependency(Kind):
    """Fails where a value is not that of most rows with the same left side; a null on the left side passes."""

    params = Given
    least, most = 2, None
    repairs = True

    def scope(self, rule: Rule) -> tuple[str, ...] | None:
        """See Kind."""
        return rule.columns[:-1]

    def writes(self, rule: Rule) -> tuple[str, ...]:
        """See Kind."""
        return rule.columns[-1:]

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        given: Given = self.read(rule)
        usual, value = self._usual(rule), pl.col(rule.columns[-1])
        other = value != usual
        if given.alone is not None:
            other &= value.count().over(rule.columns) <= given.alone
        if given.kept:
            other &= ~value.cast(pl.String).is_in(given.kept)
        if given.fill:
            other = pl.when(value.is_null()).then(True).otherwise(other)
        return (usual.is_not_null() & other & self._known(rule)).fill_null(False)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """See Kind: the last column gets the value of most rows."""
        if column != rule.columns[-1]:
            return None
        return pl.when(self.failing(rule)).then(self._usual(rule)).otherwise(pl.col(column)).alias(column)

    def _usual(self, rule: Rule) -> pl.Expr:
        """The value that more than the share of a group has; null where none has."""
        given: Given = self.read(rule)
        *left, right = rule.columns
        value = pl.col(right)
        alike = value.count().over([*left, right])
        sure = (alike > given.share * value.count().over(left)) & (alike >= given.least)
        if given.share >= 1:
            sure = (alike == value.count().over(left)) & (alike >= given.least)
        # at most one value of a group has more than half, so that any of its rows gives it
        return pl.when(sure).then(value).max().over(left)

    def _known(self, rule: Rule) -> pl.Expr:
        return pl.all_horizontal(pl.col(name).is_not_null() for name in rule.columns[:-1])
