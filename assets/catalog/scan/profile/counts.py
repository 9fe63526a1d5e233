"""How often each value of a column came: exact while it fits its share of memory, with sketches beyond it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assets.catalog.scan.profile.sketch import Sketch

Counted = tuple[pa.Array, npt.NDArray[np.int64]]
SCATTERED = 0.9  # distinct values per row beyond which counting them shows nothing


class Counts:
    """Counts the values of one column, batch by batch.

    Each batch is reduced to its different values with their number by one hash aggregation; these are merged when they
    fill their share of memory and once at the end. If they still fill half of it then, the column goes on as a sketch,
    and only the most frequent values are kept: those dropped had at most `dropped` rows each (Manku and Motwani, 2002).

    Attributes:
        rows, nulls: rows seen, and those without a value.
        sketch: None while `values()` is exact.
    """

    def __init__(self, share: int) -> None:
        """`share` is in bytes."""
        self.rows = self.nulls = self.dropped = 0
        self.sketch: Sketch | None = None
        self._share = share
        self._parts: list[Counted] = []
        self._held = 0
        self._counting = True

    def add(self, array: pa.Array) -> None:
        """Counts a batch; a batch of another type than the earlier ones turns the column into text."""
        self.rows += len(array)
        self.nulls += array.null_count
        if pa.types.is_null(array.type):
            return
        if not self._counting:
            assert self.sketch is not None
            values = _decoded(array.drop_null())
            self.sketch.add(values, np.ones(len(values), dtype=np.int64))
            return
        part = _count(array)
        if len(part[0]) == 0:
            return
        if self._parts and self._parts[0][0].type != part[0].type:
            self._parts = [(as_text(values), counts) for values, counts in self._parts]
            part = as_text(part[0]), part[1]
        if self.sketch is not None:
            self.sketch.add(*part)
        self._parts.append(part)
        self._held += part[0].nbytes + part[1].nbytes
        if self._held > self._share:
            self._shrink()

    def values(self) -> Counted:
        """The values with their counts: all of them, or the frequent ones where there is a sketch."""
        merged = self._merge()
        if merged is None:
            return pa.nulls(0), np.empty(0, dtype=np.int64)
        return merged

    def _shrink(self) -> None:
        merged = self._merge()
        if merged is None or self._held <= self._share // 2:
            return
        values, counts = merged
        if self.sketch is None:
            self.sketch = Sketch()
            self.sketch.add(values, counts)
            self._counting = len(values) < SCATTERED * (self.rows - self.nulls)
        if not self._counting:
            self._parts, self._held = [], 0
            return
        kept = max(1, len(values) // 4)
        cut = int(np.partition(counts, -kept)[-kept])
        chosen = np.flatnonzero(counts > cut)
        self.dropped += cut
        self._set((values.take(pa.array(chosen)), counts[chosen]))

    def _merge(self) -> Counted | None:
        if len(self._parts) > 1:
            values = pa.concat_arrays([part[0] for part in self._parts])
            weights = np.concatenate([part[1] for part in self._parts])
            encoded = values.dictionary_encode()
            places = encoded.indices.to_numpy()
            totals = np.bincount(places, weights=weights, minlength=len(encoded.dictionary))
            self._set((encoded.dictionary, totals.astype(np.int64)))
        return self._parts[0] if self._parts else None

    def _set(self, merged: Counted) -> None:
        self._parts = [merged]
        self._held = merged[0].nbytes + merged[1].nbytes


def _count(array: pa.Array) -> Counted:
    found: Any = array.value_counts()
    values, counts = found.field(0), found.field(1).to_numpy()
    if values.null_count:
        there = values.is_valid()
        values, counts = values.filter(there), counts[there.to_numpy(zero_copy_only=False)]
    return _decoded(values), counts.astype(np.int64, copy=False)


def _decoded(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    return values


def as_text(values: pa.Array) -> pa.Array:
    """The values as text; bytes that are none in hexadecimal."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return values.cast(pa.large_string())
    try:
        return pc.cast(values, pa.large_string())
    except pa.ArrowInvalid:
        return pa.array([v.hex() if isinstance(v, bytes) else str(v) for v in values.to_pylist()], pa.large_string())
