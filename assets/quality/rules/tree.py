"""Condition trees in rule files: read, as polars expressions and in SQL; as Kettle's they are those of `generate`.

A tree is SQL's words as behind WHERE, or nested mappings: `all`, `any` (lists), `not`, `compare` (column, op, value or
other), `is_null` (column), `one_of` (column, values), `like` (column, pattern with % and _). Truth is SQL's, with null
as unknown.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import polars as pl
from sqlglot import exp

from assets.kettle.errors import KettleError
from assets.kettle.generate.condition_sql import condition_of
from assets.kettle.generate.conditions import All, Compare, Condition, Either, IsNull, Like, Not, OneOf
from core.errors import SourceError

Tree = str | dict[str, Any]
OPERATORS = ("=", "<>", "<", "<=", ">", ">=")
_DEEPEST = 50


def parsed(tree: Tree, depth: int = 0) -> Condition:
    """The tree as a condition.

    Raises:
        SourceError: it is no condition; names the part that is wrong.
    """
    if isinstance(tree, str):
        try:
            return condition_of(tree)
        except (KettleError, RecursionError) as error:
            raise SourceError(f"condition {tree[:200]!r}: {getattr(error, 'what', 'nested too deep')}") from None
    if not isinstance(tree, dict) or len(tree) != 1 or depth > _DEEPEST:
        raise SourceError(f"condition {str(tree)[:200]!r} is no tree", f"give one of {_WORDS}")
    (word, inner), *_ = tree.items()
    if word in ("all", "any") and isinstance(inner, list) and inner:
        parts = tuple(parsed(part, depth + 1) for part in inner)
        return All(parts) if word == "all" else Either(parts)
    if word == "not":
        return Not(parsed(inner, depth + 1))
    if word not in _LEAVES:
        raise SourceError(f"condition: unknown part {word!r}", f"give one of {_WORDS}")
    try:
        return _leaf(word, inner)
    except (KeyError, TypeError):
        raise SourceError(f"condition: {word} {str(inner)[:200]!r}", f"{word} takes {_LEAVES[word]}") from None


def checked(value: Tree) -> Tree:
    """The tree itself, for a field of parameters. Raises ValueError that says what is wrong with it."""
    try:
        parsed(value)
    except SourceError as error:
        raise ValueError(f"{error.what}; {error.fix}" if error.fix else error.what) from None
    return value


_LEAVES = {
    "compare": "column, op and value (or other: a column)",
    "is_null": "a column",
    "one_of": "column and values",
    "like": "column and pattern",
}
_WORDS = f"{', '.join(_LEAVES)}, all, any, not"


def _leaf(word: str, inner: Any) -> Condition:
    if word == "is_null":
        return IsNull(str(inner))
    if word == "one_of":
        return OneOf(str(inner["column"]), tuple(inner["values"]))
    if word == "like":
        return Like(str(inner["column"]), str(inner["pattern"]))
    if inner["op"] not in OPERATORS or (inner.get("value") is None) == (not inner.get("other")):
        raise KeyError("op")
    return Compare(str(inner["column"]), inner["op"], inner.get("value"), inner.get("other") or "")


def columns(condition: Condition) -> tuple[str, ...]:
    """The columns that it looks at, each once."""
    return tuple(dict.fromkeys(_columns(condition)))


def _columns(condition: Condition) -> Iterator[str]:
    if isinstance(condition, All | Either):
        for part in condition.parts:
            yield from _columns(part)
    elif isinstance(condition, Not):
        yield from _columns(condition.part)
    else:
        yield condition.field
        if isinstance(condition, Compare) and condition.other:
            yield condition.other


def as_polars(condition: Condition) -> pl.Expr:
    """True, false or null as in SQL."""
    if isinstance(condition, All):
        return pl.all_horizontal(as_polars(part) for part in condition.parts)
    if isinstance(condition, Either):
        return pl.any_horizontal(as_polars(part) for part in condition.parts)
    if isinstance(condition, Not):
        return ~as_polars(condition.part)
    column = pl.col(condition.field)
    if isinstance(condition, IsNull):
        return column.is_null()
    if isinstance(condition, OneOf):
        return column.is_in(list(condition.values))
    if isinstance(condition, Compare):
        other = pl.col(condition.other) if condition.other else pl.lit(condition.value)
        made: pl.Expr = compared(column, condition.operator, other)
        return made
    return column.str.contains(condition.pattern if condition.regex else _like(condition.pattern))


def compared(left: Any, operator: str, right: Any) -> Any:
    """`left operator right`, of polars expressions."""
    tests = {"=": left.eq, "<>": left.ne, "<": left.lt, "<=": left.le, ">": left.gt, ">=": left.ge}
    return tests[operator](right)


def _like(pattern: str) -> str:
    signs = {"%": ".*", "_": "."}
    return "(?s)^" + "".join(signs.get(c) or re.escape(c) for c in pattern) + "$"


def as_sql(condition: Condition) -> exp.Expr:
    """The condition for sqlglot, names quoted."""
    if isinstance(condition, All):
        return exp.and_(*map(as_sql, condition.parts))
    if isinstance(condition, Either):
        return exp.or_(*map(as_sql, condition.parts))
    if isinstance(condition, Not):
        return exp.not_(as_sql(condition.part))
    column = exp.column(condition.field, quoted=True)
    if isinstance(condition, IsNull):
        return column.is_(exp.null())
    if isinstance(condition, OneOf):
        return column.isin(*map(literal, condition.values))
    if isinstance(condition, Compare):
        other = exp.column(condition.other, quoted=True) if condition.other else literal(condition.value)
        return sql_compared(column, condition.operator, other)
    # no escape sign in our patterns, so that a backslash is itself
    return exp.Escape(
        this=exp.Like(this=column, expression=exp.Literal.string(condition.pattern)), expression=exp.Literal.string("")
    )


def sql_compared(left: exp.Expr, operator: str, right: exp.Expr) -> exp.Expr:
    """`left operator right`, for sqlglot."""
    kinds: dict[str, Any] = {
        "=": exp.EQ,
        "<>": exp.NEQ,
        "<": exp.LT,
        "<=": exp.LTE,
        ">": exp.GT,
        ">=": exp.GTE,
    }
    made: exp.Expr = kinds[operator](this=left, expression=right)
    return made


def literal(value: Any) -> exp.Expr:
    """A constant in SQL; dates and moments are cast."""
    if isinstance(value, dt.datetime):
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), exp.DataType.Type.TIMESTAMP)
    if isinstance(value, dt.date):
        return exp.cast(exp.Literal.string(value.isoformat()), exp.DataType.Type.DATE)
    return exp.convert(value)
