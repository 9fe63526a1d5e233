"""Formulas; null and joining as measured on PDI 9.3."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from assets.kettle.script.formula import Formula
from assets.kettle.script.formula_values import Fault, field_value
from assets.kettle.script.java_parse import ExpressionError

ROW = {"a": 7.5, "b": 2.0, "i": 3, "s": "  xby ", "d": datetime(2024, 1, 15), "e": None, "t": True}


def value(source: str, *, hop: bool = False) -> Any:
    """The formula over ROW."""
    return Formula(source, list(ROW), hop=hop)({k: field_value(v) for k, v in ROW.items()})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[a]+[b]*2", Decimal("11.5")),
        ("=([A]-1)/[b]", Decimal("3.25")),
        ("1/3", Decimal("0." + "3" * 40)),
        ("-2^2", Decimal(-4)),
        ("50%*[b]", Decimal(1)),
        ('[a]&"z"&[i]', "7.5z3"),
        ('[i]&"z"', "3z"),
        ('3&"x"="3x"', True),
        ('IF([a]>[b];"gt";"le")', "gt"),
        ('IF([a]<[b];"gt")', False),
        ("MOD(-1;4)", Decimal(3)),
        ("INT(-1.5)", Decimal(-2)),
        ("EVEN(3)+ODD(2)", Decimal(7)),
        ("TRIM([s])", "xby"),
        ("MID([s];3;2)", "xb"),
        ('SUBSTITUTE("abab";"b";"X";2)', "abaX"),
        ('FIND("b";[s])', Decimal(4)),
        ('PROPER("hello wORLD")&LEFT("abc";2)&RIGHT("abc")', "Hello Worldabc"),
        ("WEEKDAY([d])", Decimal(2)),
        ("YEAR([d])*100+MONTH([d])", Decimal(202401)),
        ('DATEVALUE("2024-01-15")=[d]', True),
        ("DATE(2024;14;1)", datetime(2025, 2, 1)),
        ('DATEDIF(DATE(2020;2;29);[d];"y")', Decimal(3)),
        ("[d]+1-[d]", Decimal(1)),
        ("AND([a]>0;OR(FALSE();[t]))", True),
        ("CHOOSE(2;1/0;5)", Decimal(5)),
        ("ISERROR(1/0)", True),
        ("SUM(1;2;3)/COUNT(1;2;3)", Decimal(2)),
        ('"a ""b"""', 'a "b"'),
    ],
)
def test_values(source: str, expected: Any) -> None:
    """Operators and functions."""
    assert value(source) == expected


@pytest.mark.parametrize(
    "source", ["[e]+1", "UPPER([e])", "[e]=1", "IF([e]>1;1;2)", 'CONCATENATE([e];"x")', "[e]", "NA()"]
)
def test_null_is_not_available(source: str) -> None:
    """Null in, null out."""
    assert value(source) is None


def test_null_is_seen_by_tests_for_it() -> None:
    """ISBLANK and its like take null."""
    assert value("ISBLANK([e])")
    assert value("ISNA([e])")
    assert value("IF(ISNA([e]);0;[e])") == 0
    assert not value("ISBLANK([s])")


@pytest.mark.parametrize("source", ["1/0", '"x"+1', "SQRT(-1)", 'FIND("q";"abc")'])
def test_error_values(source: str) -> None:
    """An error value fails the row."""
    with pytest.raises(Fault):
        value(source)


@pytest.mark.parametrize("source", ["[x]", "1+", "NOSUCH(1)", "(1", "ROUND(1)", "LEN()", "1 2", "{1}"])
def test_refused(source: str) -> None:
    """Formulas that cannot work are refused with their text; ROUND is Hop's only."""
    with pytest.raises(ExpressionError, match="the formula"):
        value(source)


def test_hop() -> None:
    """Hop separates by commas and has more functions."""
    assert value("ROUND([a], 0)", hop=True) == 8
    assert value("IFERROR(1/0, -1)", hop=True) == -1
