"""Job executor: runs a job once per group of rows."""

from dataclasses import replace

import polars as pl

from assets.kettle.engine.result import Result, Rows
from assets.kettle.engine.start import TOO_DEEP
from assets.kettle.errors import KettleError
from assets.kettle.files.load import locate
from assets.kettle.files.read import read_job
from assets.kettle.files.variables import Variables
from assets.kettle.jobs.start import run_job
from assets.kettle.steps.transformation_executor import Executor


class JobExecutor(Executor):
    """The group's rows are the result rows that the job starts with.

    What the job writes is committed by its own entries; it does not wait for the calling transformation.
    """

    types = ("JobExecutor", "WorkflowExecutor")

    def run_once(self, group: pl.DataFrame) -> Result:
        """Runs the job; a failure to start it is a result with one error."""
        try:
            depth = self.run.settings.max_depth - 1
            path = locate(self.options, self.run.variables, self.run.transformation.path, "job")
            if depth < 1:
                caller = self.run.transformation.path or self.run.transformation.name
                raise KettleError(f"{caller} [{self.name}] -> {path.name}: {TOO_DEEP}", "break the recursion")
            job = read_job(path)
            result, _ = run_job(
                job,
                settings=replace(self.run.settings, max_depth=depth),
                variables=self.run.variables if self.inherit else Variables(),
                parameters=self.values(group),
                arguments=self.run.arguments,
                previous=Result(rows=Rows(self.main(self.inputs), group)),
            )
        except KettleError as error:
            self.log(str(error), "ERROR")
            return Result(ok=False, errors=1, log_text=str(error))
        return result
