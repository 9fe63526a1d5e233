"""Analytic query: values of rows before or after, within runs of equal group fields."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.steps.group_by import group_numbers
from assets.kettle.values.fields import Layout


class AnalyticQuery(Step):
    """LAG and LEAD by n rows; null where the group has no such row. New fields are copies of their subject.

    A row leaves as soon as the rows that it looks ahead to are there; as many are kept as later rows look back to.
    """

    types = ("AnalyticQuery",)
    blocking = True

    def setup(self) -> None:
        """Reads groups and functions."""
        self.names = [o.text("name") for o in self.options.rows("group/field")]
        self.lines = []
        for option in self.options.rows("fields/field"):
            code, text = option.text("type").strip().upper(), self.resolve(option.text("valuefield")) or "1"
            if code not in ("LAG", "LEAD") or not text.strip().isdigit():
                raise StepError(self.name, f"it has the line {code} {text!r}", "use LAG or LEAD and a number of rows")
            steps = int(text) if code == "LAG" else -int(text)
            self.lines.append((option.text("aggregate"), option.text("subject"), steps))

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input with the new fields."""
        layout = self.main(inputs)
        self.groups = [self.field(layout, name, "the group field") for name in self.names]
        self.subjects = [self.field(layout, subject, "the subject") for _, subject, _ in self.lines]
        new = [s.but(name=line[0], origin=self.name) for s, line in zip(self.subjects, self.lines, strict=True)]
        output = layout.plus(*new)
        self.made = output.names[len(layout) :]
        return output

    def start(self) -> None:
        """No row has come."""
        self._back = max((steps for _, _, steps in self.lines if steps > 0), default=0)
        self._ahead = max((-steps for _, _, steps in self.lines if steps < 0), default=0)
        self._kept: list[pl.DataFrame] = []
        self._done = 0

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Sends on the rows whose neighbours are known."""
        self._kept.append(frame)
        if sum(part.height for part in self._kept) > self._done + self._ahead:
            known = pl.concat(self._kept)
            self.emit(self._answered(known, known.height - self._ahead))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows that waited for later ones."""
        if self._kept:
            known = pl.concat(self._kept)
            yield self._answered(known, known.height)
        self._kept = []

    def _answered(self, known: pl.DataFrame, end: int) -> pl.DataFrame:
        """The rows up to `end` that have not left, with the values from around them."""
        found = self._with_values(known).slice(self._done, end - self._done)
        first = max(0, end - self._back)
        self._kept, self._done = [known.slice(first)], end - first
        return found

    def _with_values(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A row is of the same group when its group number is."""
        groups = group_numbers(frame, self.groups)
        columns = []
        for name, subject, (_, _, steps) in zip(self.made, self.subjects, self.lines, strict=True):
            same = (groups.shift(steps) == groups).fill_null(False)
            columns.append(frame[subject.name].shift(steps).set(~same, None).alias(name))
        return frame.with_columns(columns)

    def derive(self) -> dict[str, Derivation]:
        """The new fields."""
        step = next(iter(self.inputs), "")
        found = {}
        for name, subject, (_, _, steps) in zip(self.made, self.subjects, self.lines, strict=True):
            words = f"value {abs(steps)} rows {'before' if steps >= 0 else 'after'}"
            found[name] = Derivation((Ref(subject.name, step),), words)
        return found
