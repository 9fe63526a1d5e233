"""Content versions follow the rows, not how they arrive."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.content import rows_version

ROWS = st.lists(st.tuples(st.integers(-(2**40), 2**40) | st.none(), st.text(max_size=5) | st.none()), max_size=20)
SCHEMA = {"n": pl.Int64, "t": pl.String}


def frame(rows: list[tuple[int | None, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@settings(deadline=None, max_examples=40)
@given(ROWS, st.randoms(use_true_random=False), st.integers(1, 7))
def test_order_and_batches_do_not_matter(rows: list[tuple[int | None, str | None]], random, size: int) -> None:
    expected = rows_version([frame(rows)])
    shuffled = list(rows)
    random.shuffle(shuffled)
    parts = list(frame(shuffled).iter_slices(size)) or [frame([])]
    assert rows_version(parts) == expected


@settings(deadline=None, max_examples=40)
@given(ROWS, ROWS)
def test_different_rows_have_different_versions(a: list[tuple[int | None, str | None]], b: list) -> None:
    same = sorted(map(repr, a)) == sorted(map(repr, b))
    assert (rows_version([frame(a)]) == rows_version([frame(b)])) == same


def test_width_of_numbers_does_not_matter_but_names_do() -> None:
    whole = pl.DataFrame({"n": [1, 2, None]})
    assert rows_version([whole]) == rows_version([whole.cast(pl.Int16)])
    assert rows_version([whole]) != rows_version([whole.rename({"n": "m"})])
    assert rows_version([pl.DataFrame({"n": [0]})]) != rows_version(
        [pl.DataFrame({"n": [None]}, schema={"n": pl.Int64})]
    )
