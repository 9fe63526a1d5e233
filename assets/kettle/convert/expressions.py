"""One expression in two languages: polars as Python text, SQL as a sqlglot tree.

Composite expressions stand in parentheses in both languages, so that they can be put anywhere.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlglot import exp, parse_one

from assets.kettle.errors import KettleError
from assets.kettle.values.fields import Field, ValueType

SQL_TYPES = {
    ValueType.NUMBER: "DOUBLE",
    ValueType.STRING: "TEXT",
    ValueType.DATE: "TIMESTAMP",
    ValueType.TIMESTAMP: "TIMESTAMP",
    ValueType.BOOLEAN: "BOOLEAN",
    ValueType.INTEGER: "BIGINT",
}
POLARS_TYPES = {
    ValueType.NUMBER: "pl.Float64",
    ValueType.STRING: "pl.String",
    ValueType.DATE: 'pl.Datetime("ms")',
    ValueType.TIMESTAMP: 'pl.Datetime("us")',
    ValueType.BOOLEAN: "pl.Boolean",
    ValueType.INTEGER: "pl.Int64",
}


class CannotConvertError(KettleError):
    """A step, or an option of it, has no counterpart."""


@dataclass(frozen=True, slots=True)
class NoSql:
    """Why something cannot be said in SQL."""

    reason: str


@dataclass(frozen=True, slots=True)
class Both:
    """An expression over the columns of one stream."""

    polars: str
    sql: exp.Expr | NoSql


@cache
def _parsed(template: str) -> exp.Expr:
    return parse_one(template, dialect="duckdb")


def both(polars: str, sql: str | NoSql, /, **parts: Both) -> Both:
    """The parts put into the places `{name}` of the polars text and `$name` of the SQL text (spelled as DuckDB's).

    Without SQL of any part there is none of the whole.
    """
    code = polars.format(**{name: part.polars for name, part in parts.items()})
    missing = next((part.sql for part in parts.values() if isinstance(part.sql, NoSql)), None)
    if isinstance(sql, NoSql):
        return Both(code, sql)
    if missing is not None:
        return Both(code, missing)

    def filled(node: exp.Expr) -> exp.Expr:
        name = node.name if isinstance(node, exp.Placeholder | exp.Parameter) else ""
        part = parts.get(name)
        return part.sql.copy() if part is not None and isinstance(part.sql, exp.Expr) else node

    return Both(code, _parsed(sql).copy().transform(filled))


def identifier(name: str) -> exp.Identifier:
    """A quoted name."""
    return exp.to_identifier(name, quoted=True)


def table(name: str) -> exp.Table:
    """A common table expression by its name."""
    return exp.Table(this=identifier(name))


def column(field: Field | str) -> Both:
    """A column of the stream."""
    name = field if isinstance(field, str) else field.name
    return Both(f"pl.col({quoted(name)})", exp.Column(this=identifier(name)))


def quoted(text: str) -> str:
    """A Python string literal in double quotes."""
    inner = text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text.replace("\\", "\\\\")
    return '"' + inner.replace('"', '\\"') + '"'


def python_value(value: Any) -> str:
    """A value as Python source, in braces-free form for templates where it holds none."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, datetime):
        parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
        while len(parts) > 3 and not parts[-1]:
            parts.pop()
        return f"datetime({', '.join(map(str, parts))})"
    return repr(value)


def cast(tree: exp.Expr, kind: ValueType) -> exp.Expr:
    """A cast to the SQL type."""
    return exp.cast(tree, SQL_TYPES[kind])


def literal(value: Any, kind: ValueType) -> Both:
    """A constant with its type."""
    known(kind)
    code = f"pl.lit({python_value(value)}, {POLARS_TYPES[kind]})"
    return Both(code, sql_literal(value, kind))


def sql_literal(value: Any, kind: ValueType) -> exp.Expr:
    """A constant in SQL; casts where the text alone would have another type."""
    if value is None:
        return cast(exp.Null(), kind)
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return exp.Literal.number(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return cast(exp.Literal.string(str(value)), kind)
        return cast(exp.Literal.number(repr(value)), kind)
    if isinstance(value, datetime):
        return cast(exp.Literal.string(value.isoformat(" ")), kind)
    return exp.Literal.string(value)


def known(kind: ValueType) -> None:
    """Raises CannotConvertError for types without a plain counterpart."""
    if kind not in SQL_TYPES:
        raise CannotConvertError(f"{kind} values have no plain counterpart", "convert the field, or leave it out")


def word(text: str) -> Both:
    """A String constant as a bare Python string (not a polars literal) and an SQL literal."""
    return Both(quoted(text), exp.Literal.string(text))


def normal(value: Both, field: Field) -> Both:
    """The value with '' as null, as Kettle compares and groups texts."""
    if field.type is not ValueType.STRING:
        return value
    return both('{v}.replace("", None)', "NULLIF($v, '')", v=value)


def when(test: Both, then: Both, otherwise: Both) -> Both:
    """A choice."""
    return both(
        "pl.when({t}).then({a}).otherwise({b})", "CASE WHEN $t THEN $a ELSE $b END", t=test, a=then, b=otherwise
    )
