"""What counts as missing."""

import polars as pl
import pytest

from assets.quality.impute.missing import stand_ins, without


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1, 2, 3, -9999, -9999], [-9999.0]),
        ([1, 2, 3, 99999, 99999], [99999.0]),
        ([0.5, 0.7, -999.0, -999.0, 999999.0, 999999.0], [-999.0, 999999.0]),
        ([1, 2, 3, -9999], []),  # only once
        ([10, 20, 30, 40, 99, 99], []),  # not far from the others
        ([1, 2, 3, -5000, -5000], []),  # far, but nobody's stand-in
        ([5, 5, 5], []),
        ([], []),
    ],
)
def test_numbers(values: list[float], found: list[float]) -> None:
    assert sorted(stand_ins(pl.Series("n", values, dtype=pl.Float64))) == found


def test_texts_in_two_languages() -> None:
    column = pl.Series("t", ["红", " N/A ", "未知", "none", "无", "  ", "?", None, "Nantes"])
    assert stand_ins(column) == ["  ", " N/A ", "?", "未知"]


def test_a_code_among_codes_is_a_value() -> None:
    assert stand_ins(pl.Series("country", ["DE", "FR", "NA", "CN", "NA"])) == []
    assert stand_ins(pl.Series("city", ["Berlin", "NA", "Paris", "NA", "Ulm"])) == ["NA"]


def test_dates_and_booleans_have_none() -> None:
    assert stand_ins(pl.Series("b", [True, False])) == []
    assert stand_ins(pl.Series("d", ["1970-01-01"]).str.to_date()) == []


def test_they_become_null_and_nan_too() -> None:
    frame = pl.DataFrame({"a": [1, -99, -99], "b": ["x", "N/A", "y"], "c": [1.5, float("nan"), 2.0]})
    clean = without(frame, {"a": [-99.0], "b": ["N/A"]})
    assert clean.to_dict(as_series=False) == {"a": [1, None, None], "b": ["x", None, "y"], "c": [1.5, None, 2.0]}
    assert clean.schema == frame.schema
