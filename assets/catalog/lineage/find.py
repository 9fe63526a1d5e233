"""Which node of the graph a person means."""

from assets.catalog.lineage.model import Point
from assets.catalog.lineage.store import LineageStore
from core.errors import HeddleError

MOST = 10


def find(store: LineageStore, text: str) -> Point:
    """The node that a text means: a key, a table's name, or the end of a key, with `.column` or without.

    Raises:
        HeddleError: none, or several, are meant.
    """
    dots = [i for i, c in enumerate(text) if c == "."]
    for name, column in [(text, ""), *((text[:i], text[i + 1 :]) for i in reversed(dots))]:
        found = _keys(store, name)
        if len(found) > 1:
            raise HeddleError(f"{name!r} may be {', '.join(found[:MOST])}", "write the whole key")
        if not found:
            continue
        if not column:
            return Point(found[0])
        columns = store.columns(found[0])
        same = [c for c in columns if c == column] or [c for c in columns if c.lower() == column.lower()]
        if same:
            return Point(found[0], same[0])
        if name == found[0]:
            told = ", ".join(columns[:MOST]) or "none"
            raise HeddleError(f"{found[0]} has no column {column!r} in the lineage graph", f"its columns: {told}")
    raise HeddleError(
        f"the lineage graph has no {text!r}", "`heddle lineage refresh` reads the definitions and runs again"
    )


def _keys(store: LineageStore, name: str) -> list[str]:
    ending = store.keys(name)
    same = [k for k in ending if k == name] or [k for k in ending if k.lower() == name.lower()]
    if same:
        return same
    if name.count(".") == 1 and "/" not in name:
        as_table = name.replace("_", "/", 1).replace(".", "/")
        return [k for k in store.keys(as_table) if k.lower() == as_table.lower()]
    return [k for k in ending if k.lower().endswith(tuple(mark + name.lower() for mark in "/#:"))]
