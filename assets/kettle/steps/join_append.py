"""Steps that put streams one after the other or merge sorted ones: Append, Prioritise streams, Sorted merge."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from assets.kettle.engine.step import Step
from assets.kettle.errors import StepError
from assets.kettle.steps.join_merge import SortedJoin
from assets.kettle.steps.join_pairs import Numbers, is_sorted, ranks
from assets.kettle.values.fields import Layout


class OrderedStreams(Step):
    """Streams of one layout in a given order; the first names the fields, the others are read by position."""

    joins = True
    sources: list[str]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout of the first stream."""
        missing = [s for s in self.sources if s not in inputs]
        if missing or not self.sources:
            raise StepError(self.name, f"the step {(missing or [''])[0]!r} sends it no rows", "draw the hop")
        first = inputs[self.sources[0]]
        for source in self.sources[1:]:
            if [f.type for f in inputs[source]] != [f.type for f in first]:
                raise StepError(self.name, f"{source!r} sends {inputs[source]} instead of {first}", "align the fields")
        return first

    def start(self) -> None:
        """Opens buffers for the streams that must wait."""
        self.held = {source: self.buffer(self.output) for source in self.sources}
        self._turn = 0
        self._done: set[str] = set()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Hands on the rows of the stream whose turn it is, keeps the others."""
        frame = frame.rename(dict(zip(frame.columns, self.output.names, strict=True)))
        if source == self.sources[self._turn]:
            self.emit(frame)
        elif source in self.held:
            self.held[source].append(frame)

    def ended(self, source: str) -> None:
        """The next stream's turn, as long as streams have ended."""
        self._done.add(source)
        while self._turn < len(self.sources) - 1 and self.sources[self._turn] in self._done:
            self._turn += 1
            waiting = self.held[self.sources[self._turn]]
            for batch in waiting.batches(self.run.settings.batch_rows):
                self.emit(batch)
            waiting.clear()


class Append(OrderedStreams):
    """First all rows of the head stream, then those of the tail stream."""

    types = ("Append",)

    def setup(self) -> None:
        """Reads the two streams."""
        self.sources = [self.options.text("head_name"), self.options.text("tail_name")]


class PrioritizeStreams(OrderedStreams):
    """All rows of one stream after the other, in the order of the list."""

    types = ("PrioritizeStreams",)

    def setup(self) -> None:
        """Reads the streams."""
        self.sources = [o.text("name") for o in self.options.rows("steps/step")]


class SortedMerge(SortedJoin):
    """Merges streams that are each sorted by the fields, row by row; the order of equal rows is Kettle's."""

    types = ("SortedMerge",)

    def setup(self) -> None:
        """Reads the fields."""
        rows = self.options.rows("fields/field")
        self.sort_names = [o.text("name") for o in rows]
        self.descending = [not o.flag("ascending") for o in rows]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout of the first stream."""
        self.sources = list(inputs)
        if not self.sources:
            raise StepError(self.name, "it has no input", "draw a hop to it")
        first = inputs[self.sources[0]]
        for source, layout in inputs.items():
            if [f.type for f in layout] != [f.type for f in first]:
                raise StepError(self.name, f"{source!r} sends {layout} instead of {first}", "align the fields")
        self.layouts = [first] * len(inputs)
        fields = [self.field(first, name, "the field to merge on") for name in self.sort_names]
        self.key_fields = [fields] * len(inputs)
        return first

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch under the first stream's names."""
        names = self.output.names
        self.held[self.sources.index(source)].append(frame.rename(dict(zip(frame.columns, names, strict=True))))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The merged rows."""
        streams = []
        for buffer in self.held:
            frame = buffer.lazy().select(f.name for f in self.key_fields[0]).collect()
            streams.append([frame[f.name] for f in self.key_fields[0]])
        order = merged(ranks(streams, self.key_fields[0], self.descending))
        starts = np.cumsum([0, *(buffer.rows for buffer in self.held)])
        if any(buffer.spilled for buffer in self.held):
            yield from self._from_disk(order, starts)
        else:
            yield pl.concat([buffer.collect() for buffer in self.held])[order]
        for buffer in self.held:
            buffer.clear()

    def _from_disk(self, order: Numbers, starts: Numbers) -> Iterator[pl.DataFrame]:
        """Each stream is read forwards: of every stretch of the result the rows of one stream lie together."""
        size = self.run.settings.batch_rows
        for start in range(0, order.size, size):
            numbers = order[start : start + size]
            owners = np.searchsorted(starts, numbers, side="right") - 1
            parts, places = [], []
            for stream in np.unique(owners):
                mine = numbers[owners == stream] - starts[stream]
                low, high = int(mine.min()), int(mine.max()) + 1
                parts.append(self.held[stream].between(low, high)[mine - low])
                places.append(np.flatnonzero(owners == stream))
            yield pl.concat(parts)[np.argsort(np.concatenate(places))]


def merged(found: list[Numbers]) -> Numbers:
    """The row numbers (streams counted one after the other) in the order in which the merge takes them."""
    starts = np.cumsum([0, *(rank.size for rank in found)])
    everything = np.concatenate(found)
    owners = np.repeat(np.arange(len(found)), [rank.size for rank in found])
    order = np.argsort(everything, kind="stable")
    ranked, owner = everything[order], owners[order]
    ties = bool(((ranked[1:] == ranked[:-1]) & (owner[1:] != owner[:-1])).any())
    if all(map(is_sorted, found)) and not ties:
        return order.astype(np.int64)
    return _walked(found, starts.tolist())


def _walked(found: list[Numbers], starts: list[int]) -> Numbers:
    """The next row of each stream waits in a sorted list; a new one is put where Java's binary search finds an equal.

    Streams enter the list from the last to the first, so of equal first rows the last stream's goes first.
    """
    keys = [rank.tolist() for rank in found]
    at = [0] * len(keys)
    waiting = sorted((n for n in reversed(range(len(keys))) if keys[n]), key=lambda n: keys[n][0])
    ordered: list[int] = []
    while waiting:
        stream = waiting.pop(0)
        ordered.append(starts[stream] + at[stream])
        at[stream] += 1
        if at[stream] < len(keys[stream]):
            values = [keys[n][at[n]] for n in waiting]
            waiting.insert(_java_position(values, keys[stream][at[stream]]), stream)
    return np.array(ordered, dtype=np.int64)


def _java_position(values: list[int], wanted: int) -> int:
    """Where Collections.binarySearch ends: at the first equal value that it meets, else at the place to insert."""
    low, high = 0, len(values) - 1
    while low <= high:
        middle = (low + high) // 2
        if values[middle] == wanted:
            return middle
        low, high = (middle + 1, high) if values[middle] < wanted else (low, middle - 1)
    return bisect_left(values, wanted)
