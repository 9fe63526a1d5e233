"""Says which file and step an error belongs to, also when polars, a driver or the system raised it."""

from collections.abc import Iterator
from contextlib import contextmanager

from assets.kettle.engine.stop import StopRun
from assets.kettle.errors import KettleError, StepError, without_passwords
from core.errors import HeddleError

_OUR_FAULTS = (TypeError, AttributeError, NameError, LookupError, AssertionError, NotImplementedError)


@contextmanager
def blamed(step: str) -> Iterator[None]:
    """Runs the body for a step: errors that name no step, and those of libraries, become its StepError.

    The first error stays the cause. Errors of ours, StopRun and interrupts pass through.
    """
    try:
        yield
    except KettleError as error:
        if type(error) is not KettleError:
            raise
        raise StepError(step, error.what, error.fix) from error
    except (HeddleError, StopRun):
        raise
    except Exception as error:  # of whatever library a step uses: a failed step is told, and its cause kept
        raise StepError(step, *_told(error)) from error


@contextmanager
def in_file(file: str) -> Iterator[None]:
    """Puts the file before the message of a step's error that leaves the body."""
    try:
        yield
    except StepError as error:
        error.name_file(file)
        raise


def _told(error: Exception) -> tuple[str, str]:
    """What is wrong and what to do, for an error of a library."""
    if isinstance(error, OSError):
        where = without_passwords(f"{error.filename}: ") if error.filename else ""
        return f"{where}{error.strerror or error}", "check the path, its rights and the free space"
    if isinstance(error, MemoryError):
        return "there is not enough memory", "give it more, or lower the memory and batch settings"
    if isinstance(error, _OUR_FAULTS):
        return f"{type(error).__name__}: {error}", "this is a fault of the engine: report it with the file"
    text = str(error).strip()
    return text if type(error) is ValueError else f"{type(error).__name__}: {text}", "correct the options or the data"
