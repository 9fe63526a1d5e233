"""An expression over the rows of a grid; one that reads nothing but the cell is evaluated once for each value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assets.quality.refine.grel.evaluate import check, evaluate
from assets.quality.refine.grel.parse import parse
from assets.quality.refine.grid import Cell, Grid

_KEPT = 100_000


class Expression:
    """A GREL expression, checked.

    Raises:
        SourceError: it is none, or calls a function that is not supported.
    """

    def __init__(self, text: str) -> None:
        self.node = parse(text)
        self.reads = check(self.node)

    def over(self, grid: Grid, column: str, rows: Sequence[int] | None = None) -> list[Cell]:
        """The values for all rows, or for these.

        Args:
            column: whose cells are `value`; "" for none.
        """
        cells = grid.column(column) if column else [None] * grid.height
        places = range(grid.height) if rows is None else rows
        alone = self.reads <= {"value", "columnName"}
        known: dict[tuple[type, Cell], Cell] = {}
        found = []
        for row in places:
            value = cells[row]
            if not alone:
                found.append(evaluate(self.node, _Names(grid, column, row)))
                continue
            key = (type(value), value)
            if key not in known:
                if len(known) > _KEPT:
                    known.clear()
                known[key] = self.of(value, column)
            found.append(known[key])
        return found

    def of(self, value: Cell, column: str) -> Cell:
        """The value for a cell alone."""
        return evaluate(self.node, {"value": value, "columnName": column})


class _Names(Mapping[str, Any]):
    """What a row's expression may name, made when it is asked for."""

    def __init__(self, grid: Grid, column: str, row: int) -> None:
        self.grid, self.column, self.row = grid, column, row

    def __getitem__(self, name: str) -> Any:
        """A variable."""
        if name == "value":
            return self.grid.columns[self.column][self.row] if self.column else None
        if name == "cells":
            return {n: {"value": cells[self.row]} for n, cells in self.grid.columns.items()}
        if name == "cell":
            return {"value": self["value"]}
        if name == "row":
            return {"index": self.row, "cells": self["cells"], "columnNames": self.grid.names}
        return {"rowIndex": self.row, "columnName": self.column}[name]

    def __iter__(self) -> Iterator[str]:
        """All names."""
        return iter(("value", "cell", "cells", "row", "rowIndex", "columnName"))

    def __len__(self) -> int:
        """How many there are."""
        return 6
