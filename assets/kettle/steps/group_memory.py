"""Memory group by: equal keys anywhere in the input."""

from collections.abc import Iterator
from typing import ClassVar

import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.external import SortBuffer, parts_by_key
from assets.kettle.steps.group_by import GroupBase, group_numbers
from assets.kettle.values.compare import SortKey, key_columns
from assets.kettle.values.fields import Field

BATCHES = 4
GROWTH = 2


class GroupBuffer(Buffer):
    """Rows to group: the table of groups and their rows' numbers need room too."""

    weight: ClassVar[float] = 3.0


class MemoryGroupBy(GroupBase):
    """Groups equal keys wherever they are; the first row of a group gives its keys.

    Kettle gives the groups in the order of a hash map; here they come in the order of their keys.
    Measured: for an empty input Kettle describes the results of the row it gives back as if each aggregated the first
    field (all are null or 0); here they keep the types that they have otherwise.

    A few batches at a time are joined to the states of their groups (see `group_partial`), so that memory goes with the
    number of groups; where a function needs all values, keys and values are kept. Both spill.
    """

    types = ("MemoryGroupBy",)
    memory = True

    def start(self) -> None:
        """Opens a buffer for states, or for the fields that count."""
        layout = self.state_layout if self.states is not None else self.main(self.inputs).select(self.needed)
        self.held: Buffer = GroupBuffer(layout, self.run.memory)
        self._due = 0

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps what counts of the batch."""
        if self.states is None:
            self.held.append(self.counting(frame))
            return
        self.held.append(self.states_of_rows(frame))
        if self.held.rows > max(self._due, BATCHES * self.run.settings.batch_rows) and not self.held.spilled:
            states = self._joined(self.held.collect())
            self.held.clear()
            self.held.append(states)
            self._due = GROWTH * states.height

    def _by(self, frame: pl.DataFrame, keys: list[Field]) -> list[pl.Series]:
        if not keys:
            return [group_numbers(frame, [])]
        return [c.alias(f"\x02{n}") for n, c in enumerate(key_columns(frame, keys))]

    def _joined(self, states: pl.DataFrame) -> pl.DataFrame:
        """One row of states per group."""
        return self.joined(states, self._by(states, self.state_keys))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The groups."""
        if not self.held.rows:
            if self.gives_back:
                pairs = zip(self.aggregates, self.results, strict=True)
                row = {f.name: [0 if a.code.startswith("COUNT") else None] for a, f in pairs}
                yield pl.DataFrame({f.name: [None] for f in self.keys} | row, schema=self.output.schema)
            return
        if not self.keys:
            yield self._one_group()
            return
        found = SortBuffer(self.output, self.run.memory, [SortKey(f.name) for f in self.keys])
        for part in self._parts():
            found.append(self._grouped(part))
            del part
        yield from found.sorted_batches(self.run.settings.batch_rows)

    def _parts(self) -> Iterator[pl.DataFrame]:
        """What is held, whole or in parts that have their keys for themselves."""
        if not self.held.spilled:
            frame = self.held.collect()
            self.held.clear()
            yield frame
            return
        keys = self.keys if self.states is None else self.state_keys
        rows = self.run.settings.batch_rows
        parts = parts_by_key(self.held, self.run.memory, lambda frame: key_columns(frame, keys), rows)
        yield from (part for part in parts if part.height)

    def _grouped(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.states is None:
            return self.aggregated(frame, self._by(frame, self.keys))
        return self.finished(self._joined(frame))

    def _one_group(self) -> pl.DataFrame:
        """Without keys; of spilled values one field at a time is in memory."""
        if self.states is not None or not self.held.spilled:
            found = self._grouped(self.held.collect())
        else:
            found = self.one_by_one(self.held)
        self.held.clear()
        return found
