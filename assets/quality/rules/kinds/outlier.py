"""Numbers are not far from the others, of the whole table or of their group."""

from collections.abc import Sequence
from typing import Literal

import polars as pl
from pydantic import Field
from sqlglot import exp

from assets.kettle.generate.conditions import All, Compare, Condition, Either, IsNull
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.kettle.values.fields import ValueType
from assets.quality.rules.expressions import Tables, Types, number, over, sql_any_of, sql_number
from assets.quality.rules.kettle import kept
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule

_MAD = 0.6745  # of a normal distribution, in standard deviations
_MEAN = 0.7979  # mean absolute deviation of the same


class Given(Params):
    """How far is far.

    Attributes:
        method: `mad`: the modified z score (Iglewicz and Hoaglin 1993), `iqr`: Tukey's fences, `zscore`.
        threshold: z score, or multiples of the interquartile range.
        by: columns whose equal values make a group.
        least: groups with fewer values are not judged.
        low, high: bounds that were found before; given, they alone count, in every engine alike.
        fix: what a repair does.
    """

    method: Literal["mad", "iqr", "zscore"] = "mad"
    threshold: float = Field(5.0, gt=0)
    by: tuple[str, ...] = ()
    least: int = Field(8, ge=1)
    low: float | None = None
    high: float | None = None
    fix: Literal["null", "median", "clip"] = "null"

    @property
    def fixed(self) -> bool:
        """Whether the bounds are given."""
        return self.low is not None or self.high is not None


class Outlier(Kind):
    """Fails where a number is farther away than the threshold."""

    params = Given
    repairs = True
    at_once = 40

    def reads(self, rule: Rule) -> tuple[str, ...]:
        """See Kind."""
        return tuple(dict.fromkeys((*rule.columns, *self.read(rule).by)))

    def scope(self, rule: Rule) -> tuple[str, ...] | None:
        """See Kind."""
        given: Given = self.read(rule)
        return None if given.fixed and given.fix != "median" else given.by

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        low, high = self._bounds(rule)
        value = number(rule.columns[0])
        return ((value < low) | (value > high)).fill_null(False)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """See Kind; a column of whole numbers becomes one of numbers when the median is put in."""
        given: Given = self.read(rule)
        low, high = self._bounds(rule)
        value = number(column)
        goal: pl.Expr = pl.lit(None)
        if given.fix == "clip":
            goal = pl.when(value < low).then(low).otherwise(high)
        if given.fix == "median":
            goal = self._grouped(rule, value.median())
        return pl.when(self.failing(rule)).then(goal).otherwise(pl.col(column)).alias(column)

    def _bounds(self, rule: Rule) -> tuple[pl.Expr, pl.Expr]:
        given: Given = self.read(rule)
        if given.fixed:
            least, most = float("-inf"), float("inf")
            return pl.lit(least if given.low is None else given.low), pl.lit(most if given.high is None else given.high)
        value = number(rule.columns[0])
        value = pl.when(value.is_finite()).then(value)
        middle, far = self._spread(rule, value)
        enough = self._grouped(rule, value.count()) >= given.least
        far = pl.when(enough & (far > 0)).then(far)
        return middle - far, middle + far if given.method != "iqr" else self._upper(rule, value, far)

    def _spread(self, rule: Rule, value: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
        """The point that distances are from, and the greatest allowed one."""
        given: Given = self.read(rule)
        if given.method == "zscore":
            return self._grouped(rule, value.mean()), given.threshold * self._grouped(rule, value.std())
        if given.method == "iqr":
            first, third = (self._grouped(rule, value.quantile(q, "linear")) for q in (0.25, 0.75))
            return first, given.threshold * (third - first)
        middle = self._grouped(rule, value.median())
        away = (value - middle).abs()
        mad, mean = self._grouped(rule, away.median()) / _MAD, self._grouped(rule, away.mean()) / _MEAN
        return middle, given.threshold * pl.when(mad > 0).then(mad).otherwise(mean)

    def _upper(self, rule: Rule, value: pl.Expr, far: pl.Expr) -> pl.Expr:
        return self._grouped(rule, value.quantile(0.75, "linear")) + far

    def _grouped(self, rule: Rule, whole: pl.Expr) -> pl.Expr:
        by = self.read(rule).by
        return whole.over(by) if by else whole

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind: given bounds, and z scores; medians are no window functions in PostgreSQL."""
        given: Given = self.read(rule)
        value = sql_number(rule.columns[0])
        if given.fixed:
            tests: list[exp.Expr] = [value.copy() < given.low] if given.low is not None else []
            tests += [value.copy() > given.high] if given.high is not None else []
            return sql_any_of(tests)
        if given.method != "zscore":
            return None
        mean, spread, count = (
            over(function(this=value.copy()), *given.by) for function in (exp.Avg, exp.StddevSamp, exp.Count)
        )
        far = exp.GT(this=exp.Abs(this=exp.paren(value - mean)), expression=spread * given.threshold)
        return exp.and_(far, spread.copy() > 0, count >= given.least)

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """Filter rows with the bounds, where they are given."""
        given, column = self.read(rule), rule.columns[0]
        if not given.fixed or types[column] is ValueType.STRING:
            return None
        bounds: list[Condition] = [Compare(column, ">=", given.low)] if given.low is not None else []
        bounds += [Compare(column, "<=", given.high)] if given.high is not None else []
        return kept(rule, Either((IsNull(column), All(tuple(bounds)))), types, rejects)
