"""The shell entry: runs a script, when the settings allow programs."""

import tempfile
from pathlib import Path

from assets.kettle.engine.result import Result, ResultFile
from assets.kettle.errors import KettleError
from assets.kettle.external.process import quiet_environment, run_program
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import dated, result_rows
from assets.kettle.jobs.places import Place

REFUSED = "set HEDDLE_KETTLE_SHELL to allow programs, or remove the entry"


class Shell(JobEntry):
    """Runs a script file or the script in the entry, once or once per row; an exit status but 0 is an error.

    The script gets the job's variables in its environment, not Heddle's settings. As in Kettle it runs from a copy.
    """

    types = ("SHELL",)

    def execute(self, result: Result, nr: int) -> Result:
        """Runs it; stops at the first failure."""
        if not self.run.settings.allow_shell:
            raise KettleError(f"entry {self.name!r} runs a program, which is not allowed here", REFUSED)
        script = self._script()
        self.lines: list[str] = []
        result = self.done(result)
        with tempfile.TemporaryDirectory(prefix="heddle-shell-") as folder:
            path = Path(folder) / "script.sh"
            path.write_text(script, encoding="utf-8")
            path.chmod(0o700)
            for arguments in self._calls(result):
                result.exit_status = self._call([str(path), *arguments])
                if result.exit_status:
                    self.log(f"the script ended with {result.exit_status}", "ERROR")
                    result = self.done(result, False, 1)
                    break
        self._keep_log(result)
        return result

    def _script(self) -> str:
        if self.options.flag("insertScript"):
            text = self.text("script")
        else:
            with Place(self.text("filename")).open() as stream:
                text = stream.read().decode("utf-8", "replace")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _calls(self, result: Result) -> list[list[str]]:
        """The arguments of each call."""
        rows = result_rows(result)
        from_rows = self.options.flag("arg_from_previous")
        own = [self.resolve(str(o.element.text or "")) for t, o in self.options.children() if _is_argument(t)]
        if self.options.flag("exec_per_row"):
            return rows if from_rows else [own for _ in rows]
        if from_rows:
            return [[value for row in rows for value in row]]
        return [own]

    def _call(self, arguments: list[str]) -> int:
        folder = self.text("work_directory").rstrip()
        where = Place(folder).local if folder else self.run.folder
        if where is not None and not where.is_dir():
            raise KettleError(f"entry {self.name!r}: there is no folder {where}", "correct the working directory")
        return run_program(
            arguments,
            self._line,
            folder=where,
            environment=quiet_environment(self.run.variables.as_dict()),
            stopped=lambda: self.run.stopped,
        )

    def _line(self, line: str) -> None:
        self.lines.append(line)
        self.log(line)

    def _keep_log(self, result: Result) -> None:
        if not self.options.flag("set_logfile"):
            return
        name = dated(self.text("logfile"), self.options)
        end = self.text("logext")
        place = Place(f"{name}.{end}" if end else name)
        with place.writing(append=self.options.flag("set_append_logfile")) as stream:
            stream.write("".join(f"{line}\n" for line in self.lines).encode())
        result.files.append(ResultFile(place.text, "LOG", self.name, origin_parent=self.run.job.name))


def _is_argument(tag: str) -> bool:
    return tag.startswith("argument") and tag.removeprefix("argument").isdigit()
