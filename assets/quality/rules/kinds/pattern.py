"""Texts fit a regular expression, run in time linear in the text; null passes."""

import re
from collections.abc import Sequence
from typing import Annotated

import polars as pl
from pydantic import AfterValidator
from sqlglot import exp

from assets.kettle.generate.conditions import Either, IsNull, Like
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.quality.rules.expressions import Tables, Types, ascii_classes, checked_pattern, sql_text
from assets.quality.rules.kettle import kept
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule

NESTED = re.compile(r"[*+}]\??[^()]*\)+\s*[*+{]|\|[^()]*\)+[*+{]")  # repeated groups that repeat or choose


class Given(Params):
    r"""`pattern` fits the whole text, or with `whole: false` a part of it; \\d, \\w and \\s mean ASCII."""

    pattern: Annotated[str, AfterValidator(checked_pattern)]
    whole: bool = True
    ignore_case: bool = False

    def full(self) -> str:
        """The pattern to search for."""
        text = f"^(?:{self.pattern})$" if self.whole else self.pattern
        return f"(?i){text}" if self.ignore_case else text


class Pattern(Kind):
    """Fails where a value is there and does not fit."""

    params = Given

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        text = pl.col(rule.columns[0]).cast(pl.String)
        return ~text.str.contains(ascii_classes(self.read(rule).full())).fill_null(True)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        fits = exp.RegexpLike(this=sql_text(rule.columns[0]), expression=exp.Literal.string(self.read(rule).full()))
        return exp.not_(fits)

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """See Kind; Kettle's pattern fits whole texts. None where Java, which backtracks, might take for ever."""
        given, column = self.read(rule), rule.columns[0]
        if NESTED.search(given.pattern):
            return None
        whole = given.pattern if given.whole else f"(?s:.*)(?:{given.pattern})(?s:.*)"
        test = Like(column, f"(?i){whole}" if given.ignore_case else whole, regex=True)
        return kept(rule, Either((IsNull(column), test)), types, rejects)
