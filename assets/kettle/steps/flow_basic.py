"""Steps that only direct rows: Dummy, Filter rows, Block, Delay, Abort, logging."""

import time
from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.step import Decision, Ref, RowStep, Step, WholeStep
from assets.kettle.engine.stop import StopRun
from assets.kettle.errors import StepError
from assets.kettle.steps.conditions import fields_of, read_condition
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType


class Dummy(RowStep):
    """Hands on what comes."""

    types = ("Dummy", "DummyTrans")

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same rows."""
        return frame

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Also tells a caller that collects here (results of a mapping read at a plain step)."""
        collect = self.run.collects.get(self.name)
        if collect is not None:
            collect(self.name, frame)
        self.emit(frame)


class FilterRows(Step):
    """Rows that meet the condition go to one target, the others to the other.

    Without named targets only the true rows pass, to every hop; with one named, the others are dropped.
    """

    types = ("FilterRows",)
    copies_as_one = True

    def setup(self) -> None:
        """Reads the names of the targets."""
        self.true_target = self.options.text("send_true_to")
        self.false_target = self.options.text("send_false_to")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Binds the condition; the layout stays."""
        layout = self.main(inputs)
        found = self.options.rows("compare/condition")
        if not found:
            raise StepError(self.name, "it has no condition", "give it one")
        self.condition = read_condition(found[0], layout, self)
        return layout

    def decides(self) -> list[Decision]:
        """By the fields of the condition."""
        return [Decision("filter", tuple(Ref(name) for name in sorted(fields_of(self.condition))))]

    def named_targets(self) -> list[str]:
        """The true and the false target, those that are drawn."""
        return [t for t in (self.true_target, self.false_target) if t in self.targets]

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Splits the batch."""
        found = self.condition.evaluate(frame)
        if not self.true_target and not self.false_target:
            self.emit(frame.filter(found))
            return
        if self.true_target in self.targets:
            self.emit(frame.filter(found), self.true_target)
        if self.false_target in self.targets:
            self.emit(frame.filter(~found), self.false_target)


class BlockingStep(WholeStep):
    """Holds all rows back until the last has come; by default only the last goes on."""

    types = ("BlockingStep", "BlockingTransform")

    def whole(self, frame: pl.DataFrame) -> pl.DataFrame:
        """All rows, or the last."""
        return frame if self.options.flag("pass_all_rows") else frame.tail(1)


class BlockUntilStepsFinish(Step):
    """Holds its rows until the named steps have finished."""

    types = ("BlockUntilStepsFinish", "BlockUntilTransformsFinish")

    def waits_for(self) -> list[str]:
        """The named steps; one that is not in the graph is not waited for."""
        named = self.options.rows("steps/step") + self.options.rows("transforms/transform")
        return [o.text("name") for o in named if o.text("name") != self.name]

    def start(self) -> None:
        """Opens the buffer."""
        self.held: Buffer = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held.append(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows in order."""
        yield from self.held.batches(self.run.settings.batch_rows)
        self.held.clear()


SECONDS = {"milliseconds": 0.001, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0}


class Delay(RowStep):
    """Waits for each row, as long as the whole batch would take row by row."""

    types = ("Delay",)

    def setup(self) -> None:
        """Reads the time for one row."""
        unit = self.options.text("scaletime", default="seconds")
        self.seconds = self.integer("timeout", default=1) * SECONDS.get(unit, 1.0)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same rows, later."""
        time.sleep(self.seconds * frame.height)
        return frame


class Abort(Step):
    """Ends the run once more than `row_threshold` rows have come: at once, with an error, or when rows have drained."""

    types = ("Abort",)
    copies_as_one = True

    def setup(self) -> None:
        """Reads threshold, message and kind; before 9.0 there was `abort_with_error` alone."""
        self.threshold = self.integer("row_threshold")
        self.message = self.text("message")
        old = "ABORT_WITH_ERROR" if self.options.flag("abort_with_error", default=True) else "ABORT"
        self.kind = self.options.text("abort_option", default=old)
        self.seen = 0

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Counts; rows up to the threshold go on to whatever follows."""
        passing = min(frame.height, max(0, self.threshold - self.seen))
        self.seen += frame.height
        self.emit(frame.head(passing))
        if self.seen <= self.threshold:
            return
        reason = f"{self.name}: {self.message or f'more than {self.threshold} rows came'}"
        if self.kind == "ABORT_WITH_ERROR":
            raise StepError(self.name, self.message or f"aborts: more than {self.threshold} rows came", "")
        raise StopRun(reason, drain=self.kind == "SAFE_STOP")


class WriteToLog(RowStep):
    """Writes the chosen fields of each row to the run's log."""

    types = ("WriteToLog",)

    def setup(self) -> None:
        """Reads level, limit and message."""
        self.level = self.options.text("loglevel", default="log_level_basic").removeprefix("log_level_").upper()
        self.limit = self.integer("limitRowsNumber") if self.options.flag("limitRows") else -1
        self.message = self.text("logmessage")
        self.names = [o.text("name") for o in self.options.rows("fields/field")]
        self.header = self.options.flag("displayHeader", default=True)
        self.line = 0

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The chosen fields must be there; the layout stays."""
        layout = self.main(inputs)
        self.shown = [self.field(layout, n) for n in self.names] if self.names else list(layout)
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Logs up to the limit, hands on all."""
        count = frame.height if self.limit < 0 else max(0, min(frame.height, self.limit - self.line))
        shown = frame.head(count)
        texts = [to_text(shown[f.name], f).to_list() for f in self.shown]
        for row in zip(*texts, strict=True) if texts else ():
            self.line += 1
            lines = [self.message] if self.message else []
            lines.append(f"------------> Linenr {self.line}------------------------------")
            names = self.shown if self.header else []
            pairs = [f"{f.name} = {value}" for f, value in zip(names, row, strict=False)] or [str(v) for v in row]
            self.log("\n".join([*lines, *pairs, "===================="]), self.level)
        return frame


class DetectEmptyStream(Step):
    """One row of nulls when no row has come; rows that do come are swallowed."""

    types = ("DetectEmptyStream",)

    def start(self) -> None:
        """Nothing has come yet."""
        self.seen = False

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Something has come."""
        self.seen = True

    def produce(self) -> Iterator[pl.DataFrame]:
        """The row of nulls."""
        if not self.seen:
            yield pl.DataFrame({f.name: [None] for f in self.output}, schema=self.output.schema)


class StepsMetrics(WholeStep):
    """One row per watched step with its counters, once they have finished."""

    types = ("StepsMetrics",)
    blocking = True
    joins = True

    COLUMNS = (
        ("stepnamefield", "Stepname", ValueType.STRING),
        ("stepidfield", "Stepid", ValueType.STRING),
        ("steplinesinputfield", "Linesinput", ValueType.INTEGER),
        ("steplinesoutputfield", "Linesoutput", ValueType.INTEGER),
        ("steplinesreadfield", "Linesread", ValueType.INTEGER),
        ("steplineswrittentfield", "Lineswritten", ValueType.INTEGER),
        ("steplinesupdatedfield", "Linesupdated", ValueType.INTEGER),
        ("steplineserrorsfield", "Lineserrors", ValueType.INTEGER),
        ("stepsecondsfield", "Seconds", ValueType.INTEGER),
    )

    def setup(self) -> None:
        """Reads the watched steps and the names of the fields."""
        self.watched = [(o.text("name"), o.flag("stepRequired")) for o in self.options.rows("steps/step")]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """One field per counter that has a name."""
        named = [(self.text(tag), kind) for tag, _, kind in self.COLUMNS]
        return Layout([Field(name, kind, origin=self.name) for name, kind in named if name])

    def start(self) -> None:
        """Checks that required steps are there."""
        known = self.run.transformation.steps
        for name, required in self.watched:
            if required and name not in known:
                raise StepError(self.name, f"the watched step {name!r} is not there", "correct its name")

    def waits_for(self) -> list[str]:
        """The watched steps."""
        return [name for name, _ in self.watched]

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """The rows themselves do not matter."""

    def produce(self) -> Iterator[pl.DataFrame]:
        """The counters."""
        rows = []
        for name, _ in self.watched:
            c = self.run.counters.get(name)
            if c is not None:
                values = (name, f"{name}.0", c.input, c.output, c.read, c.written, c.updated, c.errors, int(c.seconds))
                named = zip(self.COLUMNS, values, strict=True)
                rows.append({self.text(tag): value for (tag, _, _), value in named if self.text(tag)})
        yield pl.DataFrame(rows, schema=self.output.schema)
