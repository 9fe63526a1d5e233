"""The base of all job entries."""

from typing import ClassVar

from assets.kettle.engine.result import Result, ResultFile
from assets.kettle.errors import KettleError
from assets.kettle.jobs.run import JobRun
from assets.kettle.model import Entry


class JobEntry:
    """An entry with its options. Subclasses set `types` and override `execute`.

    Class attributes:
        types: the type ids of Kettle and of Hop.
        evaluates: hops on success and failure may leave it (START and DUMMY only have unconditional ones).
        resets_errors: the number of errors is set to 0 before it runs.
    """

    types: ClassVar[tuple[str, ...]] = ()
    evaluates: ClassVar[bool] = True
    resets_errors: ClassVar[bool] = True

    def __init__(self, entry: Entry, run: JobRun) -> None:
        self.entry = entry
        self.name = entry.name
        self.options = entry.options
        self.run = run

    def execute(self, result: Result, nr: int) -> Result:
        """Does the work and says how it went, in the result handed in (which is this entry's own).

        Args:
            nr: how many entries ran before on this path.

        Raises:
            KettleError: it cannot run at all; counts as a failure with one error.
        """
        raise NotImplementedError

    # -- for subclasses

    def text(self, *tags: str, default: str = "") -> str:
        """An option with its variables resolved."""
        return self.run.variables.resolve(self.options.text(*tags, default=default))

    def resolve(self, text: str) -> str:
        """A text with its variables resolved."""
        return self.run.variables.resolve(text)

    def integer(self, *tags: str, default: int = 0) -> int:
        """A whole number option. Raises KettleError naming the option when it is none."""
        text = self.text(*tags).strip()
        try:
            return int(float(text)) if text else default
        except ValueError:
            raise KettleError(f"entry {self.name!r}: {tags[0]} is {text!r}, not a whole number", "correct it") from None

    def log(self, text: str, level: str = "BASIC") -> None:
        """A line in the job's log."""
        self.run.log(self.name, text, level)

    def done(self, result: Result, ok: bool = True, errors: int = 0) -> Result:
        """The result with the outcome set."""
        result.ok = ok
        result.errors = errors
        return result

    def add_file(self, result: Result, path: str, kind: str = "GENERAL") -> None:
        """Names a file as a result of this entry."""
        result.files.append(ResultFile(path, kind, self.name, origin_parent=self.run.job.name))
