"""All operations by name: what they read from the recipe and what they do to a grid."""

from collections.abc import Callable, Mapping
from typing import Any

from assets.quality.refine.grid import Grid
from core.errors import SourceError

Run = Callable[[Grid, Mapping[str, Any]], None]


def operations() -> dict[str, Run]:
    """Name -> function that changes a grid."""
    from assets.quality.refine.operations import cells, columns, rows, transpose

    return {**columns.OPERATIONS, **cells.OPERATIONS, **rows.OPERATIONS, **transpose.OPERATIONS}


def need(op: Mapping[str, Any], name: str, kind: type | tuple[type, ...] = str) -> Any:
    """A field of an operation. Raises SourceError where it is missing or of another type."""
    value = op.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        names = kind.__name__ if isinstance(kind, type) else " or ".join(k.__name__ for k in kind)
        raise SourceError(f"field {name}: {'is missing' if value is None else f'{value!r}'[:80]}", f"give a {names}")
    return value
