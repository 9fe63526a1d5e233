"""Rows and files handed between the entries of a job: Copy rows to result, Get rows from result, Injector."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import polars as pl

from assets.kettle.engine.result import Rows
from assets.kettle.engine.step import Step
from assets.kettle.errors import StepError
from assets.kettle.steps.generate import declared
from assets.kettle.values.fields import Layout


class RowsToResult(Step):
    """Appends its rows to the result that the job sees; they go on too."""

    types = ("RowsToResult",)
    copies_as_one = True

    def start(self) -> None:
        """Opens the buffer."""
        self.held = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps and hands on."""
        self.held.append(frame)
        self.emit(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """Puts the rows into the result."""
        frame = self.held.collect()
        before = self.run.result.rows.frame
        if before.height and before.schema == frame.schema:
            frame = pl.concat([before, frame])
        self.run.result.rows = Rows(self.main(self.inputs), frame)
        return iter(())


class RowsFromResult(Step):
    """The rows that the job hands in. Their own layout counts once there are rows; the declared one before that."""

    types: ClassVar[tuple[str, ...]] = ("RowsFromResult", "GetRowsFromResult")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout of the rows handed in, else the declared one."""
        given = self.given()
        if given is not None and len(given.layout):
            return given.layout
        return Layout([declared(o, self.name) for o in self.options.rows("fields/field") if o.text("name")])

    def given(self) -> Rows | None:
        """What the caller handed in."""
        return self.run.previous.rows

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows."""
        given = self.given()
        if given is not None and given.frame.height:
            yield given.frame


class Injector(RowsFromResult):
    """Rows handed in from outside under this step's name (a caller of the engine, a streaming parent)."""

    types = ("Injector", "RecordsFromStream", "MappingInput")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The fed layout (for a mapping: declared fields first); without a feed the declared fields."""
        given = self.given()
        options = [o for o in self.options.rows("fields/field") if o.text("name")]
        wanted = [declared(o, self.name) for o in options]
        if given is None:
            return Layout(wanted)
        if self.node.type != "MappingInput" or not wanted:
            return given.layout
        missing = [f.name for f in wanted if f.name not in given.layout]
        if missing:
            raise StepError(self.name, f"the mapping is not given the fields {missing}", "map or add them")
        chosen = [given.layout[f.name] for f in wanted]
        if self.options.flag("fields/select_unspecified", "select_unspecified"):
            names = {f.name for f in chosen}
            chosen += sorted((f for f in given.layout if f.name not in names), key=lambda f: f.name)
        else:
            names = {f.name for f in chosen}
            chosen += [f for f in given.layout if f.name not in names]
        return Layout(chosen)

    def given(self) -> Rows | None:
        """The rows fed under this step's name."""
        found = self.run.feeds.get(self.name)
        assert found is None or isinstance(found, Rows)
        return found

    def produce(self) -> Iterator[pl.DataFrame]:
        """The fed rows in the declared order of fields."""
        given = self.given()
        if given is not None and given.frame.height:
            self.count(read=given.frame.height)
            yield given.frame.select(self.output.names)
