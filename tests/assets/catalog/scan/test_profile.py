"""Profiles against the same figures computed plainly; sketches within their bounds; memory bounded."""

import datetime as dt
import decimal
from itertools import islice

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from assets.catalog.model import Base, ColumnInfo, Profile, Top
from assets.catalog.scan.arrow import batch, column, text
from assets.catalog.scan.profile.patterns import patterns
from assets.catalog.scan.profile.table import Measured, Rows, TableProfiler
from assets.catalog.scan.profile.withhold import withhold
from assets.catalog.scan.reader import adaptive


def measured(arrays: list[pa.Array], type_: str = "x", parts: int = 1, memory: int = 2**28) -> Measured:
    columns = [ColumnInfo(name=f"c{i}", type=type_) for i in range(len(arrays))]
    profiler = TableProfiler(columns, memory)
    size = max(1, -(-len(arrays[0]) // parts))
    for start in range(0, len(arrays[0]), size):
        names = [c.name for c in columns]
        profiler.add(pa.RecordBatch.from_arrays([a.slice(start, size) for a in arrays], names=names))
    return profiler.finish(sampled=False, samples=True)


def one(array: pa.Array, type_: str = "x", parts: int = 1, memory: int = 2**28) -> Profile:
    return measured([array], type_, parts, memory).profiles["c0"]


@pytest.mark.parametrize("parts", [1, 7])
def test_numbers_are_exact(parts: int) -> None:
    rng = np.random.default_rng(3)
    values = pl.Series(rng.zipf(1.5, 20_000) % 5_000).to_frame("v")
    values = values.with_columns(pl.when(pl.int_range(pl.len()) % 9 > 0).then(pl.col("v")))["v"]
    found = one(pa.array(values.to_list(), pa.int64()), parts=parts)
    there = values.drop_nulls()
    assert (found.rows, found.nulls, found.distinct) == (20_000, values.null_count(), there.n_unique())
    assert found.distinct_exact and not found.sampled
    assert found.mean == pytest.approx(there.mean()) and found.deviation == pytest.approx(there.std(ddof=0))
    levels = [there.quantile(q, "lower") for q in (0.05, 0.25, 0.5, 0.75, 0.95)]
    assert found.quantiles == pytest.approx(levels, abs=1)
    expected = there.value_counts(sort=True).head(10)
    assert [t.count for t in found.top] == expected["count"].to_list() and found.top[0].value == "1"
    assert sum(b.count for b in found.histogram) == len(there) and len(found.histogram) == 20
    low, high = found.histogram[0].low, found.histogram[0].high
    assert found.histogram[0].count == ((there >= low) & (there < high)).sum()
    assert (found.low, found.high) == (str(there.min()), str(there.max()))


def test_texts() -> None:
    found = one(pa.array(["b", "a", None, "中文", "b", ""]))
    assert found.lengths == (0, 2) and (found.low, found.high) == ("", "中文") and found.distinct == 4
    assert found.top[0] == Top(value="b", count=2) and found.mean is None and found.quantiles == ()


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("13912345678", "9{11}"),
        ("AB-12 c", "A{2}-9{2} a"),
        ("京A·12345", "中Aa9{5}"),
        ("é", "a"),
        ("x" * 500, "a{64}"),
        ("", ""),
        ("tab\tnul\x00", "a{3}·a{3}·"),
        ("😀1", "·9"),
    ],
)
def test_shapes(value: str, shape: str) -> None:
    assert patterns(pa.array([value]), np.array([3]), 5) == (Top(value=shape, count=3),)


def test_shapes_are_counted_by_rows_and_sliced_arrays_are_no_matter() -> None:
    values = pa.array(["skipped", "a1", "bb", "c2", "", "z9"]).slice(1)
    found = patterns(values, np.array([5, 1, 2, 4, 1]), 2)
    assert found == (Top(value="a9", count=8), Top(value="", count=4))


def test_a_column_beyond_its_memory_is_estimated_and_says_so() -> None:
    rng = np.random.default_rng(5)
    n = 400_000
    often = np.where(rng.random(n) < 0.2, 42, rng.integers(0, 10**12, n))
    unique = np.arange(n) * 7
    found = measured([pa.array(often), pa.array([f"k{i:09d}" for i in unique])], parts=40, memory=2**20).profiles
    first, second = found["c0"], found["c1"]
    assert not first.distinct_exact and first.distinct == pytest.approx(len(np.unique(often)), rel=0.05)
    assert first.low == str(often.min()) and first.high == str(often.max())
    assert first.mean == pytest.approx(often.mean()) and first.deviation == pytest.approx(often.std())
    assert first.quantiles[2] == pytest.approx(np.median(often), rel=0.05)
    assert first.top[0].value == "42" and first.top[0].count == pytest.approx((often == 42).sum(), rel=0.02)
    assert second.distinct == pytest.approx(n, rel=0.05) and second.top == () and second.lengths == (10, 10)
    assert second.patterns[0].value == "a9{9}" and second.patterns[0].count == n


def test_a_column_that_changes_its_type_meanwhile() -> None:
    columns = [ColumnInfo(name="c", type="")]
    for memory in (2**28, 1):
        profiler = TableProfiler(columns, memory)
        for values in (list(range(30_000)), [f"x{i}" for i in range(30_000)]):
            profiler.add(pa.RecordBatch.from_arrays([pa.array(values)], names=["c"]))
        found = profiler.finish(sampled=False)
        assert found.profiles["c"].rows == 60_000 and found.bases["c"] is Base.TEXT
        assert found.profiles["c"].high == "x9999"


@pytest.mark.parametrize(
    ("values", "base"),
    [
        (["1", "-20", None], Base.INTEGER),
        (["007", "012"], Base.TEXT),
        (["1.5", "2", "1e-3"], Base.NUMBER),
        (["true", "FALSE"], Base.BOOLEAN),
        (["2024-01-02", "2023/1/2"], Base.DATE),
        (["2024-01-02 03:04:05", "2024-01-02T03:04:05.5Z"], Base.TIMESTAMP),
        (["03:04", "23:59:59"], Base.TIME),
        (["1", "x"], Base.TEXT),
        ([None, None], Base.TEXT),
    ],
)
def test_what_texts_stand_for(values: list[str | None], base: Base) -> None:
    assert measured([pa.array(values, pa.string())], type_="").bases["c0"] is base


def test_nanoseconds() -> None:
    found = one(pa.array([1, 86_400_000_000_001], pa.timestamp("ns")))
    assert (found.low, found.high) == ("1970-01-01T00:00:00", "1970-01-02T00:00:00") and len(found.top) == 2


def test_dates_are_quantities() -> None:
    found = one(pa.array([dt.date(1970, 1, 2), dt.date(1970, 1, 4), None]))
    assert found.quantiles[0] == 86400 and (found.low, found.high) == ("1970-01-02", "1970-01-04")
    texts = one(pa.array(["1970-01-02", "1970-01-04"]), type_="")
    assert texts.quantiles == found.quantiles and texts.histogram[0].low == 86400


def test_extreme_numbers() -> None:
    found = one(pa.array([float("nan"), float("inf"), -float("inf"), 1.0, None, 1e308, -1e308]))
    assert found.nulls == 1 and found.quantiles[2] == 1.0 and found.histogram == ()
    large = one(pa.array([2**63 - 1, -(2**63)]))
    assert (large.low, large.high) == (str(-(2**63)), str(2**63 - 1))
    exact = one(pa.array([decimal.Decimal("1.10"), decimal.Decimal("2.20")]))
    assert exact.low == "1.10" and exact.mean == pytest.approx(1.65)


def test_empty_and_binary_columns() -> None:
    assert one(pa.array([], pa.int64())) == Profile(rows=0)
    assert one(pa.nulls(3)).nulls == 3
    found = one(pa.array([b"\xff", b"\xff", None], pa.binary()))
    assert (found.distinct, found.nulls, found.top, found.low) == (1, 1, (), "")


def test_samples_are_rows_not_distinct_values() -> None:
    few = measured([pa.array(["a", "a", "b", None])]).samples["c0"].to_pylist()
    assert sorted(few) == ["a", "a", "b"]
    many = measured([pa.array([i % 2 for i in range(100_000)])], parts=10).samples["c0"].to_pylist()
    assert 1_900 < many.count(1) < 2_100 and len(many) == 4_000


def test_withheld() -> None:
    found = withhold(one(pa.array([1, 2, 2])))
    assert found.withheld and found.distinct == 2
    assert (found.low, found.high, found.top, found.histogram, found.quantiles) == ("", "", (), (), ())


def test_python_values_of_any_mixture() -> None:
    assert column([1, None], Base.INTEGER).to_pylist() == [1, None]
    assert column([1, "x", b"\x01", 2.5], Base.INTEGER).to_pylist() == ["1", "x", "01", "2.5"]
    assert column([2**70], Base.INTEGER).to_pylist() == [str(2**70)]
    assert text({"a": dt.date(2024, 1, 1)}) == '{"a": "2024-01-01"}' and text("\ud800") == "?"


def test_batches_of_large_values_are_small() -> None:
    rows = iter([(b"x" * 2**20,)] * 600)
    sizes: list[int] = []

    def fetch(size: int) -> list[tuple[bytes]]:
        some = list(islice(rows, size))
        sizes.append(len(some))
        return some

    made = sum(b.num_rows for b in adaptive(fetch, lambda some: batch(some, [Base.BINARY]), 50_000))
    assert made == 600
    assert sizes[0] == 500 and max(sizes[1:]) <= 32


def test_the_sample_of_rows_is_bounded_by_bytes() -> None:
    rows = Rows(1)
    for _ in range(4):
        rows.add(pa.RecordBatch.from_arrays([pa.array(["y" * 2**18] * 300)], names=["c"]))
    assert rows.size == 255 and len(rows.column(0)) <= 512
