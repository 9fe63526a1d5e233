"""Java expressions with Java's results."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from assets.kettle.script.java_expr import JavaExpression
from assets.kettle.script.java_parse import ExpressionError
from assets.kettle.script.java_values import Int, JavaThrow

ROW = {"s": "Abc", "i": 7, "n": 2.5, "b": True, "d": datetime(2024, 1, 31, 10, 11, 12), "x": None, "g": Decimal("1.50")}


def value(source: str) -> Any:
    """The expression over ROW."""
    return JavaExpression(source, list(ROW))(ROW)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3 - 4 / 3", 6),
        ("-7 / 2 + -7 % 2", -4),
        ("2147483647 + 1", -(2**31)),
        ("2147483647L + 1", 2**31),
        ("9223372036854775807L + 1", -(2**63)),
        ("i / 2 + n", 5.5),
        ("1.0 / 0", float("inf")),
        ("7 >>> 1 | 8", 11),
        ("-1 >>> 28", 15),
        ("\"a\" + 1 + 2 + null + true + 1.0 + 'c'", "a12nulltrue1.0c"),
        ('1 + 2 + "a" + (char) 65', "3aA"),
        ("(int) 3.9 + (long) -3.9", 0),
        ('s.substring(1).toUpperCase() + s.length() + s.indexOf("z")', "BC3-1"),
        ('s.equals("Abc") && !s.isEmpty() || x.equals(1)', True),
        ('x == null || x.equals("q")', True),
        ('x == null ? "none" : x', "none"),
        ("i == 7 && n >= 2.5 && b == Boolean.TRUE", True),
        ('s == "Abc"', False),
        ("Math.round(2.5) + Math.max(1, 2L) + (int) Math.floor(-0.5)", 4),
        ('Integer.parseInt("42") + Long.valueOf("1")', 43),
        ('String.valueOf(n) + String.format("%05d|%.2f|%-3s|", 42, 2.5, "a")', "2.500042|2.50|a  |"),
        ('s.replaceAll("([bc])", "<$1>") + s.matches("[A-Z].*")', "A<b><c>true"),
        ('"a,b,,".split(",").length', 2),
        ('new java.text.SimpleDateFormat("yyyy-MM-dd").format(d)', "2024-01-31"),
        ('new SimpleDateFormat("dd.MM.yyyy").parse("01.02.2024").before(d)', False),
        ("new java.util.Date(0L).getTime() + d.getYear()", 124),
        ('g.add(new java.math.BigDecimal("0.25")).toString()', "1.75"),
        ('new StringBuilder("abc").reverse().append(1).toString()', "cba1"),
        ('"a".compareTo("c") + "Hello".hashCode()', 69609648),
        ("s instanceof String && i instanceof Long && !(x instanceof Object)", True),
        ("return i * 100;", 700),
    ],
)
def test_values(source: str, expected: Any) -> None:
    """Operators, methods and classes."""
    assert value(source) == expected


def test_int_and_long_are_told_apart() -> None:
    """A literal is an int, a field a long."""
    assert isinstance(value("1 + 1"), Int)
    assert not isinstance(value("i + 1"), Int)


@pytest.mark.parametrize(
    "source",
    ["x + 1", "x.length()", "1 / 0", "s.substring(9)", 'Integer.parseInt("x")', "s ? 1 : 2", "(String) i", "s - 1"],
)
def test_what_java_throws_fails_the_row(source: str) -> None:
    """Null, division by zero, bad indexes and texts."""
    with pytest.raises(JavaThrow):
        value(source)


@pytest.mark.parametrize(
    "source", ["y + 1", "Runtime.getRuntime()", "s.foo()", "new java.io.File(s)", "1 +", "s = 1", "(x -> x)"]
)
def test_refused(source: str) -> None:
    """Unknown names and classes are refused before any row, with the expression."""
    with pytest.raises(ExpressionError, match="Java expression"):
        value(source)


def test_fields_read() -> None:
    """The fields are known without a row."""
    assert JavaExpression("Math.abs(i) + s.length()", list(ROW)).fields == {"i", "s"}
