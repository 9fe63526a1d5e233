"""What pan, kitchen and hop-run share: the program is started, its log read, its exit status put into words."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from assets.kettle.engine.result import Result
from assets.kettle.external.log_lines import LogReader, total
from assets.kettle.external.process import run_program
from assets.kettle.external.request import ExternalError, Outcome, Request


def program(folder: str, name: str) -> Path:
    """The script in the folder. Raises ExternalError when it is not there."""
    found = Path(folder) / name
    if not found.is_file():
        raise ExternalError(f"HEDDLE_KETTLE: there is no {found}", "name the folder that holds it")
    return found


def run_logged(
    arguments: Sequence[str], request: Request, environment: Mapping[str, str], statuses: Mapping[int, str]
) -> Outcome:
    """Runs the program; not 0 is a failure, named by `statuses`.

    Raises:
        KettleError: it cannot be started, took too long, or was stopped.
    """
    reader = LogReader()

    def take(line: str) -> None:
        reader.take(line)
        request.on_line(line)

    status = run_program(
        arguments,
        take,
        folder=request.path.absolute().parent,
        environment=environment,
        timeout=request.timeout,
        stopped=request.stopped,
    )
    lines = total(reader.steps)
    errors = 0 if status == 0 else max(1, lines.errors)
    problems = list(reader.problems)
    if status:
        said = statuses.get(status, f"it was ended by signal {-status}" if status < 0 else "its meaning is not known")
        problems.append(f"{Path(arguments[0]).name} ended with {status}: {said}")
    result = Result(
        ok=status == 0, errors=errors, exit_status=status, lines=lines, steps=reader.steps, log_text=reader.text
    )
    return Outcome(result, problems)


Runner = Callable[[str, Request], Outcome]
