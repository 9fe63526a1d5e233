"""Texts are numbers, dates, moments or Booleans; a repair makes the column of that type."""

from collections.abc import Sequence
from typing import Literal

import polars as pl
from sqlglot import exp

from assets.quality.rules.expressions import BLANKS, Tables, sql_column, sql_text
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule

_NUMBERS: dict[str, pl.DataType] = {"integer": pl.Int64(), "number": pl.Float64()}
_SQL = {"integer": "bigint", "number": "double", "date": "date", "moment": "timestamp"}
YES = ("true", "t", "yes", "y", "1", "是")
NO = ("false", "f", "no", "n", "0", "否")


class Given(Params):
    """`formats`: how dates are written (strftime), the first that fits counts; none: ISO 8601."""

    type: Literal["integer", "number", "date", "moment", "boolean"]
    formats: tuple[str, ...] = ()


class Cast(Kind):
    """Fails where a value is there and is not of the type; an empty text is none."""

    params = Given
    repairs = True

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        column = pl.col(rule.columns[0])
        return (column.is_not_null() & self._made(rule).is_null()).fill_null(False)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """The whole column in the type; null where it fails."""
        return self._made(rule).alias(column)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind; not for Booleans and date formats, whose rules differ between engines."""
        made = self.sql_repaired(rule, rule.columns[0], dialect)
        if made is None:
            return None
        return exp.and_(sql_column(rule.columns[0]).is_(exp.null()).not_(), made.is_(exp.null()))

    def sql_repaired(self, rule: Rule, column: str, dialect: str) -> exp.Expr | None:
        """See Kind; PostgreSQL has no conversion that gives null for a wrong text."""
        given: Given = self.read(rule)
        if dialect != "duckdb" or given.formats or given.type not in ("number", "date"):
            return None
        trimmed = exp.Trim(this=sql_text(column), expression=exp.Literal.string(BLANKS))
        return exp.TryCast(this=trimmed, to=exp.DataType.build(_SQL[given.type]))

    def _made(self, rule: Rule) -> pl.Expr:
        given: Given = self.read(rule)
        text = pl.col(rule.columns[0]).cast(pl.String).str.strip_chars(BLANKS)
        if given.type == "boolean":
            low = text.str.to_lowercase()
            return pl.when(low.is_in(YES)).then(True).when(low.is_in(NO)).then(False)
        if given.type in _NUMBERS:
            return text.cast(_NUMBERS[given.type], strict=False)
        type_ = pl.Date() if given.type == "date" else pl.Datetime("us")
        if given.formats:
            tries: Sequence[pl.Expr] = [text.str.strptime(type_, form, strict=False) for form in given.formats]
            return pl.coalesce(tries)
        return text.cast(type_, strict=False)
