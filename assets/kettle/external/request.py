"""What a real engine is asked to run, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError

JOBS = (".kjb", ".hwf")


class ExternalError(KettleError):
    """A real engine cannot be reached or started, refuses, or has lost a run."""


def _deaf(line: str) -> None:
    """Hears no line."""


@dataclass(frozen=True, slots=True)
class Request:
    """One run of a file on a real engine.

    Attributes:
        parameters: named parameters.
        variables: other variables, which the file may use.
        password: of the engine's login; never shown.
        level: Kettle's log level (Nothing, Error, Minimal, Basic, Detailed, Debug, Rowlevel).
        timeout: seconds the run may take; None is no limit.
        stopped: asked now and then; true ends the run there.
        on_line: told each line of the log as it comes.
    """

    path: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    password: str = field(default="", repr=False)
    level: str = "Basic"
    timeout: float | None = None
    stopped: Callable[[], bool] = lambda: False
    on_line: Callable[[str], None] = _deaf

    @property
    def is_job(self) -> bool:
        """Whether the file is a job or workflow."""
        return self.path.suffix.lower() in JOBS


@dataclass(slots=True)
class Outcome:
    """The result of a run that has ended, and in words what went wrong in it."""

    result: Result
    problems: list[str] = field(default_factory=list)

    def checked(self, path: Path) -> Result:
        """The result. Raises ExternalError with the problems when the run failed."""
        if self.result.ok:
            return self.result
        raise ExternalError(f"{path.name} failed: {'; '.join(self.problems) or 'no reason is told'}", "see its log")
