"""The proofs over whole columns agree with reading and printing one value at a time."""

import random
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from assets.kettle.values.date_exact import parse_date
from assets.kettle.values.date_pattern import compile_date_mask
from assets.kettle.values.fields import ValueType
from assets.kettle.values.masks_date import settings
from assets.kettle.values.masks_number import parse_numbers, parse_text_number
from assets.kettle.values.number_exact import format_number
from assets.kettle.values.number_pattern import Symbols, compile_number_mask
from assets.kettle.values.plain_texts import fixed_dates, made_of, without_empty
from assets.kettle.values.printed_doubles import printed


def milliseconds(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def test_made_of_knows_each_foreign_character() -> None:
    assert made_of(pl.Series(["12.5", None, "-3"]), b"0123456789.-")
    assert made_of(pl.Series([None, None], dtype=pl.String), b"0")
    assert not made_of(pl.Series(["12", "1e5"]), b"0123456789.-")
    assert not made_of(pl.Series(["12", "1\u0661"]), b"0123456789.-")


def test_empty_texts_become_null() -> None:
    assert without_empty(pl.Series(["", None, "a"])).to_list() == [None, None, "a"]


@pytest.mark.parametrize("mask", ["#", "0.00", "#,##0.00", "####0.0#########;-####0.0#########"])
@pytest.mark.parametrize("kind", [ValueType.NUMBER, ValueType.INTEGER])
def test_texts_of_digits_points_and_signs_are_read_as_one_by_one(mask: str, kind: ValueType) -> None:
    source = random.Random(3)
    texts = ["".join(source.choices("0123456789.-", k=source.randint(1, 7))) for _ in range(400)]
    for text in [*texts, ".5", "5.", "-.5", "007", "-0", "9" * 19, "1e5", "+5", "inf", "nan", " 5"]:
        values, reasons = parse_numbers(pl.Series([text]), kind, mask, Symbols())
        try:
            expected = parse_text_number(text, kind, compile_number_mask(mask), Symbols(), lenient=False)
        except ValueError:
            assert reasons, text
            continue
        assert str(values[0]) == str(expected), text


def test_fixed_dates() -> None:
    texts = pl.Series(["1991/12/20", None, "2024/02/29", "1600/01/01", "9999/12/31"])
    found = fixed_dates(texts, compile_date_mask("yyyy/MM/dd"))
    assert found is not None
    days = [milliseconds(1991, 12, 20), None, milliseconds(2024, 2, 29), milliseconds(1600, 1, 1)]
    assert found.to_list() == [*days, milliseconds(9999, 12, 31)]


def test_fixed_dates_with_a_time() -> None:
    mask = "dd.MM.yyyy HH:mm:ss.SSS"
    found = fixed_dates(pl.Series(["29.02.2000 23:59:58.007"]), compile_date_mask(mask))
    expected = parse_date("29.02.2000 23:59:58.007", compile_date_mask(mask), settings(None, None))
    assert found is not None and found.to_list() == [expected]


@pytest.mark.parametrize(
    "text",
    ["1991/2/20", "1991/02/30", "2023/02/29", "1991/13/01", "1991/00/10", "1991-01-01", "1599/12/31", "1991/0a/01", ""],
)
def test_other_texts_are_left_to_the_exact_reader(text: str) -> None:
    assert fixed_dates(pl.Series(["1991/12/20", text]), compile_date_mask("yyyy/MM/dd")) is None


@pytest.mark.parametrize("mask", ["yyyy/M/d", "yy/MM/dd", "yyyy/MM", "dd-MMM-yyyy", "yyyy/MM/dd hh"])
def test_other_masks_are_left_to_the_exact_reader(mask: str) -> None:
    assert fixed_dates(pl.Series(["1991/12/20"]), compile_date_mask(mask)) is None


def awkward_doubles() -> np.ndarray:
    """Random sizes, products of cents, ties, powers of two, and the neighbours of all these."""
    source = np.random.default_rng(5)
    count = 1_500
    values = np.concatenate(
        [
            source.random(count) * 10.0 ** source.integers(-6, 17, count),
            np.round(source.random(count) * 5000, 2) * source.integers(1, 300, count),
            source.integers(0, 10**6, count) / 2.0 ** source.integers(0, 20, count),
            2.0 ** np.arange(-13, 50),
            [0.0, -0.0, np.nan, np.inf, 0.285, 1.005, 262144.00000000003],
        ]
    )
    values = np.concatenate([values, np.nextafter(values, 0), np.nextafter(values, 9e99)])
    values[::3] *= -1
    return values


@pytest.mark.parametrize(
    ("mask", "places"), [("####0.0#########;-####0.0#########", 10), ("0.0#", 2), ("0.0" + "#" * 17, 18)]
)
def test_shortest_digits_of_rounded_doubles_are_what_java_prints(mask: str, places: int) -> None:
    values = awkward_doubles()
    rounded, sure = printed(pl.Series(values), places)
    pattern = compile_number_mask(mask)
    chosen = [row for row, found in enumerate(sure) if found]
    assert len(chosen) > 0.9 * len(values)
    texts = rounded.cast(pl.String)
    for row in chosen:
        assert texts[row] == format_number(float(values[row]), pattern, Symbols()), values[row]


def test_nulls_stay_null() -> None:
    rounded, sure = printed(pl.Series([1.5, None]), 2)
    assert rounded.to_list() == [1.5, None] and sure.all()
