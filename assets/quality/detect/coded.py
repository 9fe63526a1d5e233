"""Columns as whole numbers: a code per different text, 0 for a missing value."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

Codes = npt.NDArray[np.int64]
MISSING = 0


@dataclass(frozen=True)
class Coded:
    """A column.

    Attributes:
        codes: of each row, int64 [n].
        values: text of each code; `values[0]` is the missing value "".
        counts: rows of each code, int64 [k].
    """

    name: str
    codes: Codes
    values: list[str]
    counts: Codes

    @property
    def distinct(self) -> int:
        """Different values, the missing one aside."""
        return len(self.values) - 1

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return int(self.counts[1:].sum())


def encode(series: "pl.Series") -> Coded:
    """The codes of a column; nulls and empty texts are missing."""
    import polars as pl

    texts = series.cast(pl.String).fill_null("")
    values = texts.unique().sort()
    if len(values) == 0 or values[0] != "":
        values = pl.concat([pl.Series(values.name, [""], dtype=pl.String), values])
    table = pl.DataFrame({"v": values, "c": np.arange(len(values), dtype=np.int64)})
    codes = pl.DataFrame({"v": texts}).join(table, on="v", how="left", maintain_order="left")["c"].to_numpy()
    return Coded(series.name, codes, values.to_list(), np.bincount(codes, minlength=len(values)))


def recode(name: str, texts: Sequence[str]) -> Coded:
    """The codes of a list of texts."""
    import polars as pl

    return encode(pl.Series(name, texts, dtype=pl.String))


def pair(one: Codes, two: Codes) -> Codes:
    """Codes of pairs: 0 where either is missing, else from 1 on without gaps."""
    width = int(two.max(initial=0)) + 1
    joined = np.where((one == MISSING) | (two == MISSING), 0, one * width + two)
    found, codes = np.unique(joined, return_inverse=True)
    codes = codes.ravel().astype(np.int64)
    return codes if len(found) and found[0] == 0 else codes + 1


def joined(columns: Sequence[Coded]) -> Codes:
    """Codes of several columns together: MISSING where one of them is, int64 [n]."""
    return reduce(pair, (column.codes for column in columns))


@dataclass(frozen=True)
class Groups:
    """How often each value of `then` occurs under each value of `given`, sorted by `given`.

    Attributes:
        start: of each given's part in `value` and `count`, int64 [k + 1].
        value: codes of the other column, int64 [pairs].
        count: rows of each pair, int64 [pairs].
        size: rows of each given, missing values of the other column included, int64 [k].
    """

    start: Codes
    value: Codes
    count: Codes
    size: Codes


def group(given: Codes, then: Codes) -> Groups:
    """Counts of pairs; rows without a given value are left out (their group is empty)."""
    width = int(then.max(initial=0)) + 1
    height = int(given.max(initial=0)) + 1
    keys, counts = np.unique((given * width + then)[given != MISSING], return_counts=True)
    start = np.searchsorted(keys // width, np.arange(height + 1))
    size = np.bincount(given, minlength=height)
    size[MISSING] = 0
    return Groups(start, keys % width, counts, size)


def as_numbers(column: Coded, share: float = 0.95) -> npt.NDArray[np.float64] | None:
    """Numbers of a column, nan where there is none; None where less than a share of its rows are numbers."""
    import polars as pl

    numbers = pl.Series(column.values, dtype=pl.String).cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    if column.counts[np.isfinite(numbers)].sum() < max(1.0, share * column.filled):
        return None
    return np.asarray(numbers[column.codes])
