"""Number masks: the texts Java's DecimalFormat prints and reads."""

import math
import random
import struct
from decimal import Decimal

import polars as pl
import pytest

from assets.kettle.values.fields import ValueType
from assets.kettle.values.masks_number import format_numbers, parse_numbers, parse_text_number
from assets.kettle.values.number_exact import format_number
from assets.kettle.values.number_pattern import DEFAULT_PATTERN, Symbols, compile_number_mask

GERMAN = Symbols(decimal=",", grouping=".")
DEFAULT_NUMBER = "####0.0#########;-####0.0#########"


def text(value: float | int | Decimal, mask: str, symbols: Symbols | None = None) -> str:
    return format_number(value, compile_number_mask(mask), symbols or Symbols())


@pytest.mark.parametrize(
    ("value", "mask", "expected"),
    [
        (0.005, "0.00", "0.01"),
        (0.015, "0.00", "0.01"),
        (2.5, "0", "2"),
        (3.5, "0", "4"),
        (-2.5, "#", "-2"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (-1.0, "#,##0.00;(#,##0.00)", "(1.00)"),
        (1234567.891, "0.000E00", "1.235E06"),
        (1234567.891, "##0.##E0", "1.2346E6"),
        (0.1, "##0.##E0", "100E-3"),
        (0.0, "0.000E00", "0.000E00"),
        (123456789012345678.0, "0.00%", "12345678901234567000.00%"),
        (0.25, "0\u2030", "250\u2030"),
        (2.5, "#'x'", "2x"),
        (7.0, "'#'0", "#7"),
        (7.0, "0''", "7'"),
        (-1234.5, "$#,##0.00", "-$1,234.50"),
        (1.5, "\u00a40.00", "$1.50"),
        (0.5, ".##", ".5"),
        (0.25, "#.##", "0.25"),
        (3.0, "0.", "3."),
        (7.0, "000000", "000007"),
        (-0.001, "0.00", "-0.00"),
        (1e-11, DEFAULT_NUMBER, "0.0"),
        (0.1 + 0.2, DEFAULT_NUMBER, "0.3"),
        (1e15, DEFAULT_NUMBER, "1000000000000000.0"),
        (math.inf, "0.0", "\u221e"),
    ],
)
def test_prints_as_java(value: float, mask: str, expected: str) -> None:
    assert text(value, mask) == expected


def test_symbols_of_the_field() -> None:
    assert text(1234567.891, "#,##0.00", GERMAN) == "1.234.567,89"
    assert text(3.5, "\u00a40.00", Symbols(currency="\u20ac")) == "\u20ac3.50"


def test_an_integer_of_length_has_a_blank_for_the_sign() -> None:
    assert text(7, " 000;-000") == " 007"
    assert text(-7, " 000;-000") == "-007"


def test_big_numbers_keep_every_digit() -> None:
    assert text(Decimal("9223372036854775807"), "#,##0.000") == "9,223,372,036,854,775,807.000"
    assert text(Decimal("0.12345678901234567890123"), "0.0###################") == "0.1234567890123456789"
    assert text(Decimal("2.5"), "0") == "2"


@pytest.mark.parametrize("mask", ["0;0;0", "0.0.0", "#0#0E", "'x", "0%%", "0E", "0,", ";0", "0.#0"])
def test_a_mask_java_refuses(mask: str) -> None:
    with pytest.raises(ValueError, match="number mask"):
        compile_number_mask(mask)


def _doubles() -> list[float | None]:
    source = random.Random(11)
    values: list[float | None] = [0.0, -0.0, 0.5, 1.5, 2.5, 0.005, 0.015, 9.995, 999999.9999999999, -0.001, None]
    for _ in range(300):
        values += [
            source.uniform(-10, 10),
            round(source.uniform(-1e6, 1e6), source.randint(0, 6)),
            source.randint(-(10**6), 10**6) / 8,
            struct.unpack("d", struct.pack("Q", source.getrandbits(64)))[0],
            source.uniform(-1e17, 1e17),
            source.randint(-2000, 2000) / 1000,
        ]
    return values


MASKS = [DEFAULT_NUMBER, "0", "#", "0.00", "#.##", "#,##0.00", "000000", ".##", "0.00%", "$#,##0.0;($#)", "0.000E00"]


@pytest.mark.parametrize("mask", MASKS)
def test_whole_columns_print_what_single_values_print(mask: str) -> None:
    values = _doubles()
    expected = [None if v is None else text(v, mask) for v in values]
    assert format_numbers(pl.Series("x", values, dtype=pl.Float64), mask, Symbols()).to_list() == expected


@pytest.mark.parametrize("mask", MASKS)
def test_whole_columns_of_integers_and_big_numbers(mask: str) -> None:
    integers = [0, 7, -7, 1234567, 2**63 - 1, -(2**63), None]
    expected = [None if v is None else text(v, mask) for v in integers]
    assert format_numbers(pl.Series("x", integers, dtype=pl.Int64), mask, Symbols()).to_list() == expected
    decimals = ["0", "1.50", "-0.005", "123456789012345678901234567890.125", "0.000", None]
    expected = [None if v is None else text(Decimal(v), mask) for v in decimals]
    assert format_numbers(pl.Series("x", decimals), mask, Symbols()).to_list() == expected


TEXTS = ["1", "-1", "1.5", "1,234", "1,23", "1E3", "007", "-0", ".5", "5.", "9223372036854775808", "1.50", "1,,2", "1,"]
BAD = ["+12", " 12 ", "1e3", "12abc", "12-", "(12)", "NaN", "--1", "abc", "-", "1.2.3"]


def test_reads_without_a_mask() -> None:
    column = pl.Series("t", ["1,234", "1.5", "1E3", "", None, "-1,234.5"])
    values, reasons = parse_numbers(column, ValueType.INTEGER, None, Symbols())
    assert values.to_list() == [1234, 1, 1000, None, None, -1234]
    assert reasons == {}


@pytest.mark.parametrize("bad", BAD)
def test_refuses_what_java_refuses(bad: str) -> None:
    values, reasons = parse_numbers(pl.Series("t", ["1", bad]), ValueType.NUMBER, None, Symbols())
    assert values.to_list() == [1.0, None]
    assert list(reasons) == [1]
    assert bad in reasons[1]


@pytest.mark.parametrize(("loose", "expected"), [("12abc", 12), ("0x10", 0), ("1e3", 1), ("12-", 12)])
def test_lenient_reads_the_beginning(loose: str, expected: int) -> None:
    values, reasons = parse_numbers(pl.Series("t", [loose]), ValueType.INTEGER, None, Symbols(), lenient=True)
    assert values.to_list() == [expected]
    assert reasons == {}


def test_big_numbers_fall_back_to_plain_decimals() -> None:
    values, reasons = parse_numbers(pl.Series("t", ["+12", "1e3", "1.50", "x"]), ValueType.BIGNUMBER, None, Symbols())
    assert values.to_list() == ["12", "1000", "1.50", None]
    assert list(reasons) == [3]


def test_reads_percent_and_negative_pattern() -> None:
    assert parse_numbers(pl.Series(["12.5%"]), ValueType.NUMBER, "0.00%", Symbols())[0].to_list() == [0.125]
    assert parse_numbers(pl.Series(["(1.5)"]), ValueType.NUMBER, "0.0;(0.0)", Symbols())[0].to_list() == [-1.5]


@pytest.mark.parametrize("kind", [ValueType.NUMBER, ValueType.INTEGER, ValueType.BIGNUMBER])
@pytest.mark.parametrize("mask", [None, "0.00", "#,##0.00"])
@pytest.mark.parametrize("symbols", [Symbols(), GERMAN])
def test_whole_columns_read_what_single_texts_read(kind: ValueType, mask: str | None, symbols: Symbols) -> None:
    pattern = compile_number_mask(mask) if mask else DEFAULT_PATTERN
    values, reasons = parse_numbers(pl.Series("t", TEXTS + BAD), kind, mask, symbols)
    for row, item in enumerate(TEXTS + BAD):
        if row in reasons:
            with pytest.raises(ValueError):
                parse_text_number(item, kind, pattern, symbols, lenient=False)
        else:
            assert repr(values[row]) == repr(parse_text_number(item, kind, pattern, symbols, lenient=False))


def test_whole_columns_of_odd_doubles_agree_with_the_exact_text() -> None:
    """Products of amounts have long shortest digits; each must be rounded as one value alone is."""
    generator = random.Random(2)
    values = [round(generator.uniform(0, 1e5), 2) * generator.randint(1, 300) for _ in range(3000)]
    values += [generator.uniform(-1, 1) * 10 ** generator.randint(-14, 17) for _ in range(3000)]
    values += [0.1 + 0.2, 0.99999999999, 1e-11, -1e-12, 123456.00000000005, -0.0, 1.00000000005, 5e-11, 1.5e-10]
    pattern = compile_number_mask(DEFAULT_NUMBER)
    found = format_numbers(pl.Series(values), DEFAULT_NUMBER, Symbols()).to_list()
    assert found == [format_number(value, pattern, Symbols()) for value in values]
