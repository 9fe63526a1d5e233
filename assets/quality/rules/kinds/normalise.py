"""Texts are in one form: blanks, case, full-width signs, dates, numbers."""

from collections.abc import Callable, Sequence
from typing import Literal, Self

import polars as pl
from pydantic import Field, model_validator
from sqlglot import exp

from assets.kettle.generate.part import Made, Part, chain
from assets.kettle.generate.sinks import Sink
from assets.kettle.values.fields import ValueType
from assets.quality.rules.expressions import BLANKS, Tables, Types, sql_any_of, sql_column
from assets.quality.rules.kettle import operations
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule

Form = Literal["trim", "collapse", "lower", "upper", "half_width", "no_controls", "nfkc", "title", "date", "number"]
WIDE = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200d\ufeff]"
NARROW = "".join(map(chr, range(0x21, 0x7F))) + " "


class Given(Params):
    """What is done, in this order.

    Attributes:
        forms: `trim` blanks at both ends, `collapse` blanks within to one space, `lower`, `upper`, `title`,
            `half_width` (full-width ASCII and the ideographic space), `no_controls`, `nfkc` (Unicode), `date` and
            `number`. A text that is no date or number stays.
        formats: how dates may be written (strftime), the first that fits counts.
        to: how a date is to be written.
        decimal, thousands: signs of numbers as they are written; they get a point and no separators.
    """

    forms: tuple[Form, ...] = Field(min_length=1)
    formats: tuple[str, ...] = ("%Y-%m-%d",)
    to: str = "%Y-%m-%d"
    decimal: str = Field(".", min_length=1, max_length=1)
    thousands: str = Field(",", max_length=1)

    @model_validator(mode="after")
    def _signs(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same sign")
        return self


class Normalise(Kind):
    """Fails where a text is not in its form."""

    params = Given
    most = None
    repairs = True

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        return pl.any_horizontal(
            (pl.col(c).cast(pl.String) != self._formed(rule, c)).fill_null(False) for c in rule.columns
        )

    def repaired(self, rule: Rule, column: str) -> pl.Expr | None:
        """See Kind."""
        return self._formed(rule, column).alias(column)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind; not for title, nfkc, no_controls, date and number."""
        made = [self.sql_repaired(rule, c, dialect) for c in rule.columns]
        if any(m is None for m in made):
            return None
        return sql_any_of([exp.NEQ(this=sql_column(c), expression=m) for c, m in zip(rule.columns, made, strict=True)])

    def sql_repaired(self, rule: Rule, column: str, dialect: str) -> exp.Expr | None:
        """See Kind."""
        made: exp.Expr = sql_column(column)
        for form in self.read(rule).forms:
            if form not in _SQL:
                return None
            made = _SQL[form](made)
        return made

    def steps(self, rule: Rule, types: Types, rejects: Sink | None = None) -> Sequence[Part] | None:
        """String operations and Replace in string, one step per form."""
        if rule.action != "repair" or any(types[c] is not ValueType.STRING for c in rule.columns):
            return [] if rule.action == "report" else None
        made = []
        for number, form in enumerate(self.read(rule).forms):
            found = operations(form, rule.columns)
            if found is None:
                return None
            made.append(Made(f"{number} {form}", f"{rule.id}: {form}", *found))
        return [chain(rule.id, *made)]

    def _formed(self, rule: Rule, column: str) -> pl.Expr:
        given: Given = self.read(rule)
        made = pl.col(column).cast(pl.String)
        for form in given.forms:
            made = _POLARS[form](made, given)
        return made


def _dated(text: pl.Expr, given: Given) -> pl.Expr:
    tries = [text.str.strptime(pl.Datetime("us"), form, strict=False).dt.to_string(given.to) for form in given.formats]
    return pl.coalesce(*tries, text)


def _number(text: pl.Expr, given: Given) -> pl.Expr:
    plain = text.str.strip_chars(BLANKS)
    if given.thousands:
        plain = plain.str.replace_all(given.thousands, "", literal=True)
    if given.decimal != ".":
        plain = plain.str.replace_all(given.decimal, ".", literal=True)
    return pl.when(plain.str.contains(r"^[+-]?[0-9]+(\.[0-9]+)?$")).then(plain).otherwise(text)


_POLARS: dict[str, Callable[[pl.Expr, Given], pl.Expr]] = {
    "trim": lambda text, _: text.str.strip_chars(BLANKS),
    "collapse": lambda text, _: text.str.replace_all(r"[ \t\n\r\f\v]+", " "),
    "lower": lambda text, _: text.str.to_lowercase(),
    "upper": lambda text, _: text.str.to_uppercase(),
    "title": lambda text, _: text.str.to_titlecase(),
    "half_width": lambda text, _: text.str.replace_many(list(WIDE), list(NARROW)),
    "no_controls": lambda text, _: text.str.replace_all(_CONTROLS, ""),
    "nfkc": lambda text, _: text.str.normalize("NFKC"),
    "date": _dated,
    "number": _number,
}
_SQL: dict[str, Callable[[exp.Expr], exp.Expr]] = {
    "trim": lambda text: exp.Trim(this=text, expression=exp.Literal.string(BLANKS)),
    "collapse": lambda text: exp.RegexpReplace(
        this=text,
        expression=exp.Literal.string(r"[ \t\n\r\f\v]+"),
        replacement=exp.Literal.string(" "),
        modifiers=exp.Literal.string("g"),
    ),
    "lower": lambda text: exp.Lower(this=text),
    "upper": lambda text: exp.Upper(this=text),
    "half_width": lambda text: exp.Translate(this=text, from_=exp.Literal.string(WIDE), to=exp.Literal.string(NARROW)),
}
