"""Where the rows of a look-up stream stand by key: what Stream lookup searches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.external import KeyColumns, KeyParts

SPARSE = 4
ROW = "\x00number"


class Index(Protocol):
    """Keys of a table.

    Attributes:
        cheap: a search costs no more for few rows than for many.
    """

    cheap: bool

    def find(self, keys: list[pl.Series]) -> pl.Series:
        """The row of each key: the last of equal ones, null where there is none."""


def index_of(keys: list[pl.Series]) -> Index:
    """The index for these key columns; null finds null."""
    if len(keys) == 1 and keys[0].dtype == pl.Int64:
        low, high = keys[0].min(), keys[0].max()
        if isinstance(low, int) and isinstance(high, int) and high - low < SPARSE * keys[0].len():
            return Places(keys[0], low, high - low + 1)
    return Hashed(keys)


class Places:
    """One column of whole numbers that lie close together: a place per number, nothing is hashed."""

    cheap = True

    def __init__(self, key: pl.Series, low: int, size: int) -> None:
        self._low, self._size = low, size
        kind = np.int32 if key.len() < np.iinfo(np.int32).max else np.int64
        rows = np.arange(key.len(), dtype=kind)
        self._rows = np.full(size + 1, -1, dtype=kind)
        here = key.is_not_null().to_numpy()
        values = key.drop_nulls().to_numpy()
        self._rows[values - low] = rows[here]  # of equal numbers the last assignment stays
        if not here.all():
            self._rows[size] = rows[~here][-1]

    def find(self, keys: list[pl.Series]) -> pl.Series:
        """The row of each key."""
        key = keys[0]
        wanted = key.fill_null(self._low).to_numpy()
        outside = (wanted < self._low) | (wanted >= self._low + self._size)
        found = self._rows[np.where(outside, 0, wanted - self._low)]
        found[outside] = -1
        if key.null_count():
            found[key.is_null().to_numpy()] = self._rows[self._size]
        rows = pl.Series(found)
        return rows.set(rows == -1, None) if (found == -1).any() else rows


class Hashed:
    """Any keys; each search hashes the whole table anew."""

    cheap = False

    def __init__(self, keys: list[pl.Series]) -> None:
        self._names = [k.name for k in keys]
        rows = pl.int_range(keys[0].len(), dtype=pl.UInt32 if keys[0].len() < 1 << 32 else pl.Int64, eager=True)
        self._table = pl.DataFrame([*keys, rows.alias(ROW)]).unique(self._names, keep="last")

    def find(self, keys: list[pl.Series]) -> pl.Series:
        """The row of each key."""
        wanted = pl.DataFrame(keys)
        return wanted.join(self._table, on=self._names, how="left", nulls_equal=True, maintain_order="left")[ROW]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for the rows whose keys share a hash.

    Attributes:
        values: with the number of the row, in its order.
        bounds: where each window of rows begins among them.
    """

    values: Buffer
    bounds: NDArray[np.int64]


def windows(parts: Sequence[Found], number: int) -> Iterator[pl.DataFrame]:
    """The values for window after window, in the order of the rows; `number` windows."""
    for window in range(number):
        pieces = [p.values.between(int(p.bounds[window]), int(p.bounds[window + 1])) for p in parts]
        yield pl.concat(pieces).sort(ROW).drop(ROW)


def split_keys(buffer: Buffer, parts: KeyParts, keys: KeyColumns, rows: int) -> None:
    """Deals the keys of all rows out, each with the number of its row; the buffer keeps its rows."""
    start = 0
    for batch in buffer.batches(rows):
        numbers = pl.int_range(start, start + batch.height, dtype=pl.Int64, eager=True).alias(ROW)
        parts.add(pl.DataFrame([*keys(batch), numbers]))
        start += batch.height
