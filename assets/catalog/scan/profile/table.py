"""Profiles all columns of a table in one pass over its batches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assets.catalog.model import Base, ColumnInfo, Profile
from assets.catalog.scan.profile.counts import Counts, as_text
from assets.catalog.scan.profile.infer import infer
from assets.catalog.scan.profile.numbers import is_text
from assets.catalog.scan.profile.summary import profile

MEMORY = 256 * 2**20  # bytes for the counted values of a table
LEAST = 64 * 2**10  # of one column
CELLS = 2_000_000  # of the sample of rows
ROWS = 50_000
BYTES = 64 * 2**20
JUDGED = 4_000  # values of a column by which its meaning is judged


@dataclass(frozen=True)
class Measured:
    """What one pass found.

    Attributes:
        bases: of columns that came as text without a declared type.
        samples: column -> values of at most JUDGED of its rows, without nulls.
    """

    rows: int
    profiles: dict[str, Profile]
    bases: dict[str, Base]
    samples: dict[str, pa.Array]


class Rows:
    """A uniform sample of rows, by keeping those with the least of random numbers."""

    def __init__(self, columns: int) -> None:
        self.size = max(200, min(ROWS, CELLS // max(1, columns)))
        self._random = np.random.default_rng(11)
        self._keys: npt.NDArray[np.float64] = np.empty(0)
        self._kept: list[pa.RecordBatch] = []
        self._bound = 1.0

    def add(self, batch: pa.RecordBatch) -> None:
        """Considers the rows of a batch."""
        if not self._kept and batch.num_rows:
            self.size = max(200, min(self.size, int(BYTES * batch.num_rows / max(1, batch.nbytes))))
        keys = self._random.random(batch.num_rows)
        chosen = np.flatnonzero(keys < self._bound)
        if len(chosen) > self.size:
            chosen = np.sort(np.argpartition(keys, self.size)[: self.size])
        if len(chosen) == 0:
            return
        self._kept.append(batch.take(pa.array(chosen)))
        self._keys = np.append(self._keys, keys[chosen])
        if len(self._keys) > 2 * self.size:
            self._thin()

    def column(self, place: int) -> pa.Array:
        """The drawn values of a column, without nulls."""
        self._thin()
        parts = [batch.column(place) for batch in self._kept]
        parts = [p.cast(p.type.value_type) if pa.types.is_dictionary(p.type) else p for p in parts]
        if len({p.type for p in parts}) > 1:
            parts = [as_text(p) for p in parts]
        return pa.concat_arrays(parts).drop_null() if parts else pa.nulls(0)

    def _thin(self) -> None:
        if len(self._keys) <= self.size:
            return
        chosen = np.sort(np.argpartition(self._keys, self.size)[: self.size])
        self._bound = float(self._keys[chosen].max())
        bounds = np.cumsum([0, *(b.num_rows for b in self._kept)])
        kept = []
        for batch, start, end in zip(self._kept, bounds[:-1], bounds[1:], strict=True):
            inside = chosen[(chosen >= start) & (chosen < end)] - start
            if len(inside):
                kept.append(batch.take(pa.array(inside)))
        self._kept, self._keys = kept, self._keys[chosen]


class TableProfiler:
    """Takes the batches of a table; `finish` gives its profiles."""

    def __init__(self, columns: Sequence[ColumnInfo], memory: int = MEMORY) -> None:
        self._columns = columns
        share = max(LEAST, memory // max(1, len(columns)))
        self._counts = [Counts(share) for _ in columns]
        self._sample = Rows(len(columns))
        self._waiting: pa.RecordBatch | None = None
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes a batch whose columns are in the order of the table's."""
        self.rows += batch.num_rows
        for place, counts in enumerate(self._counts):
            counts.add(batch.column(place))
        if self._waiting is not None:
            self._sample.add(self._waiting)
        self._waiting = batch  # a table of one batch seldom needs the sample

    def finish(self, *, sampled: bool, samples: bool = False) -> Measured:
        """The profiles.

        Args:
            sampled: whether the batches were a part of the table.
            samples: whether to give some values of each column too.
        """
        if self._waiting is not None and any(c.sketch is not None for c in self._counts):
            self._sample.add(self._waiting)
        self._waiting = None
        profiles, bases, given = {}, {}, {}
        for place, (column, counts) in enumerate(zip(self._columns, self._counts, strict=True)):
            drawn = self._sample.column(place) if counts.sketch is not None else None
            base = column.base
            values = counts.values()[0] if drawn is None else drawn
            if not column.type and is_text(values.type):
                base = bases[column.name] = infer(values)
            elif not column.type and base is Base.OTHER:
                base = bases[column.name] = Base.TEXT  # nothing but nulls
            profiles[column.name] = profile(counts, base, drawn, sampled)
            if samples:
                given[column.name] = drawn.slice(0, JUDGED) if drawn is not None else _rows(*counts.values())
        return Measured(self.rows, profiles, bases, given)


def _rows(values: pa.Array, counts: npt.NDArray[np.int64]) -> pa.Array:
    """Values as often as rows have them; of many rows, those at even distances."""
    upto = np.cumsum(counts)
    total = int(upto[-1]) if len(upto) else 0
    places = np.arange(total) if total <= JUDGED else np.linspace(0, total - 1, JUDGED).astype(np.int64)
    return values.take(pa.array(np.searchsorted(upto, places, side="right")))
