"""Order and equality of values, as PDI 9.3 has them."""

from random import Random
from typing import Any

import polars as pl
import pytest

from assets.kettle.values import compare
from assets.kettle.values.compare import SortKey, compare_expr, compare_values, key_columns, sort_columns
from assets.kettle.values.fields import Field, Layout, ValueType

LAYOUT = Layout([Field("id", ValueType.INTEGER), Field("s"), Field("n", ValueType.INTEGER)])
TEXTS = ["b", "B", "a", "A", None, None, "é", "z", "Z", "e", " a", "a", "_", "10", "9"]
NUMBERS = [2, 1, 2, None, 1, 0, 3, -1, 10, 9, 2, 1, 0, 0, 0]
ROWS = pl.DataFrame({"id": list(range(1, 16)), "s": TEXTS, "n": NUMBERS}, schema=LAYOUT.schema)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([SortKey("S")], [5, 6, 11, 14, 15, 4, 2, 9, 13, 3, 12, 1, 10, 8, 7]),
        ([SortKey("s", case_sensitive=False)], [5, 6, 11, 14, 15, 13, 3, 4, 12, 1, 2, 10, 8, 9, 7]),
        ([SortKey("s", ascending=False)], [7, 8, 10, 1, 3, 12, 13, 9, 2, 4, 15, 14, 11, 5, 6]),
        (
            [SortKey("s", ascending=False, case_sensitive=False)],
            [7, 8, 9, 10, 1, 2, 3, 4, 12, 13, 15, 14, 11, 5, 6],
        ),
        ([SortKey("s", collated=True)], [5, 6, 13, 14, 15, 3, 4, 11, 12, 1, 2, 7, 10, 8, 9]),
        ([SortKey("n", ascending=False), SortKey("s")], [9, 10, 7, 11, 3, 1, 5, 2, 12, 6, 14, 15, 13, 8, 4]),
        ([], list(range(1, 16))),
    ],
)
def test_sorts_as_measured(keys: list[SortKey], expected: list[int]) -> None:
    assert sort_columns(ROWS, LAYOUT, keys)["id"].to_list() == expected


def test_a_field_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        sort_columns(ROWS, LAYOUT, [SortKey("missing")])


def ordered(values: list[Any], kind: ValueType) -> list[Any]:
    field = Field("v", kind)
    frame = pl.DataFrame({"v": values}, schema={"v": field.dtype})
    return sort_columns(frame, Layout([field]), [SortKey("v")])["v"].to_list()


def test_empty_text_is_null_and_stays_in_place() -> None:
    assert ordered(["a", "", None, ""], ValueType.STRING) == ["", None, "", "a"]


def test_text_orders_by_utf16_code_unit() -> None:
    # U+FF5E is above U+1F600 in code units (a surrogate pair), below it in code points
    assert ordered(["\uff5e", "\U0001f600"], ValueType.STRING) == ["\U0001f600", "\uff5e"]


def test_big_numbers_order_by_value() -> None:
    small = ["10", "9.5", "-1", "2.0", None, "2"]
    assert ordered(small, ValueType.BIGNUMBER) == [None, "-1", "2.0", "2", "9.5", "10"]
    wide = ["1" + "0" * 40, "0." + "0" * 30 + "1", "-5"]
    assert ordered(wide, ValueType.BIGNUMBER) == ["-5", wide[1], wide[0]]


def test_negative_zero_sorts_before_zero_and_nan_last() -> None:
    values = ordered([float("nan"), 0.0, -0.0, -1.0], ValueType.NUMBER)
    assert repr(values) == "[-1.0, -0.0, 0.0, nan]"


def test_compare_expression() -> None:
    field = Field("n", ValueType.BIGNUMBER)
    frame = pl.DataFrame({"n": ["10", "2.0", "-1", None]})
    result = frame.select(compare_expr(pl.col("n"), field, pl.lit("2.00"), field)).to_series()
    assert result.to_list() == [1, 0, -1, -1]
    assert result.dtype == pl.Int8


@pytest.mark.parametrize(
    ("a", "b", "sensitive", "expected"),
    [("", None, True, 0), ("", "x", True, -1), ("B", "a", True, -1), ("B", "a", False, 1), ("É", "é", False, 0)],
)
def test_compare_texts(a: str | None, b: str | None, sensitive: bool, expected: int) -> None:
    assert compare_values(a, b, Field("a"), Field("b"), case_sensitive=sensitive) == expected


def test_an_integer_meets_a_number_as_a_number() -> None:
    assert compare_values(1, 1.5, Field("a", ValueType.INTEGER), Field("b", ValueType.NUMBER)) == -1
    assert compare_values(2, 1.5, Field("a", ValueType.INTEGER), Field("b", ValueType.NUMBER)) == 1


def test_keys_for_equality() -> None:
    fields = [Field("s"), Field("b", ValueType.BIGNUMBER)]
    frame = pl.DataFrame({"s": ["A", "a", "", None], "b": ["1.50", "1.5", "100", "-0.0"]})
    text, number = key_columns(frame, fields, case_sensitive=False)
    assert text.to_list() == ["a", "a", None, None]
    assert number.to_list() == ["1.5", "1.5", "100", "0"]
    assert key_columns(frame, fields)[0].to_list() == ["A", "a", None, None]
    assert key_columns(frame, fields, [True, False])[0].to_list() == ["A", "a", None, None]


@pytest.mark.parametrize("down", [False, True])
def test_texts_of_few_values_sort_by_codes_as_they_would_by_text(down: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(5)
    texts = ["b", "B", None, "", "\uffee", "\U0001f600"]
    table = {"id": range(20_000), **{name: random.choices(texts, k=20_000) for name in "st"}}
    layout = Layout([Field("id", ValueType.INTEGER), Field("s"), Field("t")])
    frame = pl.DataFrame(table, schema=layout.schema)
    keys = [SortKey("s", case_sensitive=False), SortKey("t", ascending=not down)]
    coded = sort_columns(frame, layout, keys)
    assert compare.few_texts([frame["s"], frame["t"]], [False, down]) is not None
    assert compare.few_texts([frame["s"], frame["id"]], [False, down]) is None
    monkeypatch.setattr(compare, "LEAST_ROWS", 1 << 62)
    assert coded.equals(sort_columns(frame, layout, keys))
