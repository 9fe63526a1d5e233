"""Which rows of two sorted streams meet, as numbers of rows: the core of the merging steps.

A key is given as its rank: whole numbers that order like Kettle orders the keys, equal for equal keys, over both
streams. Sorted streams are joined by searching; for unsorted ones Kettle's walk is repeated row by row, because it
loses rows in a way that only the walk knows.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.kettle.values.fields import Field
from assets.kettle.values.ordering import order_key

Numbers = NDArray[np.int64]
NONE = -1


def ranks(
    streams: Sequence[Sequence[pl.Series]], fields: Sequence[Field], descending: Sequence[bool] | None = None
) -> list[Numbers]:
    """One array of ranks per stream. Each stream has one column per field, already in that field's type.

    Null ranks first and equals null; '' equals null. Direction and case are those of the fields as they were sorted,
    unless `descending` says otherwise.
    """
    heights = [columns[0].len() for columns in streams]
    down = [f.descending for f in fields] if descending is None else list(descending)
    joined = []
    for number, field in enumerate(fields):
        both = pl.concat([columns[number].alias("c") for columns in streams])
        joined.append(order_key(both, field, not field.any_case).alias(str(number)))
    found = _plain(joined, down) if len(joined) == 1 else None
    if found is None:
        found = _ranked(joined, down)
    return np.split(found, np.cumsum(heights)[:-1])


def _plain(keys: list[pl.Series], descending: list[bool]) -> Numbers | None:
    """A single column of whole numbers or dates is its own rank."""
    column = keys[0]
    if descending[0] or not (column.dtype.is_integer() or column.dtype == pl.Datetime):
        return None
    values = column.cast(pl.Int64)
    if values.null_count():
        lowest = values.min()
        if lowest is not None and int(lowest) == np.iinfo(np.int64).min:  # type: ignore[arg-type]  # an int column
            return None
        values = values.fill_null(np.iinfo(np.int64).min)
    return values.to_numpy()


def _ranked(keys: list[pl.Series], descending: list[bool]) -> Numbers:
    every = pl.DataFrame(keys)
    names = every.columns
    change = pl.any_horizontal(pl.col(n).ne_missing(pl.col(n).shift(1)) for n in names)
    # only one row of each run of equal keys is ranked
    starts = every.select(change).to_series().scatter(0, True) if every.height else pl.Series(dtype=pl.Boolean)
    frame = every.filter(starts)
    order = frame.select(
        pl.arg_sort_by(names, descending=descending, nulls_last=descending, maintain_order=True)
    ).to_series()
    dense = frame[order].select(change.cum_sum().cast(pl.Int64)).to_series().to_numpy()
    found = np.empty(frame.height, dtype=np.int64)
    found[order.to_numpy()] = dense
    places: Numbers = starts.cast(pl.Int64).cum_sum().to_numpy() - 1
    return np.take(found, places)


def is_sorted(rank: Numbers) -> bool:
    """Whether no rank is lower than the one before."""
    return bool((rank[1:] >= rank[:-1]).all())


def with_occurrence(rank: Numbers) -> Numbers:
    """How many equal ranks stand directly before each: 0, 1, 2, ..."""
    if rank.size == 0:
        return rank
    starts = np.flatnonzero(np.concatenate(([True], rank[1:] != rank[:-1])))
    return np.arange(rank.size, dtype=np.int64) - np.repeat(starts, np.diff(np.append(starts, rank.size)))


def pairs(left: Numbers, right: Numbers, keep_left: bool, keep_right: bool) -> tuple[Numbers, Numbers]:
    """Row numbers that meet, in the order of the keys (left rows outermost); -1 where a side has no partner."""
    if is_sorted(left) and is_sorted(right):
        return _sorted_pairs(left, right, keep_left, keep_right)
    return _walked_pairs(left.tolist(), right.tolist(), keep_left, keep_right)


def _sorted_pairs(left: Numbers, right: Numbers, keep_left: bool, keep_right: bool) -> tuple[Numbers, Numbers]:
    first = np.searchsorted(right, left, side="left")
    counts = _run_lengths(right, left, first)
    repeats = np.maximum(counts, 1) if keep_left else counts
    found_left = np.repeat(np.arange(left.size, dtype=np.int64), repeats)
    ends = np.cumsum(repeats)
    within = np.arange(found_left.size, dtype=np.int64) - np.repeat(ends - repeats, repeats)
    found_right = np.repeat(first, repeats) + within
    if keep_left:
        found_right[np.repeat(counts == 0, repeats)] = NONE
    if not keep_right:
        return found_left, found_right
    place = np.searchsorted(left, right, side="left")
    lonely = place == np.searchsorted(left, right, side="right")
    rows = np.flatnonzero(lonely)
    before = np.concatenate(([0], ends))[place[rows]]
    return np.insert(found_left, before, NONE), np.insert(found_right, before, rows)


def _run_lengths(rank: Numbers, wanted: Numbers, first: Numbers) -> Numbers:
    """How many of the sorted ranks equal each wanted one, given where the first not smaller stands."""
    if rank.size == 0:
        return np.zeros(wanted.size, dtype=np.int64)
    starts = np.flatnonzero(np.concatenate(([True], rank[1:] != rank[:-1])))
    lengths = np.zeros(rank.size, dtype=np.int64)
    lengths[starts] = np.diff(np.append(starts, rank.size))
    inside = np.minimum(first, rank.size - 1)
    return np.where((first < rank.size) & (rank[inside] == wanted), lengths[inside], 0)


def _run_end(ranks_: list[int], start: int) -> int:
    end = start + 1
    while end < len(ranks_) and ranks_[end] == ranks_[start]:
        end += 1
    return end


def _walked_pairs(left: list[int], right: list[int], keep_left: bool, keep_right: bool) -> tuple[Numbers, Numbers]:
    """Kettle's merge: the lower key moves on, equal keys meet; whoever was passed is not looked at again."""
    found: list[tuple[int, int]] = []
    a = b = 0
    while a < len(left) or b < len(right):
        if (a == len(left) and not keep_right) or (b == len(right) and not keep_left):
            break
        if b == len(right) or (a < len(left) and left[a] < right[b]):
            if keep_left:
                found.append((a, NONE))
            a += 1
        elif a == len(left) or left[a] > right[b]:
            if keep_right:
                found.append((NONE, b))
            b += 1
        else:
            end_a, end_b = _run_end(left, a), _run_end(right, b)
            found += [(i, j) for i in range(a, end_a) for j in range(b, end_b)]
            a, b = end_a, end_b
    both = np.array(found, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
