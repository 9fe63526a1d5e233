"""Conditions from SQL's words, as rules are often written: what stands behind WHERE."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from assets.kettle.errors import KettleError
from assets.kettle.generate.conditions import All, Compare, Condition, Either, IsNull, Like, Not, OneOf, Value

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def condition_of(text: str, dialect: str = "") -> Condition:
    """The condition that a SQL text says: comparisons, AND, OR, NOT, IS NULL, IN, BETWEEN, LIKE.

    Raises KettleError for a text that is no SQL, and for functions, arithmetic and subqueries, naming them.
    """
    try:
        return _condition(parse_one(text, dialect=dialect or None))
    except SqlglotError:
        raise KettleError(f"the condition {text!r} is no SQL", "write it as behind WHERE") from None


def _condition(node: exp.Expr) -> Condition:
    operator = _OPERATORS.get(type(node))
    if operator is not None:
        return _compared(node, operator)
    found = _FORMS.get(type(node))
    if found is None:
        raise _unknown(node)
    return found(node)


def _compared(node: exp.Expr, operator: str) -> Condition:
    left, right = node.this, node.expression
    if not isinstance(left, exp.Column):
        left, right, operator = right, left, _TURNED[operator]
    if isinstance(right, exp.Column):
        return Compare(_field(left), operator, other=_field(right))
    return Compare(_field(left), operator, _value(right))


def _is(node: exp.Expr) -> Condition:
    if isinstance(node.expression, exp.Null):
        return IsNull(_field(node.this))
    if isinstance(node.expression, exp.Boolean):
        same = Compare(_field(node.this), "=", bool(node.expression.this))
        return All((Not(IsNull(same.field)), same))
    raise _unknown(node)


def _in(node: exp.Expr) -> Condition:
    if node.args.get("query") is not None:
        raise _unknown(node)
    return OneOf(_field(node.this), tuple(_value(item) for item in node.expressions))


def _between(node: exp.Expr) -> Condition:
    field = _field(node.this)
    return All((Compare(field, ">=", _value(node.args["low"])), Compare(field, "<=", _value(node.args["high"]))))


def _like(node: exp.Expr) -> Condition:
    pattern = _value(node.expression)
    if not isinstance(pattern, str) or "\\" in pattern:
        raise _unknown(node)
    return Like(_field(node.this), pattern)


_FORMS: dict[type[exp.Expr], Callable[[exp.Expr], Condition]] = {
    exp.Paren: lambda node: _condition(node.this),
    exp.And: lambda node: All((_condition(node.this), _condition(node.expression))),
    exp.Or: lambda node: Either((_condition(node.this), _condition(node.expression))),
    exp.Not: lambda node: Not(_condition(node.this)),
    exp.Column: lambda node: Compare(_field(node), "=", True),
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
}


def _field(node: exp.Expr) -> str:
    if not isinstance(node, exp.Column):
        raise _unknown(node)
    return node.name


def _value(node: exp.Expr) -> Value:
    """A constant: text, number, Boolean, DATE '...' or TIMESTAMP '...'."""
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Neg):
        number = _value(node.this)
        if isinstance(number, int | Decimal):
            return -number
    if isinstance(node, exp.Literal):
        if node.is_string:
            return str(node.this)
        return int(node.this) if str(node.this).isdigit() else Decimal(str(node.this))
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string:
        try:
            moment = dt.datetime.fromisoformat(node.this.this)
        except ValueError:
            raise _unknown(node) from None
        if node.is_type("date"):
            return moment.date()
        if node.is_type("timestamp", "datetime"):
            return moment
    raise _unknown(node)


def _unknown(node: exp.Expr) -> KettleError:
    return KettleError(f"a condition of Kettle cannot say {node.sql()!r}", "compute it as a field before")
