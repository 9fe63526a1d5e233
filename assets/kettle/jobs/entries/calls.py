"""Entries that run a transformation or another job."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from assets.kettle.engine.result import Result, Rows
from assets.kettle.engine.start import run_transformation
from assets.kettle.files.load import locate
from assets.kettle.files.read import read_job, read_transformation
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.run import copied
from assets.kettle.jobs.start import run_inner_job
from assets.kettle.values.convert import to_text


class Call(JobEntry):
    """What TRANS and JOB share: parameters, arguments, result rows, once per input row."""

    KIND = ""

    def execute(self, result: Result, nr: int) -> Result:
        """Runs once, or once per row of the result handed in; stops at the first failure."""
        path = locate(self.options, self.run.variables, self.run.job.path, self.KIND)
        rows = result.rows
        if self.options.flag("clear_rows"):
            result.rows = Rows.none()
        if self.options.flag("clear_files"):
            result.files = []
        per_row = self.options.flag("exec_per_row")
        given = self._per_row(rows) if per_row else iter([(result.rows, rows.frame.head(1))])
        result = self.done(result)
        result.nr = nr  # only calls number their results
        for passed, row in given:
            result.rows = passed
            values = Rows(rows.layout, row)
            result = self.call(path, copied(result), self._parameters(values), self._arguments(values))
            if not result.ok or result.errors or self.run.stopped:
                break
        return result

    def _per_row(self, rows: Rows) -> Iterator[tuple[Rows, pl.DataFrame]]:
        """Each row alone; with "copy previous results to arguments" it is not handed on as a row."""
        for row in rows.frame.iter_slices(1):
            as_rows = Rows.none() if self.options.flag("arg_from_previous") else Rows(rows.layout, row)
            yield as_rows, row

    def _parameters(self, row: Rows) -> dict[str, str]:
        """Parameter -> value: the named field of the row, else the text."""
        found: dict[str, str] = {}
        for option in self.options.rows("parameters/parameter"):
            name, field = option.text("name"), option.text("stream_name").strip()
            if not name:
                continue
            if field:
                item = row.layout.get(field)
                value = to_text(row.frame[item.name], item)[0] if item is not None and row.frame.height else None
                found[name] = value or ""
            else:
                found[name] = self.resolve(option.text("value"))
        return found

    def _arguments(self, row: Rows) -> list[str]:
        if self.options.flag("arg_from_previous") and row.frame.height:
            return [to_text(row.frame[f.name], f)[0] or "" for f in row.layout]
        own = [o for tag, o in self.options.children() if tag.startswith("argument")]
        texts = [self.resolve(str(o.element.text or "")) for o in own]
        return texts or self.run.arguments

    @property
    def inherit(self) -> bool:
        """Whether all variables of the job are passed on."""
        return self.options.flag("parameters/pass_all_parameters", default=True)

    def call(self, path: Path, result: Result, parameters: Mapping[str, str], arguments: list[str]) -> Result:
        """Runs the file once."""
        raise NotImplementedError


class TransformationEntry(Call):
    """Runs a transformation; its result rows, files and counters are this entry's."""

    types = ("TRANS", "PIPELINE")
    KIND = "transformation"

    def call(self, path: Path, result: Result, parameters: Mapping[str, str], arguments: list[str]) -> Result:
        """Runs it. Raises KettleError, which the walk counts as one error."""
        outcome = run_transformation(
            read_transformation(path),
            settings=self.run.settings,
            variables=self.run.variables,
            parameters=parameters,
            arguments=arguments,
            previous=result,
            observer=None if self.run.observe is None else self.run.observe(self.name),
        )
        outcome.files = result.files + outcome.files
        if not len(outcome.rows.layout):
            outcome.rows = result.rows
        outcome.nr = result.nr
        self.run.log_lines += outcome.log_text.splitlines()
        return outcome


class JobCall(Call):
    """Runs a job within this one."""

    types = ("JOB", "WORKFLOW")
    KIND = "job"

    def call(self, path: Path, result: Result, parameters: Mapping[str, str], arguments: list[str]) -> Result:
        """Runs it."""
        return run_inner_job(
            self.run,
            read_job(path),
            parameters=parameters,
            inherit=self.inherit,
            arguments=arguments,
            previous=result,
        )
