"""What counts as a missing value: null, NaN, and values that only stand for "not known"."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from assets.quality.detect.forms.missing import MARKS, NOTHING, common_shape

if TYPE_CHECKING:
    import polars as pl

_CODES = ("na", "nil")  # may be codes of countries or units
_SEPARATION = 3.0  # spans of all other values between a stand-in and the nearest of them
_ROUND = frozenset(abs(int(f"{digit}" * n)) for digit in (9, 8, 7) for n in range(2, 11)) | {
    10**n for n in range(3, 11)
}


def stand_ins(column: "pl.Series") -> list[float | str]:
    """The values of a column that stand for "missing".

    Numbers: the smallest or largest value, where it repeats, is made of one repeated digit (-999, 9999999) or a power
    of ten, and lies more than three spans of all other values away from them. Texts: blanks and the marks that cleaning
    knows, but for those that may say "nothing", and for codes that look like the other values. Booleans and dates have
    none.
    """
    if column.dtype.is_numeric():
        return list(_far_numbers(column))
    if str(column.dtype) in ("String", "Categorical", "Enum"):
        import polars as pl

        table = column.cast(pl.String).drop_nulls().alias("v").value_counts()
        return list(_marks(dict(table.select("v", "count").iter_rows())))
    return []


def _marks(counts: Mapping[str, int]) -> Iterator[str]:
    for value in sorted(counts):
        mark = value.strip().lower()
        if not mark or (mark in MARKS - NOTHING and not (mark in _CODES and common_shape(value, counts))):
            yield value


def _far_numbers(column: "pl.Series") -> set[float]:
    import polars as pl

    counts = column.cast(pl.Float64).drop_nulls().drop_nans().value_counts().sort(column.name)
    values, times = counts[column.name].to_numpy(), counts["count"].to_numpy()
    found: set[float] = set()
    ends = sorted({0, len(values) - 1}, key=lambda place: -abs(values[place])) if len(values) > 2 else []
    for end in ends:  # the farther one first: the other may look near beside it
        others = np.delete(values, end)
        others = others[~np.isin(others, list(found))]
        if len(others) < 2 or times[end] < 2 or abs(values[end]) not in _ROUND:
            continue
        span = float(others.max() - others.min())
        if min(abs(values[end] - others.min()), abs(values[end] - others.max())) > _SEPARATION * max(span, 1.0):
            found.add(float(values[end]))
    return found


def without(frame: "pl.DataFrame", found: dict[str, list[float | str]]) -> "pl.DataFrame":
    """The frame with NaN and the stand-ins of each column as null."""
    import polars as pl

    def cleared(name: str) -> "pl.Expr":
        value = pl.col(name)
        if frame[name].dtype.is_float():
            value = value.fill_nan(None)
        hidden = found.get(name)
        if not hidden:
            return value
        values = pl.Series(hidden).cast(frame[name].dtype)
        return pl.when(value.is_in(values.implode())).then(None).otherwise(value).alias(name)

    return frame.select([cleared(name) for name in frame.columns])
