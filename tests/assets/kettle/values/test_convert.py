"""Conversions between value types, as PDI 9.3 does them."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from assets.kettle.values.convert import constant, convert, convert_value, parse_text, text_of, to_text
from assets.kettle.values.fields import Field, ValueType

N, S, D, B = ValueType.NUMBER, ValueType.STRING, ValueType.DATE, ValueType.BOOLEAN
INT, BN, BIN, TS = ValueType.INTEGER, ValueType.BIGNUMBER, ValueType.BINARY, ValueType.TIMESTAMP


def converted(values: list[Any], source: ValueType, target: Field | ValueType, **how: Any) -> list[Any]:
    origin = Field("v", source, **how)
    wanted = target if isinstance(target, Field) else Field("v", target)
    result = convert(pl.Series("v", values, dtype=origin.dtype), origin, wanted)
    assert result.values.dtype == wanted.dtype
    assert result.values.name == wanted.name
    assert not result.reasons
    return result.values.to_list()


def test_number_to_integer_rounds_half_up() -> None:
    values = [0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 1e18, 1e30, float("nan"), None]
    assert converted(values, N, INT) == [1, 2, 3, 0, -1, 0, 10**18, 2**63 - 1, 0, None]


def test_big_number_to_integer_cuts_and_wraps() -> None:
    assert converted(["1.9", "-1.9", "-0.5", "9223372036854775808", None], BN, INT) == [1, -1, 0, -(2**63), None]


def test_number_to_big_number_has_the_digits_of_java() -> None:
    assert converted([1.0, 0.1, 1e7, 1e-4, 123456789.125, 1e18], N, BN) == [
        "1.0",
        "0.1",
        "10000000",
        "0.00010",
        "123456789.125",
        "1000000000000000000",
    ]


def test_nan_has_no_big_number() -> None:
    result = convert(pl.Series([float("nan"), 1.0]), Field("v", N), Field("v", BN))
    assert result.values.to_list() == [None, "1.0"]
    assert list(result.reasons) == [0]


def test_dates_are_milliseconds() -> None:
    day = datetime(2024, 2, 29)
    assert converted([day, None], D, INT) == [1_709_164_800_000, None]
    assert converted([day], D, N) == [1_709_164_800_000.0]
    assert converted([7, -7], INT, D) == [
        datetime(1970, 1, 1, 0, 0, 0, 7000),
        datetime(1969, 12, 31, 23, 59, 59, 993000),
    ]
    assert converted([1.5], N, D) == [datetime(1970, 1, 1, 0, 0, 0, 1000)]


def test_booleans() -> None:
    assert converted(["Y", "yes", "TRUE", "1", "n", "x", "", None], S, B) == [True] * 4 + [False] * 2 + [None] * 2
    assert converted([True, False, None], B, S) == ["Y", "N", None]
    assert converted([True, False], B, S, length=5) == ["true", "false"]
    assert converted([True], B, Field("v", S, length=5)) == ["Y"]
    assert converted([0.0, 0.5, 1.5], N, B) == [False, False, True]
    assert converted(["0.00", "0.01"], BN, B) == [False, True]


def test_the_length_of_the_source_counts_not_that_of_the_target() -> None:
    assert converted([7], INT, Field("v", S, length=5)) == ["7"]
    assert converted([7], INT, S, length=5) == [" 00007"]
    assert converted([1.5], N, S, length=6, precision=2) == [" 0001.50"]
    assert converted([1.5], N, S, length=3) == [" 001.50"]


def test_mask_and_symbols_of_the_target_come_first() -> None:
    target = Field("t", S, mask="#,##0.00", decimal=",", grouping=".")
    assert converted([1234567.891], N, target, mask="0.0") == ["1.234.567,89"]
    assert converted([1234567.891], N, S, mask="0.0") == ["1234567.9"]
    assert converted(["1.234,5"], S, Field("t", N, mask="#,##0.0", decimal=",", grouping=".")) == [1234.5]


def test_failed_rows_are_null_with_a_reason() -> None:
    result = convert(pl.Series(["1", "x", None, "y"]), Field("v"), Field("v", INT))
    assert result.values.to_list() == [1, None, None, None]
    assert sorted(result.reasons) == [1, 3]
    assert "[x]" in result.reasons[1]


def test_types_that_never_convert() -> None:
    result = convert(pl.Series([True, None]), Field("v", B), Field("v", D))
    assert result.values.to_list() == [None, None]
    assert list(result.reasons) == [0]


def test_timestamps_to_the_microsecond() -> None:
    texts = pl.Series(["2024-02-29 13:14:15.123456789", "2024/02/29 01:02:03.5", "1900-01-01 00:00:00.0", "x", None])
    result = convert(texts, Field("v"), Field("v", TS))
    assert list(result.reasons) == [3]
    assert to_text(result.values, Field("v", TS)).to_list() == [
        "2024/02/29 13:14:15.123456000",
        "2024/02/29 01:02:03.500000000",
        "1900/01/01 00:00:00.000000000",
        None,
        None,
    ]
    assert to_text(result.values, Field("v", TS, mask="HH:mm:ss.SSS"))[0] == "13:14:15.123"
    assert convert(result.values, Field("v", TS), Field("v", D)).values[0] == datetime(2024, 2, 29, 13, 14, 15, 123000)
    assert convert(result.values, Field("v", TS), Field("v", INT)).values[0] == 1_709_212_455_123


def test_binary_is_utf8() -> None:
    assert converted(["é", "", None], S, BIN) == ["é".encode(), None, None]
    assert converted(["é".encode()], BIN, S) == ["é"]


def test_parse_text_null_rules() -> None:
    texts = pl.Series(["1", " 2 ", "", None, "NULL", "null  ", "   "])
    number = Field("n", N, trim="both")
    assert parse_text(texts, number, null_if="null").values.to_list() == [1.0, 2.0, None, None, None, None, None]
    filled = parse_text(texts, number, null_if="null", if_null="7").values.to_list()
    assert filled == [1.0, 2.0, 7.0, 7.0, 7.0, 7.0, None]


def test_parse_text_of_strings() -> None:
    field = Field("s", S, trim="left")
    assert parse_text(pl.Series([" a ", "", None, "  "]), field).values.to_list() == ["a ", "", None, ""]
    assert parse_text(pl.Series([None, "-"]), field, null_if="-", if_null="x").values.to_list() == ["x", "x"]


def test_single_values() -> None:
    assert constant("2024/02/29", Field("d", D, mask="yyyy/MM/dd")) == datetime(2024, 2, 29)
    assert constant(None, Field("d", D)) is None
    with pytest.raises(ValueError, match="yyyy/MM/dd"):
        constant("29.2.2024", Field("d", D, mask="yyyy/MM/dd"))
    assert convert_value(1.5, Field("n", N), Field("i", INT)) == 2
    assert convert_value(None, Field("n", N), Field("i", INT)) is None
    assert text_of(1234567.891, Field("n", N)) == "1234567.891"
    assert text_of(None, Field("n", N)) is None


def test_an_odd_mask_prints_as_in_kettle() -> None:
    # a date mask that stayed on a field turned Integer: its letters are literals of the number mask
    assert text_of(1709164800000, Field("i", INT, mask="yyyy/MM/dd")) == "yyyy/MM/dd1709164800000"
