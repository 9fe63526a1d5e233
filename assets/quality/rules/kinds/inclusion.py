"""Values occur in a list, or in the columns of another table; a null in one of the columns passes."""

from typing import Any, Self

import polars as pl
from pydantic import model_validator
from sqlglot import exp

from assets.quality.rules.expressions import Tables, sql_column
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule
from assets.quality.rules.tree import literal
from core.errors import HeddleError, SourceError
from core.naming import Key, table_name


class Given(Params):
    """Either `values` (of one column), or `table` (asset key or file) with as many `references` columns."""

    values: tuple[bool | int | float | str, ...] = ()
    table: str = ""
    references: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.values) == bool(self.table) or bool(self.table) != bool(self.references):
            raise ValueError("takes either values, or table and references")
        return self


class Inclusion(Kind):
    """Fails where the values are there and the other table has not got them."""

    params = Given
    most = None

    def read(self, rule: Rule) -> Any:
        """See Kind."""
        given: Given = super().read(rule)
        if len(rule.columns) != len(given.references or rule.columns[:1]):
            raise SourceError(
                f"{rule.table}: rule {rule.id}: field columns: {len(rule.columns)} columns",
                "name as many columns as references",
            )
        return given

    def scope(self, rule: Rule) -> tuple[str, ...] | None:
        """See Kind: looked up at once, so that the other table is read once."""
        return rule.columns if self.read(rule).table else None

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind. Raises SourceError when the other table is not given."""
        given: Given = self.read(rule)
        if given.values:
            return ~pl.col(rule.columns[0]).is_in(list(given.values)).fill_null(True)
        if tables is None:
            raise SourceError(f"rule {rule.id} looks into {given.table}", "run it where tables can be read")
        known = tables(given.table).select(given.references).drop_nulls().unique().collect()
        if len(rule.columns) == 1:
            return ~pl.col(rule.columns[0]).is_in(known.to_series().implode()).fill_null(True)
        pairs = known.rename(dict(zip(given.references, rule.columns, strict=True))).to_struct()
        there = pl.all_horizontal(pl.col(name).is_not_null() for name in rule.columns)
        return there & ~pl.struct(rule.columns).is_in(pairs.implode())

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind; only for a table of the warehouse."""
        given: Given = self.read(rule)
        if given.values:
            return exp.not_(sql_column(rule.columns[0]).isin(*map(literal, given.values)))
        try:
            name = table_name(Key.parse(given.table))
        except HeddleError:
            return None
        other = exp.table_(name.name, db=name.schema, quoted=True, alias="heddle_other")
        same = [
            exp.column(there, table="heddle_other", quoted=True).eq(sql_column(here))
            for here, there in zip(rule.columns, given.references, strict=True)
        ]
        found = exp.Exists(this=exp.select("1").from_(other).where(*same))
        known: list[exp.Expr] = [sql_column(column).is_(exp.null()).not_() for column in rule.columns]
        return exp.and_(*known, exp.not_(found))
