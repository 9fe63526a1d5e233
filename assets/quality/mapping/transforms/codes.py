"""Codes into what they mean, or into other codes, by a table of values."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field
from sqlglot import exp

from assets.kettle.errors import KettleError
from assets.kettle.generate.mappings import mapper_settings
from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.codes import by_rows, by_shares, by_tables
from assets.quality.mapping.steps import converted, copied, operation
from assets.quality.mapping.transform import Column, Params, Shown, Transform, Types

if TYPE_CHECKING:
    import polars as pl


class CodesParams(Params):
    """`values`: source text -> target text. `default`: for other values; without one they cannot be converted.

    `of`: where the pairs are from: a code table, rows of the same key, or shares of values (which is a guess).
    """

    values: dict[str, str] = Field(min_length=1, max_length=10_000)
    default: str | None = None
    of: str = ""


class Codes(Transform):
    """A table of values."""

    params = CodesParams
    rank: ClassVar[int] = 6

    def value(self, columns: Sequence[Column], p: CodesParams) -> "pl.Expr":
        """A text; of values in no pair the default. Null stays null."""
        import polars as pl

        text = columns[0].text
        found = text.replace_strict(list(p.values), list(p.values.values()), default=p.default, return_dtype=pl.String)
        return pl.when(text.is_not_null() & (text != "")).then(found)

    def sql(self, columns: Sequence[Column], p: CodesParams) -> exp.Expr:
        """CASE."""
        text = columns[0].sql_text
        case = exp.Case()
        for code, meaning in p.values.items():
            case = case.when(exp.EQ(this=text, expression=exp.Literal.string(code)), exp.Literal.string(meaning))
        if p.default is None:
            return case
        there = exp.NEQ(this=text, expression=exp.Literal.string(""))
        return case.when(there, exp.Literal.string(p.default))

    def steps(self, fields: Sequence[str], types: Types, target: str, p: CodesParams) -> list[Made] | None:
        """Value mapper on a text, with the default for what is not in the table."""
        kind = types[fields[0]]
        if kind not in (ValueType.STRING, ValueType.INTEGER):
            return None
        text = f"{target} text"
        made = [copied(fields[0], text, kind)]
        made.append(
            operation(text, trim="both") if kind is ValueType.STRING else converted(text, ValueType.STRING, "#")
        )
        pairs: dict[str | None, str | None] = dict(zip(p.values, p.values.values(), strict=True))
        try:
            settings = mapper_settings(text, pairs, target=target, default=p.default or "")
        except KettleError:
            return None
        return [*made, Made(f"{target} codes", f"{target}: {self.words(p)}", "ValueMapper", settings)]

    def guesses(self, source: Shown, target: Shown, aligned: bool) -> Iterator[dict[str, Any]]:
        """From a standard code table that both follow, from rows of the same key, from shares of values."""
        ways = (by_tables, by_rows if aligned else by_shares)
        for way in ways:
            found = way(source, target)
            if found is not None:
                yield {"values": found[0], "of": found[1]}

    def words(self, p: CodesParams) -> str:
        """`codes 1=男, 2=女`."""
        shown = ", ".join(f"{code}={meaning}" for code, meaning in list(p.values.items())[:3])
        more = ", …" if len(p.values) > 3 else ""
        return f"codes {shown}{more}"

    def reason(self, p: CodesParams) -> str:
        """`is in no code table`."""
        return "is none of the known codes"
