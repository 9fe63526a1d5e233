"""What commands that write files share: they say in words why a file could not be written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import HeddleError


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Turns failures of the file system into errors that name the file.

    Raises:
        HeddleError: the disk is full, the folder read-only or not there.
    """
    import polars as pl

    try:
        yield
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from None
    except pl.exceptions.PolarsError as error:
        if "os error" not in str(error):
            raise
        raise _refused(path, str(error).strip().splitlines()[0].rpartition("error: ")[2]) from None


def _refused(path: Path, why: str) -> HeddleError:
    return HeddleError(f"{path} cannot be written: {why}", "free space, or name a folder that can be written to")


def distinct(*paths: Path) -> None:
    """Raises HeddleError where two of the files are one, by whatever name."""
    found: dict[Path, Path] = {}
    for path in paths:
        other = found.setdefault(path.resolve(), path)
        if other is not path:
            raise HeddleError(f"{path} and {other} are one file", "name different files")
