"""Work on more rows than memory holds: sorting and grouping of a spilled `Buffer`, in pieces that fit.

A sort writes sorted runs, cuts them all at the same sampled keys and sorts one cut of all runs after the other. The
number of the row is the last key: the order is stable, and no key is so frequent that a cut could not be divided.
Groups are split by the hash of their keys. Working memory is about half the run's limit; the pieces are plain Arrow
files in the run's spill folder.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from assets.kettle.engine.buffers import Buffer, Memory
from assets.kettle.values.compare import SortKey
from assets.kettle.values.fields import Layout
from assets.kettle.values.portable_keys import portable_key

PIECES = 8
SAMPLES = 256
LEAST = 1 << 20
ROW = "\x00row"

KeyColumns = Callable[[pl.DataFrame], list[pl.Series]]


def sorted_batches(
    buffer: Buffer, memory: Memory, layout: Layout, keys: Sequence[SortKey], rows: int
) -> Iterator[pl.DataFrame]:
    """The rows of the buffer in the order of the keys, stable, at most `rows` at a time. Empties the buffer."""
    fields = [layout[key.name] for key in keys]

    def columns(frame: pl.DataFrame) -> list[pl.Series]:
        found = (
            portable_key(frame[f.name], f, k.case_sensitive, collated=k.collated)
            for f, k in zip(fields, keys, strict=True)
        )
        return [column.alias(f"\x00key{number}") for number, column in enumerate(found)]

    yield from _sorted(buffer, memory, columns, [not k.ascending for k in keys], rows)


def by_number(buffer: Buffer, memory: Memory, column: str, rows: int) -> Iterator[pl.DataFrame]:
    """The rows in the order of a column of whole numbers; see `sorted_batches`."""
    yield from _sorted(buffer, memory, lambda frame: [frame[column].alias("\x00key0")], [False], rows)


def _sorted(
    buffer: Buffer, memory: Memory, columns: KeyColumns, descending: list[bool], rows: int
) -> Iterator[pl.DataFrame]:
    order = _Order([*(f"\x00key{n}" for n in range(len(descending))), ROW], [*descending, False])
    runs: list[tuple[Path, int]] = []
    samples: list[pl.DataFrame] = []
    start = size = 0
    for piece in _pieces(buffer, memory, rows):
        keyed = piece.with_columns([*columns(piece), pl.int_range(start, start + piece.height).alias(ROW)])
        start += piece.height
        size += int(keyed.estimated_size())
        keyed = order.sort(keyed)
        samples.append(keyed.select(order.names).gather_every(max(1, keyed.height // SAMPLES)))
        path = memory.file()
        keyed.write_ipc(path, compression="uncompressed")
        runs.append((path, keyed.height))
    buffer.clear()
    if runs:
        cuts = _cuts(order, pl.concat(samples), -(-size // _share(memory)))
        bounds = [_bounds(order, path, height, cuts) for path, height in runs]
        for number in range(cuts.height + 1):
            yield from _one_cut(order, runs, bounds, number, rows)
    for path, _ in runs:
        path.unlink(missing_ok=True)


def _share(memory: Memory) -> int:
    return max(memory.limit // PIECES, LEAST)


def _pieces(buffer: Buffer, memory: Memory, rows: int) -> Iterator[pl.DataFrame]:
    """Batches put together up to a share of the memory."""
    held: list[pl.DataFrame] = []
    size, share = 0, _share(memory)
    for batch in buffer.batches(rows):
        held.append(batch)
        size += int(batch.estimated_size())
        if size >= share:
            yield pl.concat(held)
            held, size = [], 0
    if held:
        yield pl.concat(held)


class _Order:
    """The key columns of a sort with their directions."""

    def __init__(self, names: list[str], descending: list[bool]) -> None:
        self.names = names
        self._how: dict[str, Any] = {"descending": descending, "nulls_last": descending}

    def sort(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows in order."""
        return frame.sort(self.names, **self._how)


def _cuts(order: _Order, samples: pl.DataFrame, pieces: int) -> pl.DataFrame:
    """Keys that part all rows into about equal pieces."""
    positions = np.unique(np.linspace(0, samples.height - 1, pieces + 1).astype(np.int64)[1:-1])
    return order.sort(samples)[positions]


def _bounds(order: _Order, path: Path, height: int, cuts: pl.DataFrame) -> list[int]:
    """Where the cuts fall in a sorted run: from 0 to its height."""
    keys = pl.scan_ipc(path).select(order.names).collect()
    marked = pl.concat([keys.with_columns(cut=pl.lit(False)), cuts.with_columns(cut=pl.lit(True))])
    where = order.sort(marked)["cut"].arg_true().to_numpy().astype(np.int64)
    return [0, *(where - np.arange(where.size)).tolist(), height]


def _one_cut(
    order: _Order, runs: list[tuple[Path, int]], bounds: list[list[int]], number: int, rows: int
) -> Iterator[pl.DataFrame]:
    parts = []
    for (path, _), bound in zip(runs, bounds, strict=True):
        low, high = bound[number], bound[number + 1]
        if high > low:
            parts.append(pl.scan_ipc(path).slice(low, high - low).collect())
    if parts:
        yield from order.sort(pl.concat(parts)).drop(order.names).iter_slices(rows)


def parts_by_key(buffer: Buffer, memory: Memory, columns: KeyColumns, rows: int) -> Iterator[pl.DataFrame]:
    """All rows in parts that fit in memory; equal keys are in one part, in their order. Empties the buffer."""
    number = max(1, -(-PIECES * buffer.bytes // max(memory.limit, LEAST)))
    yield from split_by_key(buffer, memory, columns, rows, number)


def split_by_key(buffer: Buffer, memory: Memory, columns: KeyColumns, rows: int, number: int) -> Iterator[pl.DataFrame]:
    """As `parts_by_key` into exactly `number` parts, so that two buffers can be split alike (with equal key types)."""
    files: list[list[Path]] = [[] for _ in range(number)]
    for piece in _pieces(buffer, memory, rows):
        where = pl.DataFrame([c.alias(str(n)) for n, c in enumerate(columns(piece))]).hash_rows(seed=1) % number
        for part in range(number):
            share = piece.filter(where == part)
            if share.height:
                files[part].append(memory.file())
                share.write_ipc(files[part][-1], compression="lz4")
    empty = buffer.layout.empty()
    buffer.clear()
    for paths in files:
        yield pl.concat([pl.scan_ipc(path).collect() for path in paths]) if paths else empty
        for path in paths:
            path.unlink(missing_ok=True)
