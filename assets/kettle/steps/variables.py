"""Get variables, Set variables."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.run import Run
from assets.kettle.engine.step import Derivation, Step
from assets.kettle.errors import StepError
from assets.kettle.files.variables import Variables
from assets.kettle.model import Options
from assets.kettle.steps.generate import declared
from assets.kettle.values.convert import parse_text, to_text
from assets.kettle.values.fields import Field, Layout


class GetVariable(Step):
    """Adds variables as fields; without an input it makes one row."""

    types = ("GetVariable",)
    copies_as_one = True

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and one per variable."""
        base = self.main(inputs)
        options = [o for o in self.options.rows("fields/field") if o.text("name")]
        longest = max((len(self.resolve(o.text("variable"))) for o in options), default=-1)
        layout = base.plus(*(self._declared(o, longest) for o in options))
        self.added = list(zip(layout.fields[len(base) :], [o.text("variable") for o in options], strict=True))
        return layout

    def _declared(self, option: Options, longest: int) -> Field:
        """A field without a length gets that of the longest value."""
        item = declared(option, self.name).but(trim=option.text("trim_type", default="none"))
        return item if item.length >= 0 else item.but(length=longest)

    def start(self) -> None:
        """Resolves and converts the variables once."""
        self.values = []
        for item, text in self.added:
            converted = parse_text(pl.Series([self.resolve(text)], dtype=pl.String), item)
            if converted.reasons:
                raise StepError(self.name, f"variable {text} for field {item.name!r}: {converted.reasons[0]}")
            self.values.append(pl.lit(converted.values[0], item.dtype).alias(item.name))

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """The rows with the variables."""
        self.emit(frame.with_columns(self.values))

    def produce(self) -> Iterator[pl.DataFrame]:
        """One row where there is no input."""
        if not self.inputs:
            self.count(read=1)
            yield pl.select(self.values) if self.values else pl.DataFrame(height=1)

    def derive(self) -> dict[str, Derivation]:
        """Variables have no source field."""
        return {item.name: Derivation((), f"variable {text}") for item, text in self.added}


class SetVariable(Step):
    """Sets variables of the caller from the fields of its one row; visible only to what runs afterwards."""

    types = ("SetVariable",)

    def setup(self) -> None:
        """Reads fields, variables, scopes and defaults."""
        self.formatted = self.options.flag("use_formatting", default=True)
        self.wanted = [
            (
                o.text("field_name"),
                self.resolve(o.text("variable_name") or o.text("field_name").upper()),
                o.text("variable_type", default="ROOT_JOB"),
                o.text("default_value"),
            )
            for o in self.options.rows("fields/field")
        ]
        self.seen = 0

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Takes the one row."""
        self.seen += frame.height
        if self.seen > 1:
            raise StepError(self.name, "more than one row came to set variables from", "reduce the stream to one row")
        layout = self.inputs[source]
        for name, variable, scope, default in self.wanted:
            item = self.field(layout, name)
            shown = item if self.formatted else item.but(mask=None)
            value = to_text(frame[item.name], shown)[0]
            self._set(variable, self.resolve(default) if value is None else value, scope)
        self.emit(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """Without a row the defaults are set."""
        if not self.seen:
            for _, variable, scope, default in self.wanted:
                if default:
                    self._set(variable, self.resolve(default), scope)
        return iter(())

    def _set(self, variable: str, value: str, scope: str) -> None:
        """Sets it in the run and outwards as far as the scope says."""
        levels = {"PARENT_JOB": 1, "PARENT_WORKFLOW": 1, "GP_JOB": 2, "GRAND_PARENT_WORKFLOW": 2}.get(scope, 0)
        for space in outer_scopes(self.run, levels):
            space.set(variable, value)
        self.log(f"Set variable {variable}")


def outer_scopes(run: Run, levels: int) -> list[Variables]:
    """The caller's variable layers, innermost first; all of them when `levels` is 0."""
    found: list[Variables] = []
    space = run.variables.parent
    while space is not None and (not levels or len(found) < levels):
        found.append(space)
        space = space.parent
    return found
