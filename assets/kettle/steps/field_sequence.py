"""Sequences: running numbers, over all rows or starting anew when fields change."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from assets.kettle.engine.step import Derivation, RowStep, Step
from assets.kettle.errors import StepError
from assets.kettle.values.compare import key_columns
from assets.kettle.values.fields import Field, Layout, ValueType

MASK = "####0;-####0"
_CHANGE_LENGTH = 10


@dataclass(slots=True)
class Counter:
    """A counter that starts again when it would pass its maximum (or, counting down, its minimum)."""

    start: int
    step: int
    limit: int
    given: int = 0

    def take(self, count: int) -> pl.Series:
        """The next numbers."""
        places = pl.int_range(count, eager=True) + self.given
        self.given += count
        wraps = (self.step > 0 and self.limit > self.start) or (self.step < 0 and self.limit < self.start)
        if wraps:
            places = places % ((self.limit - self.start) // self.step + 1)
        return places * self.step + self.start


class Sequence(RowStep):
    """A counter, shared with the steps that name the same counter (or the same value field), or a database sequence."""

    types = ("Sequence",)
    copies_as_one = False

    def setup(self) -> None:
        """Reads which sequence it is."""
        self.by_database = self.options.flag("use_database") and not self.options.flag("use_counter")
        self.value = self.text("valuename")
        if not self.by_database and not self.options.flag("use_counter"):
            raise StepError(self.name, "neither a counter nor a database sequence is chosen", "choose one")
        self.key = f"sequence:{self.text('counter_name') or self.value}"

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the number."""
        layout = self.main(inputs).plus(Field(self.value, ValueType.INTEGER, mask=MASK, origin=self.name))
        self.value = layout.fields[-1].name
        return layout

    def start(self) -> None:
        """Finds or makes the counter. Raises StepError when another step defined it differently."""
        if self.by_database:
            names = (self.text("schema"), self.text("seqname"))
            self.sequence = ".".join(name for name in names if name)
            self.database = self.run.databases.get(self.text("connection"))
            return
        new = Counter(
            self.integer("start_at", default=1),
            self.integer("increment_by", default=1),
            self.integer("max_value", default=999_999_999),
        )
        self.counter: Counter = self.run.shared.setdefault(self.key, new)
        if (self.counter.start, self.counter.step, self.counter.limit) != (new.start, new.step, new.limit):
            raise StepError(
                self.name, "another step defines this counter with other limits", "give the counters different names"
            )

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with their numbers."""
        if self.by_database:
            numbers = [self.database.next_value(self.sequence) for _ in range(frame.height)]
            return frame.with_columns(pl.Series(self.value, numbers, dtype=pl.Int64))
        return frame.with_columns(self.counter.take(frame.height).alias(self.value))

    def close(self) -> None:
        """Forgets the counter: the next run starts anew."""
        self.run.shared.pop(self.key, None)

    def derive(self) -> dict[str, Derivation]:
        """A number has no source."""
        return {self.value: Derivation((), "running number")}


class FieldsChangeSequence(Step):
    """A running number that starts again when one of the fields (all, when none is named) differs from the row before.

    Null equals ''.
    """

    types = ("FieldsChangeSequence",)

    def setup(self) -> None:
        """Reads start and increment."""
        self.start_at = self.integer("start", default=1)
        self.increment = self.integer("increment", default=1)
        self.last: pl.DataFrame | None = None
        self.given = 0

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the number."""
        base = self.main(inputs)
        names = [o.text("name") for o in self.options.rows("fields/field")]
        self.watched = [self.field(base, name) for name in names] or base.fields
        name = self.text("resultfieldName")
        layout = base.plus(Field(name, ValueType.INTEGER, _CHANGE_LENGTH, 0, mask=MASK, origin=self.name))
        self.value = layout.fields[-1].name
        return layout

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Numbers the rows; the last row of the batch before counts as the row before the first."""
        keys = pl.DataFrame([c.alias(str(i)) for i, c in enumerate(key_columns(frame, self.watched))])
        seen = keys if self.last is None else pl.concat([self.last, keys])
        changed = seen.select(
            pl.any_horizontal(pl.all().ne_missing(pl.all().shift(1))).alias("c") if keys.width else pl.lit(value=False)
        ).to_series()
        changed = changed.slice(seen.height - frame.height)
        if self.last is None:
            changed = changed.scatter(0, False)
        place = pl.int_range(frame.height, eager=True)
        starts = pl.select(pl.when(changed).then(place)).to_series().forward_fill()
        numbers = (place - starts).fill_null(place + self.given)
        self.given = int(numbers[-1]) + 1
        self.last = keys.tail(1)
        self.emit(frame.with_columns((numbers * self.increment + self.start_at).alias(self.value)))

    def derive(self) -> dict[str, Derivation]:
        """A number has no source."""
        names = ", ".join(f.name for f in self.watched)
        return {self.value: Derivation((), f"running number within equal {names}")}
