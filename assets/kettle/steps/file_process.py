"""Steps that start programs, only where the settings allow it."""

import subprocess
from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import RowStep
from assets.kettle.errors import StepError
from assets.kettle.formats.columns import integer_field
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout


def java_tokens(command: str) -> list[str]:
    """A command as Java's Runtime.exec splits it: at white space, quotes mean nothing."""
    return command.split()


class ExecProcess(RowStep):
    """Starts the program of each row, without a shell, and adds its output, its errors and its exit value."""

    types = ("ExecProcess",)

    def setup(self) -> None:
        """Refuses where programs may not be started."""
        if not self.run.settings.allow_shell:
            raise StepError(self.name, "it starts programs, which is not allowed", "allow it in the engine's settings")
        self.delimiter = self.options.text("outputlinedelimiter").replace("\\n", "\n").replace("\\r", "\r")
        self.failing = self.options.flag("failwhennotsuccess")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Up to three fields more."""
        layout = self.main(inputs)
        self.process = self.field(layout, self.options.text("processfield"), "the process field")
        names = self.options.texts("argumentFields/argumentField/argumentFieldName")
        in_fields = self.options.flag("argumentsInFields")
        self.arguments = [self.field(layout, n) for n in names if n] if in_fields else []
        self.wanted = [self.text(t) for t in ("resultfieldname", "errorfieldname", "exitvaluefieldname")]
        added = []
        for position, name in enumerate(self.wanted):
            if name:
                added.append(
                    integer_field(name, self.name) if position == 2 else Field(name, length=100, origin=self.name)
                )
        return layout.plus(*added)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Row by row; failures go to the error hop when a failing program counts as an error."""
        commands = to_text(frame[self.process.name], self.process)
        arguments = [to_text(frame[a.name], a).to_list() for a in self.arguments]
        rows: list[tuple[Any, Any, Any]] = []
        failed: dict[int, str] = {}
        for position, command in enumerate(commands):
            if not command:
                raise StepError(self.name, "the process field is empty", "fill it in every row")
            own = [values[position] or "" for values in arguments]
            tokens = [command, *own] if self.options.flag("argumentsInFields") else java_tokens(command)
            try:
                done = subprocess.run(tokens, capture_output=True, check=False)  # noqa: S603  # allowed by the settings
                rows.append((self._lines(done.stdout), self._lines(done.stderr), done.returncode))
                if self.failing and done.returncode:
                    failed[position] = f"{tokens[0]} ended with {done.returncode}"
            except OSError as error:
                rows.append((None, None, None))
                failed[position] = f"{tokens[0]} cannot be started: {error.strerror or error}"
        names = iter(self.output.names[frame.width :])
        columns = []
        for position, name in enumerate(self.wanted):
            if name:
                made = next(names)
                columns.append(pl.Series(made, [row[position] for row in rows], dtype=self.output[made].dtype))
        result = frame.with_columns(columns)
        return result.filter(self.split(frame, failed, self.process.name, "ExecProcess001")) if failed else result

    def _lines(self, data: bytes) -> str:
        return self.delimiter.join(data.decode("utf-8", "replace").splitlines())
