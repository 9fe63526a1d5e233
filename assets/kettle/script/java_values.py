"""Java's values and operators in Python.

long is Python's int held to 64 bits; int, char and float are the subclasses below, so that `int` arithmetic overflows
at 32 bits and an `int` result is told from a `long` one. Dates are naive datetimes in UTC, BigDecimal is Decimal.
"""

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from assets.kettle.values.java_numbers import double_text, plain


class Int(int):
    """A Java int (also short and byte)."""


class Char(str):
    """A Java char."""

    __slots__ = ()


class Single(float):
    """A Java float."""


class JavaThrow(Exception):
    """What the expression would have thrown in Java; `args[0]` is its text."""


def long(value: int) -> int:
    """Held to 64 bits, as overflow does."""
    return value if -(2**63) <= value < 2**63 else (value + 2**63) % 2**64 - 2**63


def integer(value: int) -> Int:
    """Held to 32 bits."""
    return Int(value if -(2**31) <= value < 2**31 else (value + 2**31) % 2**32 - 2**31)


def text(value: Any) -> str:
    """What Java prints of a value: String.valueOf, and the joining of strings."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.strftime("%a %b %d %H:%M:%S UTC ") + f"{value.year:04d}"
    if isinstance(value, list):
        return "[" + ", ".join(text(v) for v in value) + "]"
    return str(value)


def truth(value: Any) -> bool:
    """A condition's value. Raises JavaThrow for null."""
    if value is None:
        raise JavaThrow("java.lang.NullPointerException: a condition is null")
    if not isinstance(value, bool):
        raise JavaThrow(f"java.lang.ClassCastException: {text(value)} is no boolean")
    return value


def number(value: Any) -> int | float:
    """An operand of arithmetic: unboxed, a char as its code. Raises JavaThrow for null and for what is no number."""
    if isinstance(value, Char):
        return Int(ord(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if value is None:
        raise JavaThrow("java.lang.NullPointerException: arithmetic with null")
    raise JavaThrow(f"the operator is not defined for {type_name(value)}")


def type_name(value: Any) -> str:
    """The Java class of a value, for messages and instanceof."""
    for kind, name in _NAMES:
        if isinstance(value, kind):
            return name
    return type(value).__name__


_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "Boolean"),
    (Int, "Integer"),
    (int, "Long"),
    (Single, "Float"),
    (float, "Double"),
    (Char, "Character"),
    (str, "String"),
    (datetime, "Date"),
    (Decimal, "BigDecimal"),
    (bytes, "byte[]"),
    (list, "List"),
    (type(None), "null"),
)


def _kept(left: int | float, right: int | float, result: int | float) -> int | float:
    """The result in the wider of the operands' types."""
    if isinstance(left, float) or isinstance(right, float):
        both = isinstance(left, Single | int) and isinstance(right, Single | int)
        return Single(result) if both else float(result)
    whole = int(result)
    return integer(whole) if isinstance(left, Int) and isinstance(right, Int) else long(whole)


def add(left: Any, right: Any) -> Any:
    """+ : joins where one side is a String."""
    if _is_text(left) or _is_text(right):
        return text(left) + text(right)
    a, b = number(left), number(right)
    return _kept(a, b, a + b)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Char)


def subtract(left: Any, right: Any) -> Any:
    """-"""
    a, b = number(left), number(right)
    return _kept(a, b, a - b)


def multiply(left: Any, right: Any) -> Any:
    """*"""
    a, b = number(left), number(right)
    return _kept(a, b, a * b)


def divide(left: Any, right: Any) -> Any:
    """/ : cuts whole numbers towards zero; a whole number by zero throws."""
    a, b = number(left), number(right)
    if isinstance(a, float) or isinstance(b, float):
        return _kept(a, b, _float_quotient(float(a), float(b)))
    if b == 0:
        raise JavaThrow("java.lang.ArithmeticException: / by zero")
    return _kept(a, b, abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1))


def _float_quotient(a: float, b: float) -> float:
    if b:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def remainder(left: Any, right: Any) -> Any:
    """% : the sign of the dividend."""
    a, b = number(left), number(right)
    if isinstance(a, float) or isinstance(b, float):
        finite = b and not math.isinf(a)
        return _kept(a, b, math.fmod(a, b) if finite else math.nan)
    if b == 0:
        raise JavaThrow("java.lang.ArithmeticException: / by zero")
    return _kept(
        a, b, int(math.fmod(a, b)) if abs(a) < 2**53 and abs(b) < 2**53 else abs(a) % abs(b) * (-1 if a < 0 else 1)
    )


def _bits(operation: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        if isinstance(left, bool) and isinstance(right, bool):
            return bool(operation(left, right))
        a, b = number(left), number(right)
        if isinstance(a, float) or isinstance(b, float):
            raise JavaThrow("bit operators are not defined for Double")
        return _kept(a, b, operation(a, b))

    return apply


def _shift(operation: Callable[[int, int, int], int]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        a, b = int(number(left)), int(number(right))
        width = 32 if isinstance(left, Int) else 64
        result = operation(a, b % width, width)
        return integer(result) if width == 32 else long(result)

    return apply


def _ordered(operation: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: operation(number(left), number(right))


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
    "&": _bits(lambda a, b: a & b),
    "|": _bits(lambda a, b: a | b),
    "^": _bits(lambda a, b: a ^ b),
    "<<": _shift(lambda a, n, _: a << n),
    ">>": _shift(lambda a, n, _: a >> n),
    ">>>": _shift(lambda a, n, width: (a % 2**width) >> n),
    "<": _ordered(lambda a, b: a < b),
    ">": _ordered(lambda a, b: a > b),
    "<=": _ordered(lambda a, b: a <= b),
    ">=": _ordered(lambda a, b: a >= b),
}


def equal(left: Any, right: Any) -> bool:
    """Java's equals: null equals nothing but null; a Long never equals an Integer or a Double."""
    if left is None or right is None:
        return left is right
    return type_name(left) == type_name(right) and bool(left == right)


def same(left: Any, right: Any) -> bool:
    """==, where no side is a String from elsewhere: numbers by value, others by what they are."""
    if left is None or right is None:
        return left is right
    numeric = (int, float)
    if isinstance(left, numeric) and isinstance(right, numeric):
        return bool(left == right) if isinstance(left, bool) == isinstance(right, bool) else False
    if isinstance(left, Char) and isinstance(right, int):
        return ord(left) == right
    if isinstance(right, Char) and isinstance(left, int):
        return ord(right) == left
    return bool(left == right)
