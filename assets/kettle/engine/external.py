"""Work on more rows than memory holds: sorting and grouping in pieces that fit.

A sort writes sorted runs and keeps a sparse index of each: every so manieth key. The index of all runs tells, for any
share of the rows, how far each run has to be read for it; that much is read and sorted at once, what lies beyond the
share is kept for the next one. Equal keys stay in the order of runs and of rows in a run: the sort is stable.
Groups are split by the hash of their keys. The pieces are Arrow files in the run's spill folder.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.kettle.engine.buffers import Buffer, Memory, alone, frame_bytes, read_rows, write_rows
from assets.kettle.values.compare import SortKey, sort_columns
from assets.kettle.values.fields import Field, Layout, ValueType

ENTRIES = 1024
ROW = "\x00row"
RUN = "\x00run"

KeyColumns = Callable[[pl.DataFrame], list[pl.Series]]


@dataclass(frozen=True, slots=True)
class SortedRun:
    """A sorted file.

    Attributes:
        first: number of its first row among the rows of all runs.
        step: rows from one entry of the index to the next.
        index: the sort fields of every `step`th row, with their row number.
    """

    path: Path
    first: int
    rows: int
    step: int
    index: pl.DataFrame

    def read(self, low: int, high: int) -> pl.DataFrame:
        """Rows of the run with their numbers among all."""
        part = read_rows(self.path, low, high - low)
        return part.with_columns(pl.int_range(self.first + low, self.first + low + part.height).alias(ROW))


@dataclass(frozen=True, slots=True)
class Cut:
    """Up to where one piece of the merge goes: up to the row of that number, which lies before `ends` in each run."""

    row: int
    ends: NDArray[np.int64]


class SortBuffer(Buffer):
    """A buffer that spills sorted runs. Sorting makes a copy, so its bytes count more than once."""

    weight: ClassVar[float] = 3.0

    def __init__(self, layout: Layout, memory: Memory, keys: Sequence[SortKey]) -> None:
        super().__init__(layout, memory)
        self._keys = list(keys)
        self._runs: list[SortedRun] = []
        self._written = 0

    def _spill(self) -> None:
        frame = pl.concat(self._frames, rechunk=False)
        self._frames = []
        frame = sort_columns(frame, self.layout, self._keys)
        path = self._memory.file()
        write_rows(frame, path)
        first, step = sum(run.rows for run in self._runs), max(1, -(-frame.height // ENTRIES))
        names = list(dict.fromkeys(key.name for key in self._keys))
        numbered = frame.select(names).with_columns(pl.int_range(first, first + frame.height).alias(ROW))
        index = alone(numbered[np.arange(0, frame.height, step)])
        self._runs.append(SortedRun(path, first, frame.height, step, index))
        self._spilled.append((path, frame.height))
        self._written += frame_bytes(frame)

    def sorted_batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """The rows in order, at most `rows` at a time where they come from disk. Empties the buffer."""
        if not self._runs:
            frame = self.collect()
            ordered = sort_columns(frame, self.layout, self._keys)
            del frame
            self.clear()
            yield ordered
            return
        if self._frames:
            self._spill()
            self._release()
        for piece in self._merged():
            yield from piece.iter_slices(rows)
        self._runs = []
        self.clear()

    def _merged(self) -> Iterator[pl.DataFrame]:
        runs = self._runs
        done = np.zeros(len(runs), dtype=np.int64)
        kept: list[list[pl.DataFrame]] = [[] for _ in runs]
        for cut in self._cuts():
            for number, run in enumerate(runs):
                if cut.ends[number] > done[number]:
                    kept[number].append(run.read(int(done[number]), int(cut.ends[number])))
            done = cut.ends
            together = pl.concat([part for parts in kept for part in parts])
            together = sort_columns(together, self.layout, self._keys)
            place = int((together[ROW] == cut.row).arg_max() or 0) + 1 if cut.row >= 0 else together.height
            yield together.head(place).drop(ROW)
            kept = self._by_run(together.slice(place))

    def _by_run(self, rest: pl.DataFrame) -> list[list[pl.DataFrame]]:
        """Rows left over, by their run and in its order."""
        firsts = np.array([run.first for run in self._runs])
        owners = pl.Series(np.searchsorted(firsts, rest[ROW].to_numpy(), side="right") - 1)
        return [[rest.filter(owners == number)] for number in range(len(self._runs))]

    def _cuts(self) -> Iterator[Cut]:
        """The pieces in order; the last has the row -1 and takes all that is left."""
        runs = self._runs
        table = pl.concat(run.index.with_columns(pl.lit(n, pl.Int64).alias(RUN)) for n, run in enumerate(runs))
        layout = Layout([self.layout[n] for n in table.columns[:-2]]).plus(Field(ROW, ValueType.INTEGER))
        table = sort_columns(table, layout, [*self._keys, SortKey(ROW)])
        owner, row = table[RUN].to_numpy(), table[ROW].to_numpy()
        steps, heights = np.array([run.step for run in runs]), np.array([run.rows for run in runs])
        share = max(1, int(self._memory.share * int(heights.sum()) / max(1, self._written)))
        pieces = np.cumsum(steps[owner]) // share
        entries = np.zeros(len(runs), dtype=np.int64)
        start = 0
        for place in np.flatnonzero(np.diff(pieces)):
            entries = entries + np.bincount(owner[start : place + 1], minlength=len(runs))
            start = place + 1
            yield Cut(int(row[place]), np.minimum(entries * steps, heights))
        yield Cut(-1, heights)


def parts_by_key(buffer: Buffer, memory: Memory, columns: KeyColumns, rows: int) -> Iterator[pl.DataFrame]:
    """All rows in parts that fit in memory; equal keys are in one part, in their order. Empties the buffer."""
    yield from split_by_key(buffer, memory, columns, rows, max(1, -(-buffer.bytes // memory.share)))


def split_by_key(buffer: Buffer, memory: Memory, columns: KeyColumns, rows: int, number: int) -> Iterator[pl.DataFrame]:
    """As `parts_by_key` into exactly `number` parts, so that two buffers can be split alike (with equal key types)."""
    parts = KeyParts(memory, columns, number)
    for batch in buffer.batches(rows):
        parts.add(batch)
    empty = buffer.layout.empty()
    buffer.clear()
    yield from parts.take(empty)


class KeyParts:
    """Rows dealt out to files by the hash of their keys."""

    def __init__(self, memory: Memory, columns: KeyColumns, number: int) -> None:
        self._memory = memory
        self._columns = columns
        self._number = number
        self._files: list[list[Path]] = [[] for _ in range(number)]
        self._held: list[pl.DataFrame] = []
        self._bytes = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Takes rows; enough of them are written together."""
        self._held.append(frame)
        self._bytes += frame_bytes(frame)
        if self._bytes >= self._memory.share:
            self._write()

    def _write(self) -> None:
        if not self._held:
            return
        frame = pl.concat(self._held)
        self._held, self._bytes = [], 0
        keys = pl.DataFrame([c.alias(str(n)) for n, c in enumerate(self._columns(frame))])
        where = (keys.hash_rows(seed=1) % self._number).to_numpy()
        order = np.argsort(where, kind="stable")
        ends = np.searchsorted(where[order], np.arange(self._number), side="right")
        start = 0
        for part, end in enumerate(ends):
            if end > start:
                path = self._memory.file()
                write_rows(frame[order[start:end]], path)
                self._files[part].append(path)
            start = end

    def take(self, empty: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The parts, each with its rows in their order; `empty` stands for one without rows."""
        self._write()
        for paths in self._files:
            yield pl.concat([pl.scan_ipc(path).collect() for path in paths]) if paths else empty
            for path in paths:
                path.unlink(missing_ok=True)
