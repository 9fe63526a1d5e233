"""Merging two sorted buffers a window at a time, so that memory goes with the window and not with the streams."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.steps.join_pairs import NONE, Numbers, is_sorted

Ranks = Callable[[list[pl.DataFrame]], list[Numbers]]
Walk = Callable[[Numbers, Numbers], tuple[Numbers, Numbers]]


@dataclass(frozen=True, slots=True)
class Met:
    """Rows that meet: aligned frames, and where each row came from (-1: nothing, the row is null)."""

    left: pl.DataFrame
    right: pl.DataFrame
    a: Numbers
    b: Numbers


@dataclass(slots=True)
class Stretch:
    """A part of a buffer that starts at the first row that has not met its partner."""

    buffer: Buffer
    size: int
    start: int = 0

    def read(self) -> pl.DataFrame:
        """The next rows."""
        return self.buffer.between(self.start, self.start + self.size)

    def ends(self, frame: pl.DataFrame) -> bool:
        """Whether nothing comes behind what was read."""
        return self.start + frame.height >= self.buffer.rows


class Unsorted(Exception):
    """From these rows on a stream is not in the order of its keys."""

    def __init__(self, starts: tuple[int, int]) -> None:
        super().__init__("unsorted")
        self.starts = starts


def meet(held: list[Buffer], ranks: Ranks, walk: Walk, rows: int, *, keep: tuple[bool, bool]) -> Iterator[Met]:
    """The rows that meet, window after window. Raises Unsorted when a window is not sorted.

    A window goes up to the last key of the side whose rows end first, without it, as more rows of that key may follow.
    `keep`: whether rows of each side leave without a partner.
    """
    left, right = (Stretch(buffer, rows) for buffer in held)
    while True:
        frames = [left.read(), right.read()]
        if (not frames[0].height and not keep[1]) or (not frames[1].height and not keep[0]):
            return
        if not frames[0].height and not frames[1].height:
            return
        found = ranks(frames)
        if not all(map(is_sorted, found)):
            raise Unsorted((left.start, right.start))
        sides = (left, right)
        bounds = [int(r[-1]) for s, r, f in zip(sides, found, frames, strict=True) if f.height and not s.ends(f)]
        ends = [int(np.searchsorted(r, min(bounds))) if bounds else r.size for r in found]
        if not any(ends):
            # one key fills a whole window: look further on the sides that may have more of it
            for side, frame in zip(sides, frames, strict=True):
                side.size *= 1 if side.ends(frame) else 2
            continue
        a, b = walk(found[0][: ends[0]], found[1][: ends[1]])
        if a.size:
            yield Met(taken(frames[0], a), taken(frames[1], b), a, b)
        for side, end in zip(sides, ends, strict=True):
            side.start += end
            side.size = rows


def taken(frame: pl.DataFrame, numbers: Numbers) -> pl.DataFrame:
    """The rows of those numbers, nulls for -1."""
    missing = numbers == NONE
    if missing.any():
        if not frame.height:
            frame = pl.DataFrame({name: [None] for name in frame.columns}, schema=frame.schema)
        index = pl.Series(np.where(missing, 0, numbers)).set(pl.Series(missing), None)
        return frame.select(pl.all().gather(index))
    if numbers.size <= frame.height and np.array_equal(numbers, np.arange(numbers.size)):
        return frame.head(numbers.size)
    return frame.select(pl.all().gather(pl.Series(numbers)))
