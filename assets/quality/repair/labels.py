"""The file in which people label rows: YAML, each row with its cells as they are, to be put right in place."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from assets.quality.repair.known import Labels
from core.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

HEAD = (
    "# Put wrong cells right (null: no value), take out columns you cannot judge, then: heddle clean suggest --labels\n"
)
MOST = 10_000_000  # characters of a file


def write(path: Path, frame: "pl.DataFrame", rows: Sequence[int], numbers: Sequence[int]) -> None:
    """Writes the rows of a frame to be labelled.

    Args:
        rows: of the frame; `numbers` are theirs in the table.

    Raises:
        SourceError: the file is there already (somebody may have labelled it).
    """
    import polars as pl

    texts = frame.select(pl.all().cast(pl.String, strict=False))
    content = {number: texts.row(row, named=True) for row, number in zip(rows, numbers, strict=True)}
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000))
    except FileExistsError:
        raise SourceError(f"{path} is there already", "name another file, or use its labels") from None


def read(path: Path, columns: Sequence[str], rows: int) -> Labels:
    """The labels: row of the table -> column -> right text, "" for no value.

    Args:
        columns, rows: of the table.

    Raises:
        SourceError: the file is no such file; names row and column.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content: Any = yaml.safe_load(text) if len(text) <= MOST else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise SourceError(f"{path}: {_said(error)}", "give a file of `heddle clean ask`") from None
    if not isinstance(content, dict):
        raise SourceError(f"{path} holds no rows", "give a file of `heddle clean ask`")
    labels = {}
    for row, cells in content.items():
        if not isinstance(row, int) or isinstance(row, bool) or row < 0 or not isinstance(cells, dict):
            raise SourceError(f"{path}: {str(row)[:50]!r} is no row", "rows are numbers from 0, each with its cells")
        if row >= rows:
            raise SourceError(f"{path}: there is no row {row:,}", f"the table has {rows:,}, counted from 0")
        unknown = [c for c in cells if c not in columns]
        if unknown:
            raise SourceError(
                f"{path}: row {row}: there is no column {unknown[0]!r}", f"there are {', '.join(columns)}"
            )
        labels[row] = {str(c): _text(v) for c, v in cells.items()}
    return labels


def _said(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error).partition("\n")[0]


def _text(value: Any) -> str:
    """A cell as text; people may leave the quotes out."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
