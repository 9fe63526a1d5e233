"""Row buffers of blocking steps: in memory up to a limit, beyond it in Arrow files on disk."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from assets.kettle.values.fields import Layout


class Memory:
    """The bytes that all buffers of a run may hold together, and the folder that takes the rest.

    The folder is made on first use and removed by `close`.
    """

    def __init__(self, limit: int, folder: Path | None = None) -> None:
        self.limit = limit
        self.used = 0
        self._parent = folder
        self._folder: Path | None = None
        self._files = 0

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


def slices(frame: pl.DataFrame, rows: int) -> Iterator[pl.DataFrame]:
    """The frame in pieces of at most `rows`; polars gives none for a frame without columns."""
    if frame.width:
        yield from frame.iter_slices(rows)
    elif frame.height:
        yield frame


class Buffer:
    """Rows of one layout in arrival order; appended, then read once or more.

    Attributes:
        rows, bytes: what was appended, in memory and on disk.
    """

    def __init__(self, layout: Layout, memory: Memory) -> None:
        self.layout = layout
        self.rows = 0
        self.bytes = 0
        self._memory = memory
        self._frames: list[pl.DataFrame] = []
        self._bytes = 0
        self._spilled: list[Path] = []

    def append(self, frame: pl.DataFrame) -> None:
        """Takes a batch; when the run's limit is passed, what this buffer holds goes to disk."""
        if not frame.height:  # is_empty() holds for rows without fields too
            return
        self.rows += frame.height
        size = int(frame.estimated_size())
        self._frames.append(frame)
        self._bytes += size
        self.bytes += size
        self._memory.used += size
        if self._memory.used > self._memory.limit:
            self._spill()

    def _spill(self) -> None:
        path = self._memory.file()
        pl.concat(self._frames, rechunk=False).write_ipc(path, compression="lz4")
        self._spilled.append(path)
        self._release()

    def _release(self) -> None:
        self._memory.used -= self._bytes
        self._bytes = 0
        self._frames = []

    @property
    def spilled(self) -> bool:
        """Whether some rows are on disk: they may not fit in memory together."""
        return bool(self._spilled)

    def lazy(self) -> pl.LazyFrame:
        """All rows in order as a lazy frame that reads spilled files from disk."""
        parts = [pl.scan_ipc(path) for path in self._spilled]
        parts += [frame.lazy() for frame in self._frames]
        return pl.concat(parts) if parts else self.layout.empty().lazy()

    def collect(self) -> pl.DataFrame:
        """All rows in one frame."""
        if self._spilled:
            return self.lazy().collect()
        if not self._frames:
            return self.layout.empty()
        return self._frames[0] if len(self._frames) == 1 else pl.concat(self._frames)

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """The rows in order, at most `rows` at a time."""
        for path in self._spilled:
            yield from slices(pl.read_ipc(path), rows)
        for frame in self._frames:
            yield from slices(frame, rows)

    def clear(self) -> None:
        """Forgets the rows and frees their memory and files."""
        for path in self._spilled:
            path.unlink(missing_ok=True)
        self._spilled = []
        self._release()
        self.rows = self.bytes = 0
