"""Which rows an operation is for: OpenRefine's engine configuration with list, text and numeric facets."""

from collections.abc import Callable
from typing import Any

from assets.quality.refine.expression import Expression
from assets.quality.refine.grel.values import Failure, Regex
from assets.quality.refine.grid import Cell, Grid, blank, said
from core.errors import SourceError

Config = dict[str, Any]


def chosen(grid: Grid, engine: Config | None) -> list[bool]:
    """Whether each row passes all facets; in record mode whole records pass where one of their rows does.

    Raises:
        SourceError: a facet of an unknown type, or an expression that is none.
    """
    config = engine or {}
    rows = [True] * grid.height
    for facet in config.get("facets") or []:
        test = _TYPES.get(str(facet.get("type")))
        if test is None:
            said_ = f"the facet {facet.get('name') or '?'!r} is of the type {facet.get('type')!r}"
            raise SourceError(said_, f"facets of these types are read: {', '.join(_TYPES)}")
        passes = test(grid, facet)
        rows = [a and b for a, b in zip(rows, passes, strict=True)]
    if records(config):
        for record in grid.records():
            any_ = any(rows[r] for r in record)
            for row in record:
                rows[row] = any_
    return rows


def records(engine: Config | None) -> bool:
    """Whether the mode is of records."""
    mode = (engine or {}).get("mode", "row-based")
    if mode not in ("row-based", "record-based"):
        raise SourceError(f"the engine mode {mode!r} is not known", "row-based and record-based are")
    return bool(mode == "record-based")


def _values(grid: Grid, facet: Config) -> list[Cell]:
    column = str(facet.get("columnName") or "")
    return Expression(str(facet.get("expression") or "value")).over(grid, column)


def _list(grid: Grid, facet: Config) -> list[bool]:
    picked = [s.get("v", {}).get("v") for s in facet.get("selection") or []]
    wanted = {(isinstance(v, bool), said(v)) for v in picked}
    blanks, errors = bool(facet.get("selectBlank")), bool(facet.get("selectError"))
    if not wanted and not blanks and not errors:
        return [True] * grid.height

    def passes(value: Cell) -> bool:
        if isinstance(value, Failure):
            return errors
        if isinstance(value, list):
            return any(passes(v) for v in value)
        return blanks if blank(value) else (isinstance(value, bool), said(value)) in wanted or said(value) in picked

    return _inverted([passes(v) for v in _values(grid, facet)], facet)


def _text(grid: Grid, facet: Config) -> list[bool]:
    query = facet.get("query")
    if not query:
        return [True] * grid.height
    case = bool(facet.get("caseSensitive"))
    find: Callable[[str], bool]
    if facet.get("mode") == "regex":
        pattern = Regex.of(str(query), not case).pattern
        find = lambda t: pattern.search(t) is not None  # noqa: E731
    elif case:
        find = lambda t: str(query) in t  # noqa: E731
    else:
        find = lambda t: str(query).lower() in t.lower()  # noqa: E731
    cells = grid.column(str(facet.get("columnName") or ""))
    return _inverted([c is not None and find(said(c)) for c in cells], facet)


def _range(grid: Grid, facet: Config) -> list[bool]:
    low, high = facet.get("from"), facet.get("to")
    options = {
        name: facet.get(name, True) for name in ("selectNumeric", "selectNonNumeric", "selectBlank", "selectError")
    }

    def passes(value: Cell) -> bool:
        if isinstance(value, Failure):
            return bool(options["selectError"])
        if blank(value):
            return bool(options["selectBlank"])
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return bool(options["selectNonNumeric"])
        inside = (low is None or value >= low) and (high is None or value < high)
        return bool(options["selectNumeric"]) and inside

    return [passes(v) for v in _values(grid, facet)]


def _inverted(found: list[bool], facet: Config) -> list[bool]:
    return [not f for f in found] if facet.get("invert") else found


_TYPES: dict[str, Callable[[Grid, Config], list[bool]]] = {"list": _list, "text": _text, "range": _range}
