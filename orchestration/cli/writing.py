"""What commands that write files share: they say in words why a file could not be written."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.atomic import replacing
from core.errors import HeddleError, SourceError


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


def tabular(path: Path, option: str = "--into") -> None:
    """Raises SourceError where the name does not end as a table's that can be written."""
    from assets.quality.rules.reading import ENDINGS, is_file

    if not is_file(path.name):
        raise SourceError(f"{option} {path} is no table", f"name a file that ends in {', '.join(ENDINGS)}")


def spared(output: Path, inputs: Iterable[str | Path], option: str = "--into") -> None:
    """Raises SourceError where a file that is read would be written over, by whatever name it is called."""
    found = next((i for i in inputs if Path(i).resolve() == output.resolve()), None)
    if found is not None:
        raise SourceError(f"{found} would be overwritten by what is made of it", f"name another file with {option}")


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Gives the name of a file beside `path` that takes its place in the end; failing, the former file stays.

    Raises:
        HeddleError: as `written`.
    """
    with written(path), replacing(path) as beside:
        yield beside
