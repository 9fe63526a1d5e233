"""Small expressions that several kinds share, in polars and for sqlglot."""

import re
from collections.abc import Callable, Mapping

import polars as pl
from sqlglot import exp

from assets.kettle.values.fields import ValueType

Types = Mapping[str, ValueType]
Tables = Callable[[str], pl.LazyFrame]

BLANKS = " \t\n\r\f\v"
LONGEST_PATTERN = 2_000
_NUMBER = r"^[+-]?(([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN])$"
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}


def number(column: str) -> pl.Expr:
    """The column as a number; null where a text is none."""
    return pl.col(column).cast(pl.Float64, strict=False)


def moment(column: str) -> pl.Expr:
    """The column as a moment; null where a text is no ISO date."""
    return pl.col(column).cast(pl.Datetime("us"), strict=False)


def sql_column(name: str) -> exp.Expr:
    """A quoted column."""
    return exp.column(name, quoted=True)


def sql_text(name: str) -> exp.Expr:
    """The column as text."""
    return exp.cast(sql_column(name), exp.DataType.Type.TEXT)


def sql_number(name: str) -> exp.Expr:
    """The column as a number; null where a text is none. Engines by themselves take ` 1`, and DuckDB `1_0`, for one."""
    plain = exp.RegexpLike(this=sql_text(name), expression=exp.Literal.string(_NUMBER))
    return exp.Case().when(plain, exp.TryCast(this=sql_column(name), to=exp.DataType.build("double")))


def sql_when(condition: exp.Expr, then: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
    """CASE WHEN condition THEN then ELSE otherwise END."""
    return exp.Case().when(condition, then).else_(otherwise)


def over(function: exp.Expr, *names: str, order: exp.Expr | None = None) -> exp.Expr:
    """A window function over rows that agree in the columns."""
    ordered = exp.Order(expressions=[exp.Ordered(this=order)]) if order is not None else None
    return exp.Window(this=function, partition_by=[sql_column(n) for n in names], order=ordered)


def checked_pattern(pattern: str) -> str:
    """The regular expression itself, where every engine runs it in time linear in the text.

    Raises:
        ValueError: it is too long, looks around or back, or is none.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"has {len(pattern)} characters, more than {LONGEST_PATTERN}")
    if re.search(
        r"\(\?(?:<?[=!]|>|P[=>])|(?<!\\)(?:\\\\)*\\[1-9]|[*+?}]\+",
        re.sub(r"\[(?:\\.|[^\]\\])*\]|\\[pPx]\{\w*\}", "x", pattern),
    ):
        raise ValueError("has look-around, a back reference or a possessive quantifier: not linear in every engine")
    try:
        pl.Series([""]).str.contains(ascii_classes(pattern))
    except pl.exceptions.PolarsError as error:
        lines = str(error).strip().splitlines()
        raise ValueError(f"is no regular expression: {lines[-1] if lines else ''}") from None
    return pattern


def ascii_classes(pattern: str) -> str:
    r"""A pattern for polars whose \d, \w and \s mean ASCII, as they do in RE2, POSIX and Java."""
    made, inside, i = [], 0, 0
    while i < len(pattern):
        sign = pattern[i]
        if sign == "\\" and i + 1 < len(pattern):
            made.append(_class(pattern[i + 1], inside > 0))
            i += 2
            continue
        inside += (sign == "[") - (sign == "]" and inside > 0)
        made.append(sign)
        i += 1
    return "".join(made)


def _class(letter: str, inside: bool) -> str:
    known = _CLASSES.get(letter.lower())
    if known is None:
        return "\\" + letter
    if letter.islower():
        return known if inside else f"[{known}]"
    return f"[^{known}]"


def sql_moment(name: str) -> exp.Expr:
    """The column as a moment; null where a text is no ISO date."""
    return exp.TryCast(this=sql_column(name), to=exp.DataType.build("timestamp"))


def sql_any_of(parts: list[exp.Expr]) -> exp.Expr:
    """OR; false for none."""
    return exp.or_(*parts) if parts else exp.false()


def null_out(column: str, condition: pl.Expr, value: pl.Expr | None = None) -> pl.Expr:
    """The column with null (or the value) where the condition holds."""
    other = pl.lit(None) if value is None else value
    return pl.when(condition).then(other).otherwise(pl.col(column)).alias(column)
