"""Merge join of two or of many streams, each sorted by its keys."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.step import Decision, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.steps.join_pairs import NONE, Numbers, is_sorted, pairs, ranks
from assets.kettle.steps.join_windows import Met, Unsorted, Walk, meet, taken
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout

JOIN_TYPES = {
    "INNER": (False, False),
    "LEFT OUTER": (True, False),
    "RIGHT OUTER": (False, True),
    "FULL OUTER": (True, True),
}


def comparable(step: Step, column: pl.Series, source: Field, target: Field) -> pl.Series:
    """A key column in the type of the other side's key. Raises StepError for a value that does not fit."""
    if source.type == target.type:
        return column
    converted = convert(column, source, target)
    if converted.reasons:
        raise StepError(step.name, f"key {source.name!r}: {next(iter(converted.reasons.values()))}", "align the types")
    return converted.values


def gathered(buffer: Buffer, numbers: Numbers) -> pl.DataFrame:
    """The rows of those numbers, nulls for -1; only the stretch that is needed is read."""
    real = numbers[numbers != NONE]
    low = int(real.min()) if real.size else 0
    high = int(real.max()) + 1 if real.size else 0
    return taken(buffer.between(low, high), np.where(numbers == NONE, NONE, numbers - low))


class SortedJoin(Step):
    """Streams kept in buffers by their number, joined once all have ended."""

    joins = True
    blocking = True
    sources: list[str]
    keys: list[list[str]]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The fields of all streams one after the other; names that are taken get `_1`, `_2`."""
        for source in self.sources:
            if source not in inputs:
                raise StepError(
                    self.name, f"the step {source!r} sends it no rows", "draw the hop, or name another step"
                )
        self.layouts = [inputs[source] for source in self.sources]
        self.key_fields = [
            [self.field(layout, name, "the key") for name in names]
            for layout, names in zip(self.layouts, self.keys, strict=True)
        ]
        output = Layout([f for layout in self.layouts for f in layout])
        self.names: list[list[str]] = []
        start = 0
        for layout in self.layouts:
            self.names.append(output.names[start : start + len(layout)])
            start += len(layout)
        return output

    def decides(self) -> list[Decision]:
        """By the keys of all streams."""
        keys = zip(self.sources, self.keys, strict=True)
        return [Decision("join", tuple(Ref(name, source) for source, names in keys for name in names))]

    def start(self) -> None:
        """Opens a buffer per stream."""
        self.held = [self.buffer(layout) for layout in self.layouts]

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held[self.sources.index(source)].append(frame)

    def key_ranks(self) -> list[Numbers]:
        """The keys of all streams as ranks; of spilled streams only the key columns are in memory.

        Without keys all rows are equal.
        """
        if not self.key_fields[0]:
            return [np.zeros(buffer.rows, dtype=np.int64) for buffer in self.held]
        pairs_ = zip(self.held, self.key_fields, strict=True)
        return self._ranks([buffer.lazy().select(f.name for f in keys).collect() for buffer, keys in pairs_])

    def _ranks(self, frames: list[pl.DataFrame]) -> list[Numbers]:
        """The keys of these rows as ranks."""
        first = self.key_fields[0]
        streams = [
            [comparable(self, frame[f.name], f, t) for f, t in zip(fields, first, strict=True)]
            for frame, fields in zip(frames, self.key_fields, strict=True)
        ]
        return ranks(streams, first)

    def met(self, walk: Walk, *, keep: tuple[bool, bool]) -> Iterator[Met]:
        """The rows of two streams that meet. Once a stream proves unsorted, the keys of all rows left are in memory."""
        rows = self.run.settings.batch_rows
        starts = (0, 0)
        if self.key_fields[0]:
            try:
                yield from meet(self.held, self._ranks, walk, rows, keep=keep)
            except Unsorted as found:
                starts = found.starts
            else:
                return
        left, right = self.key_ranks()
        a, b = walk(left[starts[0] :], right[starts[1] :])
        for at in range(0, a.size, rows):
            one, two = (
                np.where(numbers[at : at + rows] == NONE, NONE, numbers[at : at + rows] + start)
                for numbers, start in zip((a, b), starts, strict=True)
            )
            yield Met(gathered(self.held[0], one), gathered(self.held[1], two), one, two)

    def joined(self, numbers: Sequence[Numbers]) -> Iterator[pl.DataFrame]:
        """The joined rows, given for each stream which row takes part."""
        step = self.run.settings.batch_rows
        for start in range(0, numbers[0].size, step):
            yield self.together([gathered(b, n[start : start + step]) for b, n in zip(self.held, numbers, strict=True)])

    def together(self, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """Aligned rows of all streams side by side."""
        columns = [column for frame in frames for column in frame.iter_columns()]
        names = [name for stream in self.names for name in stream]
        return pl.DataFrame([column.alias(name) for column, name in zip(columns, names, strict=True)])


class MergeJoin(SortedJoin):
    """Joins two streams sorted on the keys; left rows outermost, null keys meet null keys, '' counts as null.

    Measured: an input that is not sorted raises nothing; rows that the walk has passed are silently lost.
    """

    types = ("MergeJoin",)

    def setup(self) -> None:
        """Reads streams, keys and type."""
        options = self.options
        self.sources = [options.text("step1", "transform1"), options.text("step2", "transform2")]
        self.keys = [options.texts("keys_1/key"), options.texts("keys_2/key")]
        kind = self.text("join_type", default="INNER").strip().upper()
        if kind not in JOIN_TYPES:
            raise StepError(self.name, f"there is no join type {kind!r}", f"choose one of {', '.join(JOIN_TYPES)}")
        self.keep_left, self.keep_right = JOIN_TYPES[kind]
        if len(self.keys[0]) != len(self.keys[1]) or not self.keys[0]:
            raise StepError(self.name, f"the keys are {self.keys[0]} and {self.keys[1]}", "give each side as many keys")

    def produce(self) -> Iterator[pl.DataFrame]:
        """The joined rows in the order of the keys."""

        def walk(left: Numbers, right: Numbers) -> tuple[Numbers, Numbers]:
            return pairs(left, right, self.keep_left, self.keep_right)

        for met in self.met(walk, keep=(self.keep_left, self.keep_right)):
            yield self.together([met.left, met.right])
        for buffer in self.held:
            buffer.clear()


class MultiwayMergeJoin(SortedJoin):
    """Joins any number of sorted streams, all inner or all full outer; the first stream's duplicates turn fastest."""

    types = ("MultiwayMergeJoin",)

    def setup(self) -> None:
        """Reads streams, keys (several of one stream with commas) and type."""
        options = self.options
        self.sources, count = [], self.integer("number_input")
        while options.has(f"step{len(self.sources)}") or len(self.sources) < count:
            self.sources.append(options.text(f"step{len(self.sources)}"))
        self.sources = self.sources or options.texts("inputTransforms/inputTransform")
        keys = options.texts("keys/key") or options.texts("keyFields/keyField")
        self.keys = [key.split(",") for key in keys]
        kind = self.text("join_type", "joinType", default="INNER").strip().upper()
        if kind not in ("INNER", "FULL OUTER"):
            raise StepError(self.name, f"there is no join type {kind!r}", "choose INNER or FULL OUTER")
        self.outer = kind == "FULL OUTER"
        if len({len(k) for k in self.keys}) != 1 or len(self.keys) != len(self.sources):
            raise StepError(self.name, f"the keys are {keys} for {self.sources}", "give each stream as many keys")

    def produce(self) -> Iterator[pl.DataFrame]:
        """The joined rows in the order of the keys."""
        found = self.key_ranks()
        groups = _sorted_groups(found) if all(map(is_sorted, found)) else _walked_groups([r.tolist() for r in found])
        yield from self.joined(_products(*groups, outer=self.outer))
        for buffer in self.held:
            buffer.clear()


def _sorted_groups(found: list[Numbers]) -> tuple[list[Numbers], list[Numbers]]:
    """Per key in order and stream: the first row and the number of rows."""
    every = np.unique(np.concatenate(found))
    firsts = [np.searchsorted(rank, every, side="left") for rank in found]
    counts = [np.searchsorted(rank, every, side="right") - f for rank, f in zip(found, firsts, strict=True)]
    return firsts, counts


def _walked_groups(found: list[list[int]]) -> tuple[list[Numbers], list[Numbers]]:
    """The same for unsorted streams: the lowest of the streams' next keys is taken from all that have it."""
    at = [0] * len(found)
    firsts: list[list[int]] = []
    counts: list[list[int]] = []
    while any(a < len(rank) for a, rank in zip(at, found, strict=True)):
        lowest = min(rank[a] for a, rank in zip(at, found, strict=True) if a < len(rank))
        firsts.append(list(at))
        counts.append([0] * len(found))
        for number, rank in enumerate(found):
            while at[number] < len(rank) and rank[at[number]] == lowest:
                at[number] += 1
                counts[-1][number] += 1
    width = len(found)
    columns = [np.array(table, dtype=np.int64).reshape(-1, width) for table in (firsts, counts)]
    return [columns[0][:, n] for n in range(width)], [columns[1][:, n] for n in range(width)]


def _products(firsts: list[Numbers], counts: list[Numbers], *, outer: bool) -> list[Numbers]:
    """The row numbers of each stream for the product of every group; -1 for a stream without rows."""
    sizes = [np.maximum(c, 1) if outer else c for c in counts]
    totals = np.prod(np.stack(sizes), axis=0)
    ends = np.cumsum(totals)
    within = np.arange(int(totals.sum()), dtype=np.int64) - np.repeat(ends - totals, totals)
    found = []
    for first, count, size in zip(firsts, counts, sizes, strict=True):
        turn = np.repeat(np.maximum(size, 1), totals)
        rows = np.repeat(first, totals) + within % turn
        rows[np.repeat(count == 0, totals)] = NONE
        found.append(rows)
        within = within // turn
    return found
