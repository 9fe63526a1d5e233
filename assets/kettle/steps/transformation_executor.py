"""Transformation executor: runs a transformation once per group of rows."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from assets.kettle.engine.result import Result, Rows
from assets.kettle.engine.run import Run
from assets.kettle.engine.runtime import Engine, execute
from assets.kettle.engine.start import TOO_DEEP, inner_run
from assets.kettle.engine.step import Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.files.load import locate
from assets.kettle.files.read import read_transformation
from assets.kettle.steps.generate import declared
from assets.kettle.values.compare import key_columns
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType


def _line(name: str) -> Callable[[Result], Any]:
    return lambda result: getattr(result.lines, name)


# tag of the field's name -> type and value
STATISTICS: dict[str, tuple[ValueType, Callable[[Result], Any]]] = {
    "execution_result_field": (ValueType.BOOLEAN, lambda r: r.ok),
    "execution_errors_field": (ValueType.INTEGER, lambda r: r.errors),
    "execution_lines_read_field": (ValueType.INTEGER, _line("read")),
    "execution_lines_written_field": (ValueType.INTEGER, _line("written")),
    "execution_lines_input_field": (ValueType.INTEGER, _line("input")),
    "execution_lines_output_field": (ValueType.INTEGER, _line("output")),
    "execution_lines_rejected_field": (ValueType.INTEGER, _line("rejected")),
    "execution_lines_updated_field": (ValueType.INTEGER, _line("updated")),
    "execution_lines_deleted_field": (ValueType.INTEGER, lambda r: 0),
    "execution_files_retrieved_field": (ValueType.INTEGER, lambda r: 0),
    "execution_exit_status_field": (ValueType.INTEGER, lambda r: r.exit_status),
    "execution_log_text_field": (ValueType.STRING, lambda r: r.log_text),
    "execution_log_channelid_field": (ValueType.STRING, lambda r: ""),
}


class Executor(Step):
    """What Transformation executor and Job executor share: groups of rows in, four kinds of rows out.

    A group is `group_size` rows, the rows with one value of `group_field`, or all rows (group_size 0). By time it is
    all rows, since here no row waits for another.
    """

    RESULT_TARGET = "execution_result_target_step"
    ROWS_TARGET = "result_rows_target_step"
    FILES_TARGET = "result_files_target_step"
    COPY_TARGET = "executors_output_step"

    def setup(self) -> None:
        """Reads grouping, parameters and targets."""
        self.group_size = self.integer("group_size", default=0)
        self.group_field = self.text("group_field")
        self.inherit = self.options.flag("parameters/inherit_all_vars", default=True)
        rows = self.options.rows("parameters/variablemapping")
        self.parameters = [(o.text("variable"), o.text("field"), o.text("input")) for o in rows]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Nothing goes to unnamed targets but the input rows."""
        return self.main(inputs)

    def fields_to(self, target: str) -> Layout:
        """Per kind of target: statistics, result rows, result files, or the input rows."""
        if target == self.options.text(self.RESULT_TARGET):
            return self._statistics_layout()
        if target == self.options.text(self.ROWS_TARGET):
            made = self.made()
            fields = [declared(o, self.name) for o in self.options.rows("result_rows_field")]
            return Layout([_as_made(f, made.get(f.name.lower())) for f in fields])
        if target == self.options.text(self.FILES_TARGET):
            name = self.options.text("result_files_file_name_field", default="FileName")
            return Layout([Field(name, ValueType.STRING, origin=self.name)])
        return self.output

    def made(self) -> dict[str, Field]:
        """Name in lower case -> the field of the called file's result rows, as far as known before it runs."""
        return {}

    def _statistics_layout(self) -> Layout:
        items = []
        if self.options.text("execution_time_field"):
            items.append(Field(self.text("execution_time_field"), ValueType.INTEGER, 15, 0, origin=self.name))
        for tag, (kind, _) in STATISTICS.items():
            if self.options.text(tag):
                length = 9 if kind is ValueType.INTEGER else -1
                items.append(Field(self.text(tag), kind, length, origin=self.name))
        return Layout(items)

    def named_targets(self) -> list[str]:
        """All that are named."""
        tags = (self.RESULT_TARGET, self.ROWS_TARGET, self.FILES_TARGET, self.COPY_TARGET)
        return [t for t in (self.options.text(tag) for tag in tags) if t in self.targets]

    def start(self) -> None:
        """Opens the buffer of the present group."""
        self.held = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps rows, copies them on."""
        if self.options.text(self.COPY_TARGET) in self.targets:
            self.emit(frame, self.options.text(self.COPY_TARGET))
        self.held.append(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """Runs once per group, in order."""
        frame = self.held.collect()
        self.held.clear()
        for group in self._groups(frame):
            self._run_group(group)
        return iter(())

    def _groups(self, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        if not frame.height:
            return
        layout = self.main(self.inputs)
        if self.group_field:
            item = self.field(layout, self.group_field, "the group field")
            key = key_columns(frame, [item], True)[0]
            starts = [0, *(i for i in range(1, frame.height) if key[i] != key[i - 1])]
            for begin, end in zip(starts, [*starts[1:], frame.height], strict=True):
                yield frame[begin:end]
        else:
            yield from frame.iter_slices(self.group_size or frame.height)

    def values(self, group: pl.DataFrame) -> dict[str, str]:
        """The parameters for a group: fields of its first row, or texts."""
        layout = self.main(self.inputs)
        found: dict[str, str] = {}
        for variable, name, text in self.parameters:
            if name:
                item = self.field(layout, name, "the parameter field")
                found[variable] = to_text(group[item.name].head(1), item)[0] or ""
            else:
                found[variable] = self.resolve(text)
        return found

    def run_once(self, group: pl.DataFrame) -> Result:
        """Runs the file for a group. Failures are part of the result."""
        raise NotImplementedError

    def _run_group(self, group: pl.DataFrame) -> None:
        since = time.perf_counter()
        result = self.run_once(group)
        took = round((time.perf_counter() - since) * 1000)
        target = self.options.text(self.RESULT_TARGET)
        if target in self.targets:
            layout = self._statistics_layout()
            timed = [took] if self.options.text("execution_time_field") else []
            row = timed + [value(result) for tag, (_, value) in STATISTICS.items() if self.options.text(tag)]
            self.emit(pl.DataFrame([row], schema=layout.schema, orient="row"), target)
        elif not result.ok:
            raise StepError(self.name, f"what it runs ended with {result.errors} errors: {_why(result.log_text)}")
        self._send_rows(result)
        files = self.options.text(self.FILES_TARGET)
        if files in self.targets and result.files:
            layout = self.fields_to(files)
            names = [f.path if ":/" in f.path else f"file://{f.path}" for f in result.files]
            self.emit(pl.DataFrame({layout.names[0]: names}, schema=layout.schema), files)

    def _send_rows(self, result: Result) -> None:
        target = self.options.text(self.ROWS_TARGET)
        frame = result.rows.frame
        if target not in self.targets or not frame.height:
            return
        layout = self.fields_to(target)
        if [f.dtype for f in layout] != frame.dtypes:
            raise StepError(
                self.name,
                f"the result rows are {result.rows.layout!r}, declared is {layout!r}",
                "declare the result fields in the order and with the types in which they come",
            )
        self.emit(frame.rename(dict(zip(frame.columns, layout.names, strict=True))), target)


def _as_made(field: Field, made: Field | None) -> Field:
    """A result row's field: the rows carry mask and origin that they were made with."""
    if made is None:
        return field
    return field.but(origin=made.origin, mask=made.mask if made.type is field.type else field.mask)


def _callers(run: Run | None) -> Iterator[Path]:
    """The files that are running around a step, its own first."""
    while run is not None:
        if run.transformation.path is not None:
            yield run.transformation.path.resolve()
        run = run.parent


def _why(log: str) -> str:
    """What a log says last; of files that call each other too deep, the chain of calls."""
    return next((line for line in log.splitlines() if TOO_DEEP in line), log)[-500:]


class TransformationExecutor(Executor):
    """The group's rows are what "Get rows from result" of the transformation reads."""

    types = ("TransExecutor", "PipelineExecutor")

    def made(self) -> dict[str, Field]:
        """By planning the transformation; none when it cannot be planned yet."""
        try:
            path = locate(self.options, self.run.variables, self.run.transformation.path)
            if path in _callers(self.run):
                return {}  # planning itself would never end
            rows = Rows(self.main(self.inputs), self.main(self.inputs).empty())
            engine = Engine(inner_run(self.run, read_transformation(path), previous=Result(rows=rows)))
            engine.plan()
        except KettleError:
            return {}
        results = [n.step for n in engine.nodes.values() if n.step.node.type == "RowsToResult"]
        return {f.name.lower(): f for step in results for f in step.output}

    def run_once(self, group: pl.DataFrame) -> Result:
        """Runs the transformation."""
        try:
            path = locate(self.options, self.run.variables, self.run.transformation.path)
            child = read_transformation(path)
            previous = Result(rows=Rows(self.main(self.inputs), group))
            run = inner_run(self.run, child, parameters=self.values(group), inherit=self.inherit, previous=previous)
            return execute(run)
        except KettleError as error:
            self.log(str(error), "ERROR")
            return Result(ok=False, errors=1, log_text=str(error))
