"""Conditions as values, and the `<condition>` trees that are true exactly where SQL's WHERE is true.

SQL knows a third truth value, Kettle does not: NOT over a comparison with null is true there. So NOT is carried down to
the comparisons, and each comparison that Kettle would let pass for null gets an IS NOT NULL beside it. An empty text is
null to Kettle, as it is to Oracle.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings
from assets.kettle.generate.part import Row, flag
from assets.kettle.values.fields import ValueType

Value = str | int | float | bool | Decimal | dt.date | dt.datetime


@dataclass(frozen=True, slots=True)
class Compare:
    """A field with a constant, or with the field `other`: =, <>, <, <=, >, >=."""

    field: str
    operator: str
    value: Value | None = None
    other: str = ""


@dataclass(frozen=True, slots=True)
class IsNull:
    """A field is null (or an empty text)."""

    field: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field is one of the values; null is none of them."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """A text field fits a pattern with SQL's % and _, or a whole Java regular expression."""

    field: str
    pattern: str
    regex: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """AND."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """OR."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """NOT; of unknown it is unknown."""

    part: "Condition"


Condition = Compare | IsNull | OneOf | Like | All | Either | Not

_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TRUE_FOR_NULL = ("<>", "<", "<=")  # against a constant; "<" and "<=" only before 9.3
_MASKS = {ValueType.INTEGER: "####0;-####0"}
_WHOLE = (ValueType.INTEGER,)
_NUMERIC = (ValueType.INTEGER, ValueType.NUMBER, ValueType.BIGNUMBER)
_DATES = (ValueType.DATE, ValueType.TIMESTAMP)


def condition_settings(condition: Condition, types: Mapping[str, ValueType]) -> Row:
    """The content of `<compare>`.

    Args:
        types: field -> its type in the stream; constants are checked against it.

    Raises:
        KettleError: an unknown field, a constant that the field's type cannot hold, nothing to compare with.
    """
    known = {name.lower(): kind for name, kind in types.items()}
    top = _tree(condition, True, _Fields(known))
    # Kettle's dialog expects a group at the top
    return [("condition", top if any(tag == "conditions" for tag, _ in top) else _group([("", top)]))]


@dataclass(frozen=True, slots=True)
class _Fields:
    types: Mapping[str, ValueType]

    def kind(self, name: str) -> ValueType:
        """The type of a field. Raises KettleError."""
        if name.lower() not in self.types:
            raise KettleError(f"a condition names the field {name!r}", f"there are: {', '.join(self.types)}")
        return self.types[name.lower()]


def _tree(condition: Condition, wanted: bool, fields: _Fields) -> Row:
    """Is true where the condition is `wanted`, never where it is unknown."""
    if isinstance(condition, Not):
        return _tree(condition.part, not wanted, fields)
    if isinstance(condition, All | Either):
        if not condition.parts:
            raise KettleError("a condition joins nothing", "give it at least one part")
        operator = "AND" if isinstance(condition, All) is wanted else "OR"
        inner = [_tree(part, wanted, fields) for part in condition.parts]
        return inner[0] if len(inner) == 1 else _group([(operator if n else "", tree) for n, tree in enumerate(inner)])
    return _TESTS[type(condition)](condition, wanted, fields)


def _compare(test: Compare, wanted: bool, fields: _Fields) -> Row:
    if test.operator not in _OPPOSITE:
        raise KettleError(f"unknown comparison {test.operator!r}", f"choose one of {', '.join(_OPPOSITE)}")
    operator = test.operator if wanted else _OPPOSITE[test.operator]
    kind = fields.kind(test.field)
    if test.other:
        if fields.kind(test.other) is not kind:
            raise KettleError(f"{test.field!r} and {test.other!r} are of different types", "convert one of them before")
        return _guarded(_atom(test.field, operator, other=test.other), test.field, test.other)
    if test.value is None:
        raise KettleError(f"{test.field!r} {operator} null is never true", "ask with IsNull")
    found = _atom(test.field, operator, _constant(test.field, test.value, kind))
    return _guarded(found, test.field) if operator in _TRUE_FOR_NULL else found


def _is_null(test: IsNull, wanted: bool, fields: _Fields) -> Row:
    fields.kind(test.field)
    return _atom(test.field, "IS NULL" if wanted else "IS NOT NULL")


def _one_of(test: OneOf, wanted: bool, fields: _Fields) -> Row:
    """IN LIST compares texts and cannot say a backslash, so that other values are compared one by one."""
    kind = fields.kind(test.field)
    if not test.values:
        raise KettleError(f"the list for {test.field!r} is empty", "name the values")
    words = [value for value in test.values if isinstance(value, str)]
    plain = kind is ValueType.STRING and len(words) == len(test.values)
    if plain and all(word and "\\" not in word for word in words):
        text = ";".join(word.replace(";", "\\;") for word in words)
        return _texts(test.field, "IN LIST", text, wanted)
    each = tuple(Compare(test.field, "=", value) for value in test.values)
    return _tree(Either(each), wanted, fields)


def _like(test: Like, wanted: bool, fields: _Fields) -> Row:
    """Kettle's own LIKE takes ? for one character and lets other signs of regular expressions through."""
    if fields.kind(test.field) is not ValueType.STRING:
        raise KettleError(f"{test.field!r} is no text", "convert it before")
    if test.regex:
        return _texts(test.field, "REGEXP", test.pattern, wanted)
    inner = test.pattern.strip("%")
    if inner and not re.search("[%_]", inner):
        starts, ends = not test.pattern.startswith("%"), not test.pattern.endswith("%")
        if starts and ends:
            return _compare(Compare(test.field, "=", inner), wanted, fields)
        return _texts(test.field, "STARTS WITH" if starts else "ENDS WITH" if ends else "CONTAINS", inner, wanted)
    signs = {"%": ".*", "_": "."}
    return _texts(test.field, "REGEXP", "(?s)" + "".join(signs.get(c, _quoted(c)) for c in test.pattern), wanted)


def _quoted(character: str) -> str:
    return "\\" + character if character in r"\.[]{}()*+-?^$|" else character


_TESTS: dict[type, Callable[[Any, bool, _Fields], Row]] = {
    Compare: _compare,
    IsNull: _is_null,
    OneOf: _one_of,
    Like: _like,
}


def _texts(field: str, function: str, text: str, wanted: bool) -> Row:
    """A test that is false for null; the opposite of it must not be true for null."""
    found = _atom(field, function, _value(ValueType.STRING, text), negated=not wanted)
    return found if wanted else _guarded(found, field)


def _guarded(atom: Row, *fields: str) -> Row:
    return _group(
        [("", _atom(fields[0], "IS NOT NULL"))]
        + [("AND", tree) for tree in [*(_atom(name, "IS NOT NULL") for name in fields[1:]), atom]]
    )


def _group(parts: list[tuple[str, Row]]) -> Row:
    """Conditions of one level; all their operators are the same, since Kettle gives AND no precedence."""
    inner: Settings = [
        ("condition", [tree[0], ("operator", operator), *tree[1:]] if operator else tree) for operator, tree in parts
    ]
    return [("negated", "N"), ("conditions", inner)]


def _atom(field: str, function: str, value: Row | None = None, *, other: str = "", negated: bool = False) -> Row:
    found: Row = [("negated", flag(negated)), ("leftvalue", field), ("function", function), ("rightvalue", other)]
    return [*found, ("value", value)] if value is not None else found


def _value(kind: ValueType, text: str) -> Row:
    return [
        ("name", "constant"),
        ("type", kind.value),
        ("text", text),
        ("length", "-1"),
        ("precision", "-1"),
        ("isnull", "N"),
        ("mask", _MASKS.get(kind, "")),
    ]


def _constant(field: str, value: Value, kind: ValueType) -> Row:
    """A constant of the field's own type, in the one form that Kettle reads from the file."""
    text = constant_text(value, kind)
    if text is None or text == "":
        raise KettleError(f"{field!r} is {kind} and is compared with {value!r}", "compare it with a value of its type")
    return _value(ValueType.DATE if kind is ValueType.TIMESTAMP else kind, text)


def constant_text(value: Value, kind: ValueType) -> str | None:
    """A value as Kettle's files hold constants of a type, None where the type cannot hold it.

    Dates are yyyy/MM/dd HH:mm:ss.SSS, numbers have a point and no exponent, Booleans are Y and N.
    """
    if isinstance(value, bool):
        return flag(value) if kind is ValueType.BOOLEAN else None
    if isinstance(value, str):
        return value if kind is ValueType.STRING else None
    if isinstance(value, dt.date):
        moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
        fits = kind in _DATES and moment.tzinfo is None and moment.microsecond % 1000 == 0
        return f"{moment:%Y/%m/%d %H:%M:%S}.{moment.microsecond // 1000:03d}" if fits else None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if kind not in _NUMERIC or not exact.is_finite() or (kind in _WHOLE and exact != exact.to_integral_value()):
        return None
    return f"{int(exact)}" if kind in _WHOLE else f"{exact:f}"
