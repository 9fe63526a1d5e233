"""Row buffers of blocking steps: in memory up to a limit, beyond it in Arrow files on disk."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import polars as pl

from assets.kettle.values.fields import Layout

RECORD_ROWS = 1 << 14
SHARES = 16
LEAST = 1 << 20
VIEW_BYTES = 16
INLINE_BYTES = 12


class Memory:
    """The bytes that all buffers of a run may take together, and the folder that takes the rest.

    The folder is made on first use and removed by `close`.

    Attributes:
        used: what is taken now: each buffer's rows times its `weight`.
        most: the most that was ever taken.
        spills: how often a buffer went to disk.
    """

    def __init__(self, limit: int, folder: Path | None = None) -> None:
        self.limit = limit
        self.used = self.most = self.spills = 0
        self._parent = folder
        self._folder: Path | None = None
        self._files = 0

    def take(self, size: int) -> None:
        """Counts bytes that are held from now on."""
        self.used += size
        self.most = max(self.most, self.used)

    def give(self, size: int) -> None:
        """Counts bytes that are free again."""
        self.used -= size

    @property
    def share(self) -> int:
        """Bytes that work on spilled rows may hold at once, a small part of the limit."""
        return max(self.limit // SHARES, LEAST)

    def file(self) -> Path:
        """A new file path for spilled rows."""
        if self._folder is None:
            if self._parent is not None:
                self._parent.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix="kettle-", dir=self._parent))
        self._files += 1
        return self._folder / f"{self._files}.arrow"

    def close(self) -> None:
        """Removes what was spilled."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def frame_bytes(frame: pl.DataFrame) -> int:
    """What the rows take in memory.

    `estimated_size` counts the characters of a text; each also has a view of 16 bytes, in which short ones lie whole.
    """
    total = 0
    for column in frame.iter_columns():
        size = int(column.estimated_size())
        if column.dtype in (pl.String, pl.Binary):
            views = VIEW_BYTES * column.len()
            size = views if size <= INLINE_BYTES * column.len() else views + size
        total += size
    return total


def alone(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with long texts of their own: rows that were filtered or sorted keep all texts of their batch alive."""
    long = [
        column.name
        for column in frame.iter_columns()
        if column.dtype == pl.String and int(column.estimated_size()) > INLINE_BYTES * column.len()
    ]
    # put together anew, the texts are copied; with nothing to do polars would hand on the same ones
    return frame.with_columns(pl.concat_str(pl.col(name), pl.lit("")).alias(name) for name in long) if long else frame


def slices(frame: pl.DataFrame, rows: int) -> Iterator[pl.DataFrame]:
    """The frame in pieces of at most `rows`; polars gives none for a frame without columns."""
    if frame.width:
        yield from frame.iter_slices(rows)
    elif frame.height:
        yield frame


def write_rows(frame: pl.DataFrame, path: Path) -> None:
    """Writes a file of which any stretch of rows can be read alone."""
    frame.write_ipc(path, compression="lz4", record_batch_size=RECORD_ROWS)


def read_rows(path: Path, start: int, rows: int) -> pl.DataFrame:
    """A stretch of a file of `write_rows`; no more than it is in memory."""
    return pl.scan_ipc(path).slice(start, rows).collect()


class Buffer:
    """Rows of one layout in arrival order; appended, then read once or more.

    Attributes:
        rows, bytes: what was appended, in memory and on disk.
        weight: how much memory the owner needs per byte that it holds, for the work on it.
    """

    weight: ClassVar[float] = 1.0

    def __init__(self, layout: Layout, memory: Memory) -> None:
        self.layout = layout
        self.rows = 0
        self.bytes = 0
        self._memory = memory
        self._frames: list[pl.DataFrame] = []
        self._bytes = 0
        self._taken = 0
        self._spilled: list[tuple[Path, int]] = []

    def append(self, frame: pl.DataFrame) -> None:
        """Takes a batch; when the run's limit is passed, what this buffer holds goes to disk."""
        if not frame.height:  # is_empty() holds for rows without fields too
            return
        self.rows += frame.height
        frame = alone(frame)
        size = frame_bytes(frame)
        self._frames.append(frame)
        self._bytes += size
        self.bytes += size
        taken = int(size * self.weight)
        self._taken += taken
        memory = self._memory
        memory.take(taken)
        # a buffer that holds next to nothing helps nobody by many small files
        if memory.used > memory.limit and self._taken >= memory.limit // SHARES and frame.width:
            memory.spills += 1
            self._spill()
            self._release()

    def _spill(self) -> None:
        """Writes what is in memory."""
        path = self._memory.file()
        frame = pl.concat(self._frames, rechunk=False)
        write_rows(frame, path)
        self._spilled.append((path, frame.height))

    def _release(self) -> None:
        self._memory.give(self._taken)
        self._taken = self._bytes = 0
        self._frames = []

    @property
    def spilled(self) -> bool:
        """Whether some rows are on disk: they may not fit in memory together."""
        return bool(self._spilled)

    def lazy(self) -> pl.LazyFrame:
        """All rows in order as a lazy frame that reads spilled files from disk."""
        parts = [pl.scan_ipc(path) for path, _ in self._spilled]
        parts += [frame.lazy() for frame in self._frames]
        return pl.concat(parts) if parts else self.layout.empty().lazy()

    def collect(self) -> pl.DataFrame:
        """All rows in one frame."""
        if self._spilled:
            return self.lazy().collect()
        if not self._frames:
            return self.layout.empty()
        return self._frames[0] if len(self._frames) == 1 else pl.concat(self._frames)

    def between(self, low: int, high: int) -> pl.DataFrame:
        """The rows of those numbers; of spilled ones no others are read."""
        parts = []
        start = 0
        for path, height in self._spilled:
            if start < high and low < start + height:
                first = max(low - start, 0)
                parts.append(read_rows(path, first, min(high - start, height) - first))
            start += height
        for frame in self._frames:
            if start < high and low < start + frame.height:
                first = max(low - start, 0)
                parts.append(frame.slice(first, min(high - start, frame.height) - first))
            start += frame.height
        return pl.concat(parts) if parts else self.layout.empty()

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """The rows in order, at most `rows` at a time."""
        for path, height in self._spilled:
            for start in range(0, height, rows):
                yield read_rows(path, start, rows)
        for frame in self._frames:
            yield from slices(frame, rows)

    def clear(self) -> None:
        """Forgets the rows and frees their memory and files."""
        for path, _ in self._spilled:
            path.unlink(missing_ok=True)
        self._spilled = []
        self._release()
        self.rows = self.bytes = 0
