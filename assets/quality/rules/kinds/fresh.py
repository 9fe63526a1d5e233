"""The newest moment of a column is not long ago."""

import datetime as dt

import polars as pl
from pydantic import Field

from assets.quality.rules.expressions import Tables, moment
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule


class Given(Params):
    """`seconds` before now (UTC)."""

    seconds: float = Field(gt=0)


class Fresh(Kind):
    """Fails in all rows when the newest of them is too old."""

    params = Given
    nulls = True

    def scope(self, rule: Rule) -> tuple[str, ...] | None:
        """See Kind."""
        return ()

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        oldest = dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(seconds=self.read(rule).seconds)
        value = moment(rule.columns[0])
        return (value.max() < oldest).fill_null(True) & pl.repeat(True, pl.len())
