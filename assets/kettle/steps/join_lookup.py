"""Stream lookup: fields of another stream, found by equal keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from assets.kettle.engine.buffers import Buffer, frame_bytes, slices
from assets.kettle.engine.external import KeyParts
from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.steps.join_lookup_index import ROW, Found, Index, index_of, split_keys, windows
from assets.kettle.values.convert import constant, convert_value
from assets.kettle.values.fields import Field, Layout, ValueType
from assets.kettle.values.ordering import without_empty

HASHED = 5
DEFAULT_MASKS = {ValueType.DATE: "M/d/yy h:mm a"}


class SideBuffer(Buffer):
    """Look-up rows: they are joined to one table and indexed."""

    weight = 2.0


@dataclass(frozen=True, slots=True)
class Table:
    """The look-up stream in memory."""

    index: Index
    values: pl.DataFrame


class StreamLookup(Step):
    """Adds fields of the look-up stream to each row; the last of equal keys counts.

    Measured: a null key finds a row with a null key (or ''); the default is for missing keys only, not for found nulls;
    a default that is no value of its type is null; keys of different types never meet, unless both are null.

    Of the look-up stream the keys and the wanted fields are held. Where they do not fit in memory, both streams are
    split by the hash of their keys.
    """

    types = ("StreamLookup",)

    def setup(self) -> None:
        """Reads keys and values."""
        options = self.options
        self.source = options.text("from")
        self.pairs = [(o.text("name"), o.text("field")) for o in options.rows("lookup/key")]
        self.values = [
            (o.text("name"), o.text("rename") or o.text("name"), self.resolve(o.text("default")), o.text("type"))
            for o in options.rows("lookup/value")
        ]
        if not self.pairs:
            raise StepError(self.name, "it has no keys", "name at least one")

    def named_inputs(self) -> list[str]:
        """The look-up stream."""
        return [self.source]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input with the found fields."""
        if self.source not in inputs:
            raise StepError(self.name, f"the look-up step {self.source!r} sends it no rows", "draw the hop")
        main, side = self.main(inputs), inputs[self.source]
        self.keys = [(self.field(main, a, "the key"), self.field(side, b, "the look-up field")) for a, b in self.pairs]
        found = [self.field(side, name, "the field to retrieve") for name, *_ in self.values]
        output = main.plus(*(f.but(name=v[1], origin=self.name) for f, v in zip(found, self.values, strict=True)))
        self.added = output.fields[len(main) :]
        self.found = found
        self.defaults = [self._default(f, v[2], v[3]) for f, v in zip(found, self.values, strict=True)]
        return output

    def _default(self, field: Field, text: str, kind: str) -> Any:
        declared = ValueType.parse(kind)
        if declared is ValueType.BOOLEAN:
            value: Any = text.upper() in ("TRUE", "Y")
        elif not text:
            return None
        else:
            try:
                value = constant(text, Field(field.name, declared, mask=DEFAULT_MASKS.get(declared), lenient=True))
            except ValueError:
                return None
        try:
            return convert_value(value, Field(field.name, declared), field)
        except ValueError:
            return None

    def start(self) -> None:
        """Opens the buffers of the look-up stream and of rows that come before it has ended."""
        side = self.inputs[self.source]
        self.needed = list(dict.fromkeys(f.name for f in (*(b for _, b in self.keys), *self.found)))
        self.side: Buffer = SideBuffer(side.select(self.needed), self.run.memory)
        self.waiting = self.buffer()
        self.table: Table | None = None
        self._counted = 0

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps look-up rows; looks up the others as soon as all look-up rows are there and fit in memory."""
        if source == self.source:
            self.side.append(frame.select(self.needed))
        elif self.table is not None and self.table.index.cheap:
            self.emit(self._looked_up(frame, self.table))
        else:
            self.waiting.append(frame)
            # each search in a hashed table hashes it anew: enough rows together
            if self.table is not None and (self.waiting.rows >= self.table.values.height or self.waiting.spilled):
                self._flush(self.table)

    def ended(self, source: str) -> None:
        """With the look-up stream complete, rows that waited go on."""
        if source != self.source or self.side.spilled:
            return
        frame = self.side.collect()
        index = index_of(self._keys(frame, 1))
        if not index.cheap and HASHED * self.side.bytes > self.run.memory.limit:
            return
        self.side.clear()
        self.table = Table(index, self._wanted(frame).rechunk())
        self._counted = (1 if index.cheap else HASHED) * frame_bytes(frame)
        self.run.memory.take(self._counted)
        self._flush(self.table)

    def _flush(self, table: Table) -> None:
        """Looks up the rows that waited."""
        rows = self.run.settings.batch_rows
        together = self.waiting.batches(rows) if self.waiting.spilled else iter([self.waiting.collect()])
        for batch in together:
            for part in slices(self._looked_up(batch, table), rows):
                self.emit(part)
        self.waiting.clear()

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows that are left; with a look-up stream larger than memory, all."""
        if self.table is not None:
            self._flush(self.table)
            self.table = None
            self.run.memory.give(self._counted)
            return
        rows = self.run.settings.batch_rows
        found = self._found_by_parts(rows)
        for window, values in enumerate(windows(found, -(-self.waiting.rows // rows))):
            yield self.waiting.between(window * rows, (window + 1) * rows).with_columns(values.get_columns())
        for part in found:
            part.values.clear()
        self.waiting.clear()

    def _found_by_parts(self, rows: int) -> list[Found]:
        """What each row finds, part after part of the look-up stream."""
        memory = self.run.memory
        number = max(1, -(-HASHED * self.side.bytes // (memory.share * 4)))
        sides = KeyParts(memory, lambda f: self._keys(f, 1), number)
        for batch in self.side.batches(rows):
            sides.add(batch)
        empty = self.side.layout.empty()
        self.side.clear()
        mains = KeyParts(memory, lambda f: f.get_columns()[:-1], number)
        split_keys(self.waiting, mains, lambda f: self._keys(f, 0), rows)
        nothing = pl.DataFrame([*self._keys(self.main(self.inputs).empty(), 0), pl.Series(ROW, dtype=pl.Int64)])
        starts = np.arange(0, self.waiting.rows + rows, rows)
        layout = Layout([*self.added, Field(ROW, ValueType.INTEGER)])
        found = []
        for side, main in zip(sides.take(empty), mains.take(nothing), strict=True):
            table = Table(index_of(self._keys(side, 1)), self._wanted(side))
            values = self._values(main.get_columns()[:-1], table)
            part = Found(self.buffer(layout), np.searchsorted(main[ROW].to_numpy(), starts))
            part.values.append(pl.DataFrame([*values, main[ROW]]))
            found.append(part)
        return found

    def _keys(self, frame: pl.DataFrame, position: int) -> list[pl.Series]:
        """Key columns that are equal where Kettle finds the keys equal."""
        columns = []
        for number, pair in enumerate(self.keys):
            field = pair[position]
            column = frame[field.name]
            if field.type is ValueType.STRING:
                column = without_empty(column)
            if pair[0].type != pair[1].type:
                # values of two types never meet, nulls do: each side keeps only a mark of its own
                mark = pl.Series([position], dtype=pl.Int8).new_from_index(0, frame.height)
                column = mark.set(column.is_null(), None)
            columns.append(column.alias(f"\x00{number}"))
        return columns

    def _wanted(self, side: pl.DataFrame) -> pl.DataFrame:
        return side.select(list(dict.fromkeys(f.name for f in self.found)))

    def _looked_up(self, frame: pl.DataFrame, table: Table) -> pl.DataFrame:
        return frame.with_columns(self._values(self._keys(frame, 0), table))

    def _values(self, keys: list[pl.Series], table: Table) -> list[pl.Series]:
        """The added fields for rows with these keys."""
        rows = table.index.find(keys)
        columns = []
        for field, source, default in zip(self.added, self.found, self.defaults, strict=True):
            column = table.values[source.name].gather(rows)
            if default is not None and rows.null_count():
                column = column.zip_with(rows.is_not_null(), pl.repeat(default, 1, dtype=field.dtype, eager=True))
            columns.append(column.alias(field.name))
        return columns

    def derive(self) -> dict[str, Derivation]:
        """The found fields."""
        by = " and ".join(f"{a.name} = {b.name}" for a, b in self.keys)
        return {
            added.name: Derivation((Ref(found.name, self.source),), f"looked up in {self.source} by {by}")
            for added, found in zip(self.added, self.found, strict=True)
        }
