"""BigDecimal arithmetic and Java's number texts."""

from decimal import Decimal

import pytest

from assets.kettle.values.java_numbers import (
    ROUNDINGS,
    add,
    big_decimal,
    divide,
    double_text,
    multiply,
    plain,
    remainder,
    round_long,
    set_scale,
    subtract,
)


def test_sums_keep_the_larger_scale() -> None:
    assert plain(add(Decimal("1.50"), Decimal("2"))) == "3.50"
    assert plain(subtract(Decimal("1.5"), Decimal("0.25"))) == "1.25"
    assert plain(add(Decimal("1" + "0" * 40), Decimal("0.1"))) == "1" + "0" * 40 + ".1"


def test_products_are_exact_and_lose_zero_decimals() -> None:
    assert plain(multiply(Decimal("1.50"), Decimal("2"))) == "3"
    assert plain(multiply(Decimal("1.5"), Decimal("1.5"))) == "2.25"


def test_quotients_are_exact_or_have_34_digits() -> None:
    assert plain(divide(Decimal("10"), Decimal("4"))) == "2.5"
    assert plain(divide(Decimal("6"), Decimal("3.0"))) == "2"
    assert plain(divide(Decimal("1"), Decimal("3"))) == "0." + "3" * 34
    with pytest.raises(ZeroDivisionError):
        divide(Decimal("1"), Decimal("0.0"))


def test_remainder_has_the_dividends_sign() -> None:
    assert plain(remainder(Decimal("-7.5"), Decimal("2"))) == "-1.5"
    with pytest.raises(ZeroDivisionError):
        remainder(Decimal("1"), Decimal("0"))


def test_scales_and_modes() -> None:
    assert plain(set_scale(Decimal("2.345"), 2)) == "2.35"
    assert plain(set_scale(Decimal("2.345"), 2, ROUNDINGS["ROUND_HALF_EVEN"])) == "2.34"
    assert plain(set_scale(Decimal("-2.5"), 0, ROUNDINGS["ROUND_CEILING"])) == "-2"


@pytest.mark.parametrize("bad", ["", "1e", " 1", "0x1", "NaN", "1_0"])
def test_texts_that_are_no_big_decimal(bad: str) -> None:
    with pytest.raises(ValueError, match="decimal number"):
        big_decimal(bad)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, "1.0"), (1e7, "1.0E7"), (-12345678.5, "-1.23456785E7"), (1e-4, "1.0E-4"), (0.001, "0.001"), (-0.0, "-0.0")],
)
def test_double_texts(value: float, expected: str) -> None:
    assert double_text(value) == expected


def test_math_round() -> None:
    assert [round_long(v) for v in (-1.5, -0.5, 0.5, 2.5, 1e30)] == [-1, 0, 1, 3, 2**63 - 1]
