"""Operations that turn cells: columns into rows, rows into columns, keys and values into columns."""

from collections.abc import Mapping
from typing import Any

from assets.quality.refine.grid import Cell, Grid, blank, said
from assets.quality.refine.operations.table import Run, need
from core.errors import SourceError

Op = Mapping[str, Any]


def columns_to_rows(grid: Grid, op: Op) -> None:
    """core/transpose-columns-into-rows: into one column, or into one of names and one of values."""
    start, count = need(op, "startColumnName"), need(op, "columnCount", int)
    grid.column(start)
    at = grid.names.index(start)
    turned = grid.names[at : at + count] if count > 0 else grid.names[at:]
    others = [name for name in grid.names if name not in turned]
    combined, key, value = (op.get(n) for n in ("combinedColumnName", "keyColumnName", "valueColumnName"))
    if not combined and not (key and value):
        raise SourceError("field combinedColumnName: is missing", "give it, or keyColumnName and valueColumnName")
    new = [str(combined)] if combined else [str(key), str(value)]
    names = [*grid.names[:at], *new, *[n for n in others if grid.names.index(n) > at]]
    if len(set(names)) < len(names):
        raise SourceError(f"the columns {new} are there already", "give the new ones other names")
    made: dict[str, list[Cell]] = {name: [] for name in names}
    for row in range(grid.height):
        first = True
        for name in turned:
            cell = grid.columns[name][row]
            if blank(cell) and op.get("ignoreBlankCells", True):
                continue
            mixed = op.get("prependColumnName") and combined
            texts = [f"{name}{op.get('separator') or ''}{said(cell)}" if mixed else cell]
            for column, content in zip(new, texts if combined else [name, cell], strict=True):
                made[column].append(content)
            for other in others:
                made[other].append(grid.columns[other][row] if first or op.get("fillDown") else None)
            first = False
        if first and others:
            for column in names:
                made[column].append(grid.columns[column][row] if column in others else None)
    grid.columns = made


def rows_to_columns(grid: Grid, op: Op) -> None:
    """core/transpose-rows-into-columns: every so many cells of a column side by side."""
    name, count = need(op, "columnName"), need(op, "rowCount", int)
    if count < 1:
        raise SourceError(f"field rowCount: {count}", "give at least 1")
    cells, at = grid.column(name), grid.names.index(name)
    made: dict[str, list[Cell]] = {f"{name} {n + 1}": [None] * grid.height for n in range(count)}
    for row, cell in enumerate(cells):
        made[f"{name} {row % count + 1}"][row - row % count] = cell
    for new in made:
        grid.fresh(new, but=name)
    del grid.columns[name]
    others = list(grid.columns.values())
    empty = {r for r in range(len(cells)) if r % count and all(blank(c[r]) for c in others)}
    grid.inserted(at, made)
    grid.taken([r for r in range(len(cells)) if r not in empty])


def key_values(grid: Grid, op: Op) -> None:
    """core/key-value-columnize: a column for each key; rows that agree in all other columns become one.

    Without other columns a new row begins where the first key comes again, or a key that the row has.
    """
    key, value, note = need(op, "keyColumnName"), need(op, "valueColumnName"), op.get("noteColumnName")
    keys, values = grid.column(key), grid.column(value)
    notes = grid.column(str(note)) if note else None
    others = [n for n in grid.names if n not in (key, value, note)]
    found: list[dict[str, Cell]] = []
    groups: dict[tuple[str, ...], list[dict[str, Cell]]] = {}
    order: dict[str, None] = {}
    noted: dict[str, None] = {}
    for row, name in enumerate(keys):
        if blank(name):
            continue
        label = said(name)
        order.setdefault(label)
        group = groups.setdefault(tuple(said(grid.columns[n][row]) for n in others), [])
        goal = next((g for g in group if label not in g), None) if others else _flat(found, order, label)
        if goal is None:
            goal = {f"\0{n}": grid.columns[n][row] for n in others}
            found.append(goal)
            group.append(goal)
        goal[label] = values[row]
        if notes is not None and not blank(notes[row]):
            noted.setdefault(f"{note} : {label}")
            goal[f"{note} : {label}"] = notes[row]
    columns = {n: [g.get(f"\0{n}") for g in found] for n in others}
    new = {n: [g.get(n) for g in found] for n in [*order, *noted]}
    clash = next((n for n in new if n in columns), None)
    if clash:
        raise SourceError(f"the key {clash!r} is a column already", "rename the column before")
    grid.columns = columns | new


def _flat(found: list[dict[str, Cell]], order: dict[str, None], label: str) -> dict[str, Cell] | None:
    """The row that a key belongs to where there are no other columns."""
    if not found:
        return None
    again = label == next(iter(order)) or label in found[-1]
    return None if again else found[-1]


OPERATIONS: dict[str, Run] = {
    "core/transpose-columns-into-rows": columns_to_rows,
    "core/transpose-rows-into-columns": rows_to_columns,
    "core/key-value-columnize": key_values,
}
