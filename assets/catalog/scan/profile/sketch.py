"""What is kept of a column with too many values to count: moments and extremes, exact, and the least hashes."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assets.catalog.scan.profile.numbers import extremes, is_text, lengths, numbers

HASHES = 8192  # least hashes kept; the distinct count's standard error is 1 / sqrt(HASHES), 1.1 %


class Sketch:
    """Takes (value, count) pairs in any order, a value also more than once.

    Distinct values are estimated from the k least of their hashes (KMV; Bar-Yossef et al., 2002): threshold filtering
    leaves few to sort. Moments are merged by Chan's update.
    """

    def __init__(self) -> None:
        self.low: Any = None
        self.high: Any = None
        self.lengths: tuple[int, int] | None = None
        self._weight = 0
        self._mean = self._squares = 0.0
        self._hashes: npt.NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._complete = True

    def add(self, values: pa.Array, counts: npt.NDArray[np.int64]) -> None:
        """Takes values without nulls."""
        if len(values) == 0:
            return
        self._extremes(values)
        self._moments(values, counts)
        self._keep(values)

    @property
    def distinct(self) -> int:
        """Estimated number of different values."""
        if self._complete:
            return len(self._hashes)
        return round((HASHES - 1) / (float(self._hashes[-1]) / 2.0**64))

    @property
    def moments(self) -> tuple[float, float] | None:
        """Mean and population standard deviation of numbers; None of others."""
        if self._weight == 0:
            return None
        return self._mean, math.sqrt(self._squares / self._weight)

    def _extremes(self, values: pa.Array) -> None:
        if not pa.types.is_binary(values.type) and not pa.types.is_large_binary(values.type):
            low, high = extremes(values)
            if self.low is not None and type(self.low) is not type(low):
                self.low, self.high = str(self.low), str(self.high)  # the column turned out to be of mixed types
                low, high = str(low), str(high)
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)
        if is_text(values.type):
            low, high = lengths(values)
            self.lengths = (min(low, self.lengths[0]), max(high, self.lengths[1])) if self.lengths else (low, high)

    def _moments(self, values: pa.Array, counts: npt.NDArray[np.int64]) -> None:
        found = numbers(values)
        if found is None:
            return
        finite = np.isfinite(found)
        found, weights = found[finite], counts[finite]
        total = int(weights.sum())
        if total == 0:
            return
        mean = float(np.dot(found, weights)) / total
        squares = float(np.dot((found - mean) ** 2, weights))
        both = self._weight + total
        gap = mean - self._mean
        self._squares += squares + gap * gap * self._weight * total / both
        self._mean += gap * total / both
        self._weight = both

    def _keep(self, values: pa.Array) -> None:
        import polars as pl

        hashes = pl.Series(values).hash(seed=1).to_numpy()
        if not self._complete:
            hashes = hashes[hashes < self._hashes[-1]]
            if len(hashes) == 0:
                return
        least = np.union1d(self._hashes, hashes)
        self._complete = self._complete and len(least) <= HASHES
        self._hashes = least[:HASHES]
