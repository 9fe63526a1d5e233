"""Row conditions: a small boolean language of SQL, checked, and bound to a person.

What is allowed means the same in every engine and in polars: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE and IS NULL
over columns and values. Nulls follow SQL's three-valued logic.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from assets.security.access.model import AccessError

LONGEST = 4_000  # characters
_ALLOWED = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not, exp.Paren, exp.In, exp.Between,
    exp.Like, exp.Is, exp.Null, exp.Boolean, exp.Literal, exp.Neg, exp.Column, exp.Identifier, exp.Placeholder, exp.Dot,
)  # fmt: skip
_ARGUMENTS = {"this", "expression", "expressions", "field", "low", "high", "quoted", "is_string"}
_TRUTH = (exp.Predicate, exp.Connector, exp.Not, exp.Paren, exp.Boolean)
_NAMES = ("person", "purpose", "today", "now")
_FIX = (
    "use columns, values, :person.NAME, :person, :purpose, :today, :now, comparisons, AND, OR, NOT, IN, LIKE, IS NULL"
)


def parsed(text: str) -> exp.Expr:
    """A condition, checked.

    Raises:
        AccessError: it is no condition of this language; says what is wrong.
    """
    if len(text) > LONGEST:
        raise AccessError(f"the condition has more than {LONGEST:,} characters", "shorten it")
    try:
        found = sqlglot.parse(text, dialect="postgres")
    except (SqlglotError, RecursionError) as error:
        raise AccessError(f"{text!r} cannot be read: {str(error).splitlines()[0]}", _FIX) from None
    if len(found) != 1 or found[0] is None:
        raise AccessError(f"{text!r} is no condition", _FIX)
    made = _negated(found[0])
    for node in made.walk():
        _check(node, text)
    if not isinstance(made, _TRUTH):
        raise AccessError(f"{text!r} is no condition", "compare a column with a value")
    return made


def _negated(made: exp.Expr) -> exp.Expr:
    """Tests that hold their own negation (IS NOT) as NOT of the plain test."""
    root = exp.paren(made)
    for node in [n for n in root.walk() if n.args.get("negate")]:
        node.set("negate", None)
        node.replace(exp.Not(this=node.copy()))
    inner: exp.Expr = root.this
    return inner.pop()


def _check(node: exp.Expr, text: str) -> None:
    odd = [k for k, v in node.args.items() if v and k not in _ARGUMENTS]
    if not isinstance(node, _ALLOWED) or odd:
        raise AccessError(f"{text!r}: {node.key.upper()} {' '.join(odd)} is not part of conditions", _FIX)
    if isinstance(node, exp.Column) and node.table:
        raise AccessError(f"{text!r}: {node.sql()} names a table", "name columns of the table alone")
    if isinstance(node, exp.And | exp.Or | exp.Not):
        wrong = next((n for n in (node.this, node.args.get("expression")) if n and not isinstance(n, _TRUTH)), None)
        if wrong is not None:
            raise AccessError(f"{text!r}: {wrong.sql()} is no condition", "compare it with a value")
    _check_parameter(node, text)
    _check_test(node, text)


def _check_parameter(node: exp.Expr, text: str) -> None:
    lone = isinstance(node, exp.Placeholder) and not isinstance(node.parent, exp.Dot)
    if lone and node.name not in _NAMES:
        raise AccessError(f"{text!r}: there is no :{node.name}", "write :person.NAME, :purpose, :today or :now")
    if isinstance(node, exp.Dot) and not (isinstance(node.this, exp.Placeholder) and node.this.name == "person"):
        raise AccessError(f"{text!r}: {node.sql()} is no attribute of a person", "write :person.NAME")


def _check_test(node: exp.Expr, text: str) -> None:
    if isinstance(node, exp.In):
        field = node.args.get("field")
        if node.args.get("query") or node.args.get("unnest") or isinstance(field, exp.Column):
            raise AccessError(f"{text!r}: IN takes a list", "write IN ('a', 'b') or IN :person.NAME")
    if isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null | exp.Boolean):
        raise AccessError(f"{text!r}: IS takes NULL, TRUE or FALSE", "use = otherwise")
    if isinstance(node, exp.Like):
        pattern = node.expression
        if not isinstance(pattern, exp.Literal) or any(c in pattern.name for c in "\\["):
            raise AccessError(f"{text!r}: LIKE takes a text without \\ and [", "write LIKE 'a%'")


def missing(condition: exp.Expr, values: Callable[[str], Any]) -> list[str]:
    """Parameters that have no value."""
    return [name for node in _parameters(condition) if values(name := _name(node)) is None]


def bound(condition: exp.Expr, values: Callable[[str], Any], names: Mapping[str, str]) -> exp.Expr:
    """The condition with values in place of parameters, as literals of the tree and never as text.

    Args:
        values: name of a parameter -> its value; a list where IN takes it.
        names: column in lower case -> its spelling in the table.

    Raises:
        AccessError: the table has no such column, or a list stands where one value is needed.
    """
    made = spelled(
        condition,
        names,
        lambda name: AccessError(f"a condition names the column {name}, which the table has not", "correct the rule"),
    )
    for node in _parameters(made):
        value, parent = values(_name(node)), node.parent
        if isinstance(value, list | tuple):
            if not isinstance(parent, exp.In):
                raise AccessError(f":{_name(node)} is a list", "use it with IN")
            _listed(parent, node, [_literal(v) for v in value])
        elif isinstance(parent, exp.In) and parent.args.get("field") is node:
            _listed(parent, node, [_literal(value)])
        else:
            node.replace(_literal(value))
    return made


def spelled(condition: exp.Expr, names: Mapping[str, str], refusal: Callable[[str], AccessError]) -> exp.Expr:
    """A copy whose columns are quoted, in their own spelling.

    Args:
        names: column in lower case -> its spelling.
        refusal: the error of a column that is not among them.
    """
    made = condition.copy()
    for column in list(made.find_all(exp.Column)):
        name = names.get(column.name.lower())
        if name is None:
            raise refusal(column.name)
        column.set("this", exp.to_identifier(name, quoted=True))
    return made


def _listed(parent: exp.In, node: exp.Expr, values: list[exp.Expr]) -> None:
    """A list in place of a parameter of IN; nothing is in an empty one."""
    others = [e for e in parent.expressions if e is not node]
    parent.set("field", None)
    parent.set("expressions", [*others, *values] or [exp.null()])


def _parameters(condition: exp.Expr) -> list[exp.Expr]:
    found = list(condition.find_all(exp.Dot, exp.Placeholder))
    return [n for n in found if isinstance(n, exp.Dot) or not isinstance(n.parent, exp.Dot)]


def _name(node: exp.Expr) -> str:
    return f"{node.this.name}.{node.name}" if isinstance(node, exp.Dot) else str(node.name)


def _literal(value: Any) -> exp.Expr:
    if isinstance(value, datetime):
        # no zone: engines compare it with columns that have none
        return exp.cast(exp.Literal.string(value.replace(tzinfo=None).isoformat(sep=" ")), "TIMESTAMP")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    if value is None or isinstance(value, bool | int | float | str | Decimal):
        return exp.convert(value)
    raise AccessError(f"an attribute of a person is a {type(value).__name__}", "use texts, numbers, dates or lists")
