"""Unique rows: consecutive duplicates, and duplicates anywhere."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from assets.kettle.engine.buffers import Buffer, slices
from assets.kettle.engine.step import Decision, Derivation, Ref, Step
from assets.kettle.steps.sort_java_hash import row_hashes
from assets.kettle.steps.sort_rows import changes
from assets.kettle.values.compare import key_columns
from assets.kettle.values.defaults import INTEGER_MASK
from assets.kettle.values.fields import Field, Layout, ValueType


class UniqueRows(Step):
    """Drops a row that equals the one before; optionally counts, or sends duplicates to the error hop.

    No fields named means the whole row; null equals ''; case counts per field. Measured: duplicates are only rejected
    when the step has an error hop and its option says so; they then carry the code UNR001.
    """

    types = ("Unique",)

    def setup(self) -> None:
        """Reads the fields and what happens to duplicates."""
        self.names = [(o.text("name"), not o.flag("case_insensitive")) for o in self.options.rows("fields/field")]
        self.counts = self.options.flag("count_rows") and bool(self.text("count_field"))
        self.rejects = rejects_duplicates(self)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input with the counter, if there is one."""
        layout = self.main(inputs)
        self.keys = [self.field(layout, name) for name, _ in self.names] or list(layout)
        self.cases = [case for _, case in self.names] or [True] * len(layout)
        if self.counts:
            counter = Field(self.text("count_field"), ValueType.INTEGER, 10, mask=INTEGER_MASK, origin=self.name)
            layout = layout.plus(counter)
        return layout

    def decides(self) -> list[Decision]:
        """By the fields that are compared."""
        return [Decision("group", tuple(Ref(f.name) for f in self.keys))]

    def start(self) -> None:
        """No row has come."""
        self._last: pl.DataFrame | None = None
        self._open: pl.DataFrame | None = None
        self._counted = 0

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Passes the first of each run of equal rows."""
        change, self._last = changes(pl.DataFrame(keys_of(frame, self.keys, self.cases)), self._last)
        if self.rejects and not change.all():
            names = ",".join(name for name, _ in self.names)
            self.reject(frame.filter(~change), self.text("error_description"), names, "UNR001")
        if self.counts:
            self._count(frame, change)
        else:
            self.emit(frame.filter(change))

    def _count(self, frame: pl.DataFrame, change: pl.Series) -> None:
        """Keeps the last run open, because the next batch may go on with it."""
        starts = change.arg_true().to_numpy().astype(np.int64)
        if starts.size == 0:
            self._counted += frame.height
            return
        firsts = frame[starts] if self._open is None else pl.concat([self._open, frame[starts]])
        counts = np.diff(np.append(starts, frame.height))
        if self._open is not None:
            counts = np.concatenate(([self._counted + starts[0]], counts))
        self._open, self._counted = firsts.tail(1), int(counts[-1])
        self.emit(self._with_counts(firsts.head(firsts.height - 1), counts[:-1]))

    def _with_counts(self, firsts: pl.DataFrame, counts: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> pl.DataFrame:
        return firsts.with_columns(pl.Series(self.output.names[-1], counts, dtype=pl.Int64))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The run that was still open."""
        if self._open is not None:
            yield self._with_counts(self._open, np.array([self._counted]))

    def derive(self) -> dict[str, Derivation]:
        """The counter."""
        words = "number of consecutive rows that agree"
        return {self.output.names[-1]: Derivation((), words)} if self.counts else {}


class UniqueRowsByHashSet(Step):
    """Drops a row that equals any row before; order stays.

    Measured: without stored values rows count as equal when only their hash codes are. Each duplicate counts as
    rejected, twice when it is sent to the error hop.
    """

    types = ("UniqueRowsByHashSet",)
    blocking = True

    def setup(self) -> None:
        """Reads the fields."""
        self.names = [o.text("name") for o in self.options.rows("fields/field")]
        self.rejects = rejects_duplicates(self)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The fields must be there; the layout stays."""
        layout = self.main(inputs)
        self.keys = [self.field(layout, name) for name in self.names] or list(layout)
        return layout

    def decides(self) -> list[Decision]:
        """By the fields that are compared."""
        return [Decision("group", tuple(Ref(f.name) for f in self.keys))]

    def start(self) -> None:
        """Opens the buffers: rows, and of spilled rows the keys alone."""
        self.held: Buffer = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held.append(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The first row of each key."""
        if not self.held.rows:
            return
        names = [f.name for f in self.keys]
        if names:
            keys = key_columns(self.held.lazy().select(names).collect(), self.keys)
        else:
            keys = keys_of(self.held.collect(), [], True)
        if names and not self.options.flag("store_values"):
            keys = [row_hashes(keys, self.keys)]
        first = (keys[0] if len(keys) == 1 else pl.DataFrame(keys).to_struct()).is_first_distinct()
        batches = (
            self.held.batches(self.run.settings.batch_rows)
            if self.held.spilled
            else slices(self.held.collect(), 1 << 62)
        )
        start = 0
        for batch in batches:
            here = first[start : start + batch.height]
            start += batch.height
            self._duplicates(batch.filter(~here))
            yield batch.filter(here)
        self.held.clear()

    def _duplicates(self, frame: pl.DataFrame) -> None:
        self.count(rejected=frame.height)
        if self.rejects:
            self.reject(frame, self.text("error_description"), ",".join(self.names), "UNRH001")


def keys_of(frame: pl.DataFrame, fields: list[Field], case_sensitive: bool | list[bool]) -> list[pl.Series]:
    """The columns that must agree; rows without fields all agree."""
    return key_columns(frame, fields, case_sensitive) or [pl.repeat(0, frame.height, eager=True)]


def rejects_duplicates(step: Step) -> bool:
    """Whether duplicates go to the error hop: the option is set, and there is an error hop."""
    handling = step.node.error
    return step.options.flag("reject_duplicate_row") and handling is not None and handling.enabled
