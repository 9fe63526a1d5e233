"""Values are among those listed; null passes."""

from collections.abc import Sequence

import polars as pl
from pydantic import Field
from sqlglot import exp

from assets.kettle.generate.conditions import Either, IsNull, OneOf
from assets.kettle.generate.mappings import mapper_part
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.kettle.values.fields import ValueType
from assets.quality.rules.expressions import Tables, Types, sql_column, sql_text, sql_when
from assets.quality.rules.kettle import kept
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule
from assets.quality.rules.tree import literal


class Given(Params):
    """`corrections`: values (as text) that are no members and the members they stand for, which a repair puts in."""

    values: tuple[bool | int | float | str, ...] = Field(min_length=1)
    ignore_case: bool = False
    corrections: dict[str, str] = Field(default_factory=dict)

    def texts(self) -> list[str] | None:
        """The members when all are texts."""
        words = [value for value in self.values if isinstance(value, str)]
        return words if len(words) == len(self.values) else None


class InSet(Kind):
    """Fails where a value is none of the members."""

    params = Given
    repairs = True

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        given: Given = self.read(rule)
        words, column = given.texts(), pl.col(rule.columns[0])
        if words is None:
            return ~column.is_in(list(given.values)).fill_null(True)
        text = column.cast(pl.String)
        if given.ignore_case:
            text, words = text.str.to_lowercase(), [word.lower() for word in words]
        return ~text.is_in(words).fill_null(True)

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """See Kind."""
        fixes = self.read(rule).corrections
        if not fixes:
            return None
        return pl.col(column).replace(list(fixes), list(fixes.values())).alias(column)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        given: Given = self.read(rule)
        words = given.texts()
        if words is None:
            return exp.not_(sql_column(rule.columns[0]).isin(*map(literal, given.values)))
        text: exp.Expr = sql_text(rule.columns[0])
        if given.ignore_case:
            text, words = exp.Lower(this=text), [word.lower() for word in words]
        return exp.not_(exp.In(this=text, expressions=[exp.Literal.string(word) for word in words]))

    def sql_repaired(self, rule: Rule, column: str, dialect: str) -> exp.Expr | None:
        """See Kind."""
        fixes = self.read(rule).corrections
        found: exp.Expr = sql_column(column)
        for before, after in fixes.items():
            found = sql_when(sql_column(column).eq(exp.Literal.string(before)), exp.Literal.string(after), found)
        return found if fixes else None

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """Filter rows with a list, or Value mapper for a repair."""
        given, column = self.read(rule), rule.columns[0]
        if rule.action == "repair":
            if not given.corrections or types[column] is not ValueType.STRING:
                return None
            return [mapper_part(rule.id, column, given.corrections, name=f"{rule.id}: map")]
        if given.ignore_case:
            return None
        return kept(rule, Either((IsNull(column), OneOf(column, given.values))), types, rejects)
