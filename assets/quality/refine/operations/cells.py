"""Operations on cells: transform, mass edit, fill down, blank down, cells with several values."""

from collections.abc import Callable, Mapping
from typing import Any

from assets.quality.refine.expression import Expression
from assets.quality.refine.facets import chosen, records
from assets.quality.refine.grel.values import Failure
from assets.quality.refine.grid import Cell, Grid, blank, said
from assets.quality.refine.operations.columns import kept, pieces
from assets.quality.refine.operations.table import Run, need
from core.errors import SourceError

Op = Mapping[str, Any]
_MOST_REPEATS = 100


def transform(grid: Grid, op: Op) -> None:
    """core/text-transform: the expression's value in the place of the cell, again while it changes if asked for."""
    name = need(op, "columnName")
    cells = list(grid.column(name))
    expression, on_error = Expression(need(op, "expression")), op.get("onError", "keep-original")
    rows = [n for n, passes in enumerate(chosen(grid, op.get("engineConfig"))) if passes]
    values = expression.over(grid, name, rows)
    repeats = min(int(op.get("repeatCount") or 0), _MOST_REPEATS) if op.get("repeat") else 0
    if repeats and not expression.reads <= {"value", "columnName"}:
        raise SourceError("field repeat: the expression reads other cells", "repeat only expressions over value")
    for row, value in zip(rows, values, strict=True):
        new = kept(value, cells[row], on_error)
        for _ in range(repeats):
            again = kept(expression.of(new, name), new, on_error)
            if again == new:
                break
            new = again
        cells[row] = new
    grid.columns[name] = cells


def mass_edit(grid: Grid, op: Op) -> None:
    """core/mass-edit: cells whose expression gives one of the values get another."""
    name, edits = need(op, "columnName"), need(op, "edits", list)
    cells = list(grid.column(name))
    rows = [n for n, passes in enumerate(chosen(grid, op.get("engineConfig"))) if passes]
    to: dict[str, Cell] = {}
    blanks: list[Cell] = []
    errors: list[Cell] = []
    for edit in edits:
        goal = edit.get("to")
        to |= {said(v): goal for v in edit.get("from") or []}
        blanks += [goal] if edit.get("fromBlank") else []
        errors += [goal] if edit.get("fromError") else []
    values = Expression(str(op.get("expression") or "value")).over(grid, name, rows)
    for row, value in zip(rows, values, strict=True):
        if isinstance(value, Failure):
            cells[row] = errors[0] if errors else cells[row]
        elif blank(value):
            cells[row] = blanks[0] if blanks else cells[row]
        elif said(value) in to:
            cells[row] = to[said(value)]
    grid.columns[name] = cells


def fill_down(grid: Grid, op: Op) -> None:
    """core/fill-down: blank cells get the value above; in record mode that of their record."""

    def filled(cell: Cell, above: Cell) -> tuple[Cell, Cell]:
        if blank(cell):
            return (cell if above is None else above), above
        return cell, cell

    _down(grid, op, filled)


def blank_down(grid: Grid, op: Op) -> None:
    """core/blank-down: cells that repeat the value above become blank; in record mode within their record."""

    def blanked(cell: Cell, above: Cell) -> tuple[Cell, Cell]:
        again = not blank(cell) and cell == above and type(cell) is type(above)
        return (None if again else cell), cell

    _down(grid, op, blanked)


def _down(grid: Grid, op: Op, change: Callable[[Cell, Cell], tuple[Cell, Cell]]) -> None:
    """Changes cells from the top down.

    Args:
        change: gives the new cell and what it hands down, from the cell and what the one above handed down (None for
            the first, and at the start of a record).
    """
    name = need(op, "columnName")
    cells, passes = list(grid.column(name)), chosen(grid, op.get("engineConfig"))
    starts = {record[0] for record in grid.records()} if records(op.get("engineConfig")) else set()
    above: Cell = None
    for row, cell in enumerate(cells):
        if row in starts:
            above = None
        if passes[row]:
            cells[row], above = change(cell, above)
    grid.columns[name] = cells


def split_values(grid: Grid, op: Op) -> None:
    """core/multivalued-cell-split: each value in a row of its own, below the first of the record."""
    name = need(op, "columnName")
    if op.get("mode", "separator") not in ("separator", "plain"):
        raise SourceError(f"field mode: {op.get('mode')!r}", "only separator is supported")
    separator, regex = need(op, "separator"), bool(op.get("regex"))
    source, target = grid.columns, {column: list[Cell]() for column in grid.names}
    for row, cell in enumerate(grid.column(name)):
        values: list[Cell] = [cell] if blank(cell) else list(pieces(said(cell), separator, regex))
        for n, value in enumerate(values):
            for column, cells in source.items():
                target[column].append(value if column == name else cells[row] if n == 0 else None)
    grid.columns = target


def join_values(grid: Grid, op: Op) -> None:
    """core/multivalued-cell-join: the values of a record in its first row; rows that are empty then go."""
    name, separator = need(op, "columnName"), need(op, "separator")
    cells = list(grid.column(name))
    gone: set[int] = set()
    for record in list(grid.records()):
        values = [said(cells[r]) for r in record if not blank(cells[r])]
        for row in record[1:]:
            cells[row] = None
        cells[record[0]] = separator.join(values) if values else cells[record[0]]
        others = [c for n, c in grid.columns.items() if n != name]
        gone |= {r for r in record[1:] if all(blank(c[r]) for c in others)}
    grid.columns[name] = cells
    grid.taken([r for r in range(grid.height) if r not in gone])


OPERATIONS: dict[str, Run] = {
    "core/text-transform": transform,
    "core/mass-edit": mass_edit,
    "core/fill-down": fill_down,
    "core/blank-down": blank_down,
    "core/multivalued-cell-split": split_values,
    "core/multivalued-cell-join": join_values,
}
