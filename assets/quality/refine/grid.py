"""A table as OpenRefine sees it: columns of cells that each hold a text, number, truth value, date or nothing."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

Cell = Any  # str | int | float | bool | datetime | None, and within expressions lists and `grel.values.Failure`


@dataclass(slots=True)
class Grid:
    """Columns by name, in order; all lists are of the same length."""

    columns: dict[str, list[Cell]]

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self.columns)

    @property
    def height(self) -> int:
        """Rows."""
        return len(next(iter(self.columns.values()), []))

    def column(self, name: str) -> list[Cell]:
        """The cells of a column. Raises SourceError where there is none."""
        if name not in self.columns:
            raise SourceError(f"there is no column {name!r}", f"there are: {', '.join(self.names[:30])}")
        return self.columns[name]

    def fresh(self, name: str, but: str = "") -> None:
        """Raises SourceError where a column (other than `but`) has the name already."""
        if name in self.columns and name != but:
            raise SourceError(f"there is a column {name!r} already", "give the new one another name")

    def inserted(self, at: int, new: dict[str, list[Cell]]) -> None:
        """Puts columns at a place."""
        items = list(self.columns.items())
        at = max(0, min(at, len(items)))
        self.columns = dict([*items[:at], *new.items(), *items[at:]])

    def taken(self, rows: Sequence[int]) -> None:
        """Keeps these rows, in this order."""
        self.columns = {name: [cells[r] for r in rows] for name, cells in self.columns.items()}

    def records(self) -> Iterator[range]:
        """Rows that belong together: from each row with a value in the first column to the next."""
        first = next(iter(self.columns.values()), [])
        start = 0
        for row in range(1, len(first)):
            if not blank(first[row]):
                yield range(start, row)
                start = row
        if first:
            yield range(start, len(first))


def blank(cell: Cell) -> bool:
    """Null or an empty text."""
    return cell is None or (isinstance(cell, str) and cell == "")


def from_frame(frame: "pl.DataFrame") -> Grid:
    """A grid of a table. Dates become moments, as OpenRefine has no days."""
    import polars as pl

    dates = [pl.col(n).cast(pl.Datetime("us")) for n, t in frame.schema.items() if t == pl.Date]
    return Grid({name: frame.with_columns(dates)[name].to_list() for name in frame.columns})


def to_frame(grid: Grid) -> "pl.DataFrame":
    """A table of a grid: a column of cells of one type keeps it, others become texts."""
    import polars as pl

    return pl.DataFrame([pl.Series(name, *_typed(cells)) for name, cells in grid.columns.items()])


def _typed(cells: list[Cell]) -> "tuple[list[Cell], pl.DataType]":
    import polars as pl

    types = {type(c) for c in cells if c is not None}
    one: list[tuple[set[type], pl.DataType]] = [
        ({bool}, pl.Boolean()),
        ({int}, pl.Int64()),
        ({int, float}, pl.Float64()),
        ({dt.datetime}, pl.Datetime("us")),
    ]
    for known, dtype in one:
        if types and types <= known and all(not isinstance(c, int) or abs(c) < 2**63 for c in cells):
            return cells, dtype
    return [None if c is None else said(c) for c in cells], pl.String()


def said(cell: Cell) -> str:
    """A cell as OpenRefine writes it."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dt.datetime):
        return cell.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(cell, list):
        return "[" + ", ".join(said(c) for c in cell) + "]"
    return "" if cell is None else str(cell)
