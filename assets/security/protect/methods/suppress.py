"""suppress: no value at all, or the same one in every row."""

import polars as pl

from assets.security.protect.base import OneWay, Params, Scope


class Suppress(Params):
    """Parameters of suppress."""

    value: str | None = None


class Method(OneWay):
    """Every value becomes null, or the given text."""

    words = "redacted"
    params: type[Params] = Suppress

    def protect(self, values: pl.Series, params: Suppress, scope: Scope) -> pl.Series:
        """Nulls of the column's type; texts where a value is given (null stays null)."""
        if params.value is None:
            return pl.Series(values.name, [None], values.dtype).new_from_index(0, len(values))
        there = values.is_not_null().to_frame("there")
        made = there.select(pl.when("there").then(pl.lit(params.value, pl.String)))
        return made.to_series().rename(values.name)
