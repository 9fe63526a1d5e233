"""Sort rows: a stable sort on several keys, in memory or on disk."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.external import SortBuffer
from assets.kettle.engine.step import Step
from assets.kettle.values.compare import SortKey, key_columns
from assets.kettle.values.fields import Field, Layout, ValueType

GROUP = "\x00group"


class SortRows(Step):
    """Sorts; null comes first, descending last (9.3); text by code unit, without case folded per character.

    With "only pass unique rows" the first of equal keys stays. With presorted keys each run of rows that agree in them
    is sorted on its own. Copies of the step work as one, so that what leaves is sorted; unique rows are then unique
    over all copies.
    """

    types = ("SortRows",)
    blocking = True
    copies_as_one = True

    def setup(self) -> None:
        """Reads the keys."""
        options = self.options
        self.unique = options.flag("unique_rows")
        self.keys: list[SortKey] = []
        self.presorted: list[str] = []
        for option in options.rows("fields/field"):
            name = self.resolve(option.text("name"))
            self.keys.append(
                SortKey(
                    name,
                    option.flag("ascending"),
                    option.flag("case_sensitive", default=True),
                    option.flag("collator_enabled"),
                )
            )
            if option.flag("presorted"):
                self.presorted.append(name)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The keys must be there; their fields remember how they are sorted."""
        layout = self.main(inputs)
        self.key_fields = [self.field(layout, key.name, "the sort field") for key in self.keys]
        self.sorted_layout, self.sort_keys = layout, self.keys
        if self.presorted:
            self.presorted_fields = [layout[name] for name in self.presorted]
            self.sorted_layout = layout.plus(Field(GROUP, ValueType.INTEGER))
            self.sort_keys = [SortKey(GROUP), *self.keys]
        output = layout
        for key in self.keys:
            output = output.but(key.name, descending=not key.ascending, any_case=not key.case_sensitive)
        return output

    def start(self) -> None:
        """Opens the buffer."""
        self.held = SortBuffer(self.sorted_layout, self.run.memory, self.sort_keys)
        self._run = 0
        self._last: pl.DataFrame | None = None

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held.append(self._numbered(frame) if self.presorted else frame)

    def _numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        """With the number of the run of equal presorted keys."""
        keys = pl.DataFrame(key_columns(frame, self.presorted_fields))
        change, self._last = changes(keys, self._last)
        numbers = change.cast(pl.Int64).cum_sum() + self._run
        self._run = int(numbers[-1])
        return frame.with_columns(numbers.alias(GROUP))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows in order."""
        self._last = None
        rows = self.run.settings.batch_rows
        # without keys all rows are equal and stay in their order
        for batch in self.held.sorted_batches(rows) if self.sort_keys else self.held.batches(rows):
            yield self._finished(batch)
            del batch

    def _finished(self, batch: pl.DataFrame) -> pl.DataFrame:
        if self.unique and not self.keys:
            batch, self._last = batch.head(1 if self._last is None else 0), batch
        elif self.unique and batch.height:
            keys = key_columns(batch, self.key_fields, [k.case_sensitive for k in self.keys])
            change, self._last = changes(pl.DataFrame(keys), self._last)
            batch = batch.filter(change)
        return batch.drop(GROUP) if self.presorted else batch


def changes(keys: pl.DataFrame, last: pl.DataFrame | None) -> tuple[pl.Series, pl.DataFrame]:
    """Where the keys differ from the row before, and the last row of keys for the next batch."""
    before = keys.clear(1) if last is None else last
    joined = pl.concat([before, keys])
    change = joined.select(
        pl.any_horizontal(pl.col(n).ne_missing(pl.col(n).shift(1)) for n in keys.columns)
    ).to_series()[1:]
    if last is None:
        change = change.scatter(0, True)
    return change, keys.tail(1)
