"""Single threader: runs another transformation on the rows, whose results come back."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.result import Rows
from assets.kettle.engine.run import Run
from assets.kettle.engine.runtime import Engine
from assets.kettle.engine.start import inner_run
from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.files.load import locate
from assets.kettle.files.read import read_transformation
from assets.kettle.model import Transformation
from assets.kettle.steps.meta_child import Emitted, feed_at, output_of
from assets.kettle.values.fields import Layout


class SingleThreader(Step):
    """All rows go through in one run.

    Kettle hands them over in batches, at whose ends sorts and groups flush: a transformation with such steps must get
    its rows in one batch here.
    """

    types = ("SingleThreader",)
    blocking = True

    def setup(self) -> None:
        """Reads steps, parameters and the transformation."""
        self.feed = self.text("inject_step")
        self.reads_from = self.text("retrieve_step")
        self.batch = self.integer("batch_size")
        self.inherit = self.options.flag("parameters/pass_all_parameters", default=True)
        pairs = self.options.rows("parameters/parameter")
        self.parameters = {o.text("name"): self.resolve(o.text("value")) for o in pairs if o.text("name")}
        try:
            self.child = read_transformation(locate(self.options, self.run.variables, self.run.transformation.path))
        except KettleError as error:
            raise StepError(self.name, error.what, error.fix) from error

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout of the step that is read from; none without one."""
        layout = self.main(inputs)
        self.entry = self._entry(self.child)
        engine = Engine(self._run(Rows(layout, layout.empty())))
        engine.plan()
        self.flushes = [name for name, node in engine.nodes.items() if node.step.blocking]
        return output_of(self.name, engine, self.reads_from) if self.reads_from else Layout()

    def _entry(self, model: Transformation) -> str:
        return feed_at(self.name, model, self.feed)

    def _run(self, rows: Rows) -> Run:
        feeds = {self.entry: rows}
        return inner_run(self.run, self.child, parameters=self.parameters, inherit=self.inherit, feeds=feeds)

    def start(self) -> None:
        """Opens the buffer."""
        self.held = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held.append(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows that come back."""
        frame = self.held.collect()
        self.held.clear()
        if self.flushes and 0 < self.batch < frame.height:
            raise StepError(
                self.name,
                f"{frame.height} rows come in batches of {self.batch}, and {self.flushes[0]!r} needs all its rows",
                "raise the batch size, or use a Mapping step",
            )
        run = self._run(Rows(self.main(self.inputs), frame))
        engine = Engine(run)
        engine.plan()
        buffer = self.buffer(self.output)
        if self.reads_from:
            run.observer = Emitted(self.reads_from, buffer)
        engine.execute()
        if run.result.errors:
            raise StepError(self.name, f"{self.child.name} ended with {run.result.errors} errors")
        yield from buffer.batches(self.run.settings.batch_rows)

    def derive(self) -> dict[str, Derivation]:
        """What comes back was made in the other transformation, or came in."""
        known = self.main(self.inputs)
        sources = tuple(Ref(f.name, next(iter(self.inputs), "")) for f in known)
        return {f.name: Derivation(sources, f"made in {self.child.name}") for f in self.output if f.name not in known}
