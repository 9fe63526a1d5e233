"""Operations on rows: removal by facets, order, duplicates."""

from collections.abc import Mapping
from typing import Any

from assets.quality.refine.facets import chosen
from assets.quality.refine.grid import Cell, Grid, blank, said
from assets.quality.refine.operations.table import Run, need
from core.errors import SourceError

Op = Mapping[str, Any]


def remove(grid: Grid, op: Op) -> None:
    """core/row-removal: rows that pass the facets go."""
    passes = chosen(grid, op.get("engineConfig"))
    grid.taken([row for row, gone in enumerate(passes) if not gone])


def keep(grid: Grid, op: Op) -> None:
    """core/row-keep-matched: only rows that pass the facets stay."""
    passes = chosen(grid, op.get("engineConfig"))
    grid.taken([row for row, stays in enumerate(passes) if stays])


def unique(grid: Grid, op: Op) -> None:
    """core/row-duplicate-removal: of rows that agree in the criteria's columns the first stays."""
    names = [str(name) for name in need(op, "criteria", list)]
    columns = [grid.column(name) for name in names]
    passes = chosen(grid, op.get("engineConfig"))
    seen: set[tuple[str, ...]] = set()
    stay = []
    for row in range(grid.height):
        key = tuple(said(c[row]) for c in columns)
        if not passes[row] or key not in seen:
            stay.append(row)
        if passes[row]:
            seen.add(key)
    grid.taken(stay)


def order(grid: Grid, op: Op) -> None:
    """core/row-reorder: by the sorting's criteria, the first the strongest."""
    criteria = (op.get("sorting") or {}).get("criteria") or []
    rows = list(range(grid.height))
    for item in reversed(criteria):
        cells = grid.column(str(item.get("column")))
        rows = _sorted(rows, cells, item)
    grid.taken(rows)


def _sorted(rows: list[int], cells: list[Cell], item: Op) -> list[int]:
    kind = item.get("valueType", "string")
    if kind not in ("string", "number", "date", "boolean"):
        raise SourceError(f"field sorting: the value type {kind!r} is not known", "give string, number, date, boolean")
    values = [r for r in rows if not blank(cells[r]) and _is(cells[r], kind)]
    blanks = [r for r in rows if blank(cells[r])]
    wrong = [r for r in rows if not blank(cells[r]) and not _is(cells[r], kind)]
    fold = kind == "string" and not item.get("caseSensitive")

    def key(row: int) -> Any:
        cell = cells[row]
        return said(cell).lower() if fold else said(cell) if kind == "string" else cell

    values.sort(key=key, reverse=bool(item.get("reverse")))
    groups = [(0, values), (int(item.get("errorPosition", 1)), wrong), (int(item.get("blankPosition", 2)), blanks)]
    return [row for _, group in sorted(groups, key=lambda g: g[0]) for row in group]


def _is(cell: Cell, kind: str) -> bool:
    if kind == "string":
        return True
    if kind == "boolean":
        return isinstance(cell, bool)
    if kind == "number":
        return isinstance(cell, (int, float)) and not isinstance(cell, bool)
    return hasattr(cell, "year")


OPERATIONS: dict[str, Run] = {
    "core/row-removal": remove,
    "core/row-keep-matched": keep,
    "core/row-duplicate-removal": unique,
    "core/row-reorder": order,
}
