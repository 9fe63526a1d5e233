"""A step at its place in the running graph: its queue, its counters, and where its rows go."""

from collections import deque
from collections.abc import Callable, Iterator
from math import ceil
from typing import TYPE_CHECKING

import polars as pl

from assets.kettle.engine.interleave import Interleave
from assets.kettle.engine.result import Counters
from assets.kettle.engine.step import Step
from assets.kettle.errors import StepError
from assets.kettle.model import ErrorHandling
from assets.kettle.values.fields import Field, Layout, ValueType

if TYPE_CHECKING:
    from assets.kettle.engine.run import Run

Deliver = Callable[[str, str, pl.DataFrame], None]


def error_fields(handling: ErrorHandling, resolve: Callable[[str], str]) -> list[Field]:
    """The fields that describe an error, in Kettle's order; they have no origin."""
    count = Field(resolve(handling.count_field), ValueType.INTEGER, 3, mask="####0;-####0")
    texts = (handling.description_field, handling.fields_field, handling.codes_field)
    found = [Field(resolve(name), ValueType.STRING) for name in texts if name]
    return [count, *found] if handling.count_field else found


class Node:
    """One step (or its several copies) with the port through which it speaks.

    Args:
        steps: the copies; most steps have one.
        deliver: puts rows into the queue of a target: (source, target, frame).

    Attributes:
        copied: the sources that copy their rows instead of dealing them: each copy of this step gets them all.
        parts: target -> the number of its copies.
    """

    def __init__(self, steps: list[Step], run: "Run", targets: list[str], error: str | None, deliver: Deliver) -> None:
        self.steps = steps
        self.step = steps[0]
        self.name = self.step.name
        self.run = run
        self.counters = run.counters.setdefault(self.name, Counters())
        self.error = error
        self.queue: deque[tuple[str, pl.DataFrame | None]] = deque()
        self.open_inputs: set[str] = set()
        self.producing: Iterator[pl.DataFrame] | None = None
        self.finished = False
        self.idled = False
        self.copied: set[str] = set()
        self.parts: dict[str, int] = {}
        self.targets = targets
        self.renames: dict[str, list[str]] = {}
        self._deliver = deliver
        self._dealt = 0
        self._received = 0
        self._columns: list[str] = []
        self._interleave: Interleave | None = None
        for step in steps:
            step.port = self

    def plan(self, inputs: dict[str, Layout]) -> None:
        """Computes the layouts, checks that inputs agree, and settles the targets."""
        for step in self.steps:
            step.inputs = inputs
            step.targets = self.targets
            step.output = step.fields(inputs)
        self.named = set(self.step.named_targets())
        self.common = [t for t in self.targets if t not in self.named]
        self._columns = self.step.output.names
        side = set(self.step.named_inputs())
        mains = [(name, layout) for name, layout in inputs.items() if name not in side]
        if not self.step.joins and len(mains) > 1:
            self._align(mains)
            self._interleave = Interleave([name for name, _ in mains])

    def idle(self, inputs: dict[str, Layout]) -> None:
        """Makes a step do nothing and send nothing."""
        idle = Step(self.step.node, self.run)
        self.idled = True
        self.steps, self.step = [idle], idle
        idle.port, idle.inputs, idle.targets, idle.output = self, inputs, self.targets, Layout()
        self.named, self.common, self._columns = set(), self.targets, []

    def _align(self, mains: list[tuple[str, Layout]]) -> None:
        """Rows of all inputs are read by position, as Kettle does outside its safe mode."""
        first_name, first = mains[0]
        for name, layout in mains[1:]:
            if len(layout) != len(first):
                raise StepError(
                    self.name,
                    f"its inputs differ: {first_name!r} sends {first.names}, {name!r} sends {layout.names}",
                    "make all inputs send the same fields in the same order",
                )
            for ours, theirs in zip(first, layout, strict=True):
                if ours.dtype != theirs.dtype:
                    raise StepError(
                        self.name,
                        f"field {ours.name!r} is {ours.type} from {first_name!r}, {theirs.name!r} is {theirs.type} "
                        f"from {name!r}",
                        "give both the same type (Select values, Meta-data)",
                    )
            if layout.names != first.names:
                self.renames[name] = first.names

    def layout_to(self, target: str) -> Layout:
        """The layout of the rows on the hop to `target`."""
        if target == self.error:
            handling = self.step.node.error
            assert handling is not None
            extra = error_fields(handling, self.run.variables.resolve)
            return self.step.main(self.step.inputs).plus(*extra)
        return self.step.fields_to(target)

    # -- receiving

    def take(self, source: str, frame: pl.DataFrame) -> None:
        """Gives a batch to the step, in turn with those of its other inputs."""
        self.counters.read += frame.height
        if source in self.renames:
            frame = frame.rename(dict(zip(frame.columns, self.renames[source], strict=True)))
        if self._interleave is None or source not in self._interleave.sources:
            self._share(source, frame)
            return
        for part in self._interleave.add(source, frame):
            self._share(source, part)

    def _share(self, source: str, frame: pl.DataFrame) -> None:
        """Several copies of the step are dealt the rows one by one, or get them all from a source that copies."""
        if len(self.steps) == 1:
            self.step.rows(frame, source)
            return
        parts = len(self.steps)
        if source in self.copied:
            self.counters.read += frame.height * (parts - 1)
            for step in self.steps:
                step.rows(frame, source)
            return
        start, self._received = self._received, self._received + frame.height
        turns = (pl.int_range(frame.height, eager=True) + start) % parts
        for number, step in enumerate(self.steps):
            share = frame.filter(turns == number)
            if share.height:
                step.rows(share, source)

    def ended(self, source: str) -> None:
        """One input has no more rows."""
        if self._interleave is not None and source in self._interleave.sources:
            for part in self._interleave.end(source):
                self._share(source, part)
        self.open_inputs.discard(source)
        for step in self.steps:
            step.ended(source)

    def produce(self) -> Iterator[pl.DataFrame]:
        """What the copies say at the end, one after the other."""
        for step in self.steps:
            yield from step.produce()

    # -- Port

    def send(self, frame: pl.DataFrame, target: str | None) -> None:
        """Rows to one target by name, or to all common targets: copied to each, or dealt one by one."""
        if target is None and frame.columns != self._columns:
            raise StepError(self.name, f"sent the columns {frame.columns} where it declared {self._columns}")
        self.run.observer.emitted(self.name, frame, target)
        if target is not None:
            self.counters.written += frame.height
            self._deliver(self.name, target, frame)
            return
        if self.step.node.distribute and len(self.common) > 1:
            self.counters.written += frame.height
            self._deal(frame)
            return
        receivers = len(self.common) if self.step.node.distribute else sum(self.parts[name] for name in self.common)
        self.counters.written += frame.height * max(1, receivers)
        for name in self.common:
            self._deliver(self.name, name, frame)

    def _deal(self, frame: pl.DataFrame) -> None:
        parts = len(self.common)
        turns = (pl.int_range(frame.height, eager=True) + self._dealt) % parts
        self._dealt = (self._dealt + frame.height) % parts
        for number, name in enumerate(self.common):
            share = frame.filter(turns == number)
            if share.height:
                self._deliver(self.name, name, share)

    def reject(
        self,
        frame: pl.DataFrame,
        description: str | pl.Series,
        fields: str | pl.Series,
        code: str,
        count: int | pl.Series,
    ) -> None:
        """Rows with the wanted error fields to the error target."""
        first = description if isinstance(description, str) else str(description[0])
        handling = self.step.node.error
        if self.error is None or handling is None:
            row = ", ".join(f"{k}={v!r}" for k, v in list(frame.row(0, named=True).items())[:8])
            raise StepError(self.name, f"{first} (row: {row[:300]})", "correct the data, or give the step an error hop")
        self.counters.rejected += frame.height
        resolve = self.run.variables.resolve
        values = (
            (handling.count_field, pl.lit(count, pl.Int64)),
            (handling.description_field, pl.lit(description, pl.String)),
            (handling.fields_field, pl.lit(None if isinstance(fields, str) and not fields else fields, pl.String)),
            (handling.codes_field, pl.lit(code or None, pl.String)),
        )
        extra = [value.alias(resolve(name)) for name, value in values if name]
        described = frame.with_columns(extra) if extra else frame
        self.run.observer.rejected(self.name, described)
        self._deliver(self.name, self.error, described)
        self._check_limits(handling, first)

    def _check_limits(self, handling: ErrorHandling, last: str) -> None:
        """Ends the run on too many rejects: a number, or per cent of the rows read (after so many rows)."""
        most, percent, least = (
            int(text) if (text := self.run.variables.resolve(option).strip()).isdigit() else 0
            for option in (handling.max_errors, handling.max_percent, handling.min_rows)
        )
        failed, read = self.counters.rejected, self.counters.read
        if most and failed > most:
            raise StepError(self.name, f"more than {most} rows failed; the last: {last}", "raise max_errors or fix it")
        if percent and read >= least and ceil(100 * failed / max(1, read)) > percent:
            raise StepError(
                self.name,
                f"more than {percent} % of the rows failed; the last: {last}",
                "raise max_pct_errors or fix it",
            )
