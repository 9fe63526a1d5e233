"""Stream lookup: fields of another stream, found by equal keys."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.buffers import Buffer, slices
from assets.kettle.engine.external import by_number, split_by_key
from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.values.convert import constant, convert_value
from assets.kettle.values.fields import Field, Layout, ValueType
from assets.kettle.values.ordering import without_empty

ROW = "\x00number"
PARTS_PER_LIMIT = 8
DEFAULT_MASKS = {ValueType.DATE: "M/d/yy h:mm a"}


class StreamLookup(Step):
    """Adds fields of the look-up stream to each row; the last of equal keys counts.

    Measured: a null key finds a row with a null key (or ''); the default is for missing keys only, not for found nulls;
    a default that is no value of its type is null; keys of different types never meet, unless both are null.
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
        self.side: Buffer = self.buffer(self.inputs[self.source])
        numbered = self.main(self.inputs).plus(Field(ROW, ValueType.INTEGER))
        self.waiting: Buffer = self.buffer(numbered)
        self._rows = 0
        self.table: pl.DataFrame | None = None
        self._pending: list[pl.DataFrame] = []

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps look-up rows; looks up the others as soon as all look-up rows are there and fit in memory."""
        if source == self.source:
            self.side.append(frame)
        elif self.table is not None:
            self._later(frame, self.table)
        else:
            numbers = pl.int_range(self._rows, self._rows + frame.height, dtype=pl.Int64, eager=True)
            self._rows += frame.height
            self.waiting.append(frame.with_columns(numbers.alias(ROW)))

    def ended(self, source: str) -> None:
        """With the look-up stream complete, rows that waited go on."""
        if source != self.source or self.side.spilled:
            return
        self.table = self._table(self.side.collect())
        self.side.clear()
        for batch in self.waiting.batches(self.run.settings.batch_rows):
            self._later(batch.drop(ROW), self.table)
        self.waiting.clear()

    def _later(self, frame: pl.DataFrame, table: pl.DataFrame) -> None:
        """Joins once there are as many rows as in the table: each join hashes the table anew."""
        self._pending.append(frame)
        if sum(f.height for f in self._pending) >= table.height:
            self._join(table)

    def _join(self, table: pl.DataFrame) -> None:
        if self._pending:
            frame = pl.concat(self._pending)
            self._pending = []
            for batch in slices(self._looked_up(frame, table), self.run.settings.batch_rows):
                self.emit(batch)

    def produce(self) -> Iterator[pl.DataFrame]:
        """A look-up stream larger than memory: both streams are split by key, and put in order again at the end."""
        if self.table is not None:
            self._join(self.table)
            return
        rows, memory = self.run.settings.batch_rows, self.run.memory
        number = max(1, -(-PARTS_PER_LIMIT * self.side.bytes // max(1, memory.limit)))
        sides = split_by_key(self.side, memory, lambda f: self._keys(f, 1), rows, number)
        mains = split_by_key(self.waiting, memory, lambda f: self._keys(f, 0), rows, number)
        found = self.buffer(self.output.plus(Field(ROW, ValueType.INTEGER)))
        for side, main in zip(sides, mains, strict=True):
            looked_up = self._looked_up(main.drop(ROW), self._table(side))
            found.append(looked_up.with_columns(main[ROW]))
        for batch in by_number(found, memory, ROW, rows):
            yield batch.drop(ROW)

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

    def _table(self, side: pl.DataFrame) -> pl.DataFrame:
        keys = self._keys(side, 1)
        values = [side[f.name].alias(f"\x01{n}") for n, f in enumerate(self.found)]
        hit = pl.repeat(True, side.height, eager=True).alias("\x01hit")
        return pl.DataFrame([*keys, *values, hit]).unique([k.name for k in keys], keep="last")

    def _looked_up(self, frame: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
        keys = self._keys(frame, 0)
        joined = pl.DataFrame(keys).join(
            table, on=[k.name for k in keys], how="left", nulls_equal=True, maintain_order="left"
        )
        columns = []
        for number, (field, default) in enumerate(zip(self.added, self.defaults, strict=True)):
            column = pl.col(f"\x01{number}")
            if default is not None:
                column = pl.when(pl.col("\x01hit").is_null()).then(pl.lit(default, field.dtype)).otherwise(column)
            columns.append(column.alias(field.name))
        return frame.with_columns(joined.select(columns).get_columns())

    def derive(self) -> dict[str, Derivation]:
        """The found fields."""
        by = " and ".join(f"{a.name} = {b.name}" for a, b in self.keys)
        return {
            added.name: Derivation((Ref(found.name, self.source),), f"looked up in {self.source} by {by}")
            for added, found in zip(self.added, self.found, strict=True)
        }
