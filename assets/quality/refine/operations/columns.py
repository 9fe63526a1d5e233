"""Operations on columns: rename, removal, move, reorder, addition, split."""

from collections.abc import Mapping
from typing import Any

from assets.quality.refine.expression import Expression
from assets.quality.refine.facets import chosen
from assets.quality.refine.grel.values import Failure, Regex
from assets.quality.refine.grid import Cell, Grid, blank, said
from assets.quality.refine.operations.table import Run, need
from core.errors import SourceError

Op = Mapping[str, Any]
_ON_ERROR = ("set-to-blank", "store-error", "keep-original")


def rename(grid: Grid, op: Op) -> None:
    """core/column-rename."""
    old, new = need(op, "oldColumnName"), need(op, "newColumnName")
    grid.column(old)
    grid.fresh(new, but=old)
    grid.columns = {new if name == old else name: cells for name, cells in grid.columns.items()}


def remove(grid: Grid, op: Op) -> None:
    """core/column-removal."""
    name = need(op, "columnName")
    grid.column(name)
    del grid.columns[name]


def move(grid: Grid, op: Op) -> None:
    """core/column-move: to a place from 0."""
    name, at = need(op, "columnName"), need(op, "index", int)
    cells = grid.column(name)
    del grid.columns[name]
    grid.inserted(at, {name: cells})


def reorder(grid: Grid, op: Op) -> None:
    """core/column-reorder: columns that are not named go."""
    names = need(op, "columnNames", list)
    grid.columns = {str(name): grid.column(str(name)) for name in names}


def add(grid: Grid, op: Op) -> None:
    """core/column-addition: behind a place, from an expression over a column."""
    base, new = need(op, "baseColumnName"), need(op, "newColumnName")
    original = grid.column(base)
    grid.fresh(new)
    rows = [n for n, passes in enumerate(chosen(grid, op.get("engineConfig"))) if passes]
    made: list[Cell] = [None] * grid.height
    on_error = op.get("onError", "set-to-blank")
    for row, value in zip(rows, Expression(need(op, "expression")).over(grid, base, rows), strict=True):
        made[row] = kept(value, original[row], on_error)
    grid.inserted(int(op.get("columnInsertIndex", len(grid.columns))), {new: made})


def kept(value: Cell, original: Cell, on_error: str) -> Cell:
    """What a cell becomes: a value, or of a failure what the operation says. Raises SourceError."""
    if on_error not in _ON_ERROR:
        raise SourceError(f"field onError: {on_error!r}", f"give one of {', '.join(_ON_ERROR)}")
    if isinstance(value, Failure):
        return {"set-to-blank": None, "keep-original": original, "store-error": f"#ERROR: {value.why}"}[on_error]
    if isinstance(value, (list, dict)):  # a list is no cell: OpenRefine stores none either
        return said(value) if isinstance(value, list) else None
    return None if hasattr(value, "pattern") else value


def split(grid: Grid, op: Op) -> None:
    """core/column-split: by a separator, a regular expression or lengths, into `<name> 1`, `<name> 2`, …"""
    name = need(op, "columnName")
    cells = grid.column(name)
    passes = chosen(grid, op.get("engineConfig"))
    parts = [_parts(c, op) if p and not blank(c) else [] for c, p in zip(cells, passes, strict=True)]
    count = max(map(len, parts), default=0)
    new: dict[str, list[Cell]] = {}
    for n in range(count):
        column = _free(grid, f"{name} {n + 1}", new)
        values = [row[n] if n < len(row) else None for row in parts]
        new[column] = [_guessed(v) for v in values] if op.get("guessCellType") else values
    at = grid.names.index(name) + 1
    grid.inserted(at, new)
    if op.get("removeOriginalColumn"):
        del grid.columns[name]


def _free(grid: Grid, name: str, new: dict[str, list[Cell]]) -> str:
    tried, n = name, 1
    while tried in grid.columns or tried in new:
        tried, n = f"{name}_{n}", n + 1
    return tried


def _parts(cell: Cell, op: Op) -> list[Cell]:
    text, mode = said(cell), op.get("mode", "separator")
    if mode == "lengths":
        found, start = [], 0
        for length in need(op, "fieldLengths", list):
            found.append(text[start : start + int(length)])
            start += int(length)
        return list(found)
    if mode != "separator":
        raise SourceError(f"field mode: {mode!r}", "give separator or lengths")
    most = int(op.get("maxColumns") or 0)
    return list(pieces(text, need(op, "separator"), bool(op.get("regex")), most))


def pieces(text: str, separator: str, regex: bool, most: int = 0) -> list[str]:
    """A text at its separators; at most so many pieces, the last with the rest."""
    if regex:
        return [p or "" for p in Regex.of(separator).pattern.split(text, max(0, most - 1))]
    return text.split(separator, most - 1 if most > 0 else -1)


def _guessed(value: Cell) -> Cell:
    """A number where the text is one."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value) if value.strip() == value and "_" not in value and value[-1:].isdigit() else value
        except ValueError:
            continue
    return value


OPERATIONS: dict[str, Run] = {
    "core/column-rename": rename,
    "core/column-removal": remove,
    "core/column-move": move,
    "core/column-reorder": reorder,
    "core/column-addition": add,
    "core/column-split": split,
}
