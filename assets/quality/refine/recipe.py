"""A recipe: OpenRefine's operation history as JSON, checked as a whole before the first operation runs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.quality.refine.expression import Expression
from assets.quality.refine.grel.values import GrelError
from assets.quality.refine.grid import from_frame, to_frame
from assets.quality.refine.operations.table import operations
from core.errors import HeddleError, SourceError

if TYPE_CHECKING:
    import polars as pl

_LARGEST = 20 * 1024**2
_EXPORT = "export it by Undo / Redo, Extract in OpenRefine"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: its number from 1, name and fields."""

    number: int
    name: str
    fields: Mapping[str, Any]

    @property
    def words(self) -> str:
        """Its description, or its name."""
        return str(self.fields.get("description") or self.name)


@dataclass(frozen=True, slots=True)
class Done:
    """What a step came to."""

    step: Step
    rows: int
    columns: int


def read(path: Path) -> list[Step]:
    """The steps of a file: a list of operations, or a history whose entries hold one.

    Raises:
        SourceError: it is no recipe; an operation, a facet or a function is not supported; names file and operation.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise SourceError(f"{path} is larger than 20 MB", "give a recipe")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read: {error}", _EXPORT) from None
    return steps(content, str(path))


def steps(content: Any, where: str) -> list[Step]:
    """The steps of what a file holds. Raises SourceError as `read`."""
    if isinstance(content, dict):
        content = content.get("operations", content.get("entries"))
    if not isinstance(content, list):
        raise SourceError(f"{where}: is no list of operations", _EXPORT)
    known, found = operations(), []
    for number, item in enumerate(content, 1):
        fields = item.get("operation", item) if isinstance(item, dict) else None
        if not isinstance(fields, dict) or not isinstance(fields.get("op"), str):
            raise SourceError(f"{where}: operation {number}: has no field op", "write the operation's name")
        step = Step(number, fields["op"], fields)
        if step.name not in known:
            said = f"{where}: operation {number} ({step.words[:80]}): {step.name} is not supported"
            raise SourceError(said, f"leave it out; these run: {', '.join(known)}")
        _checked(step, where)
        found.append(step)
    return found


def _checked(step: Step, where: str) -> None:
    """Parses every expression of a step."""
    with _named(step, where):
        facets = (step.fields.get("engineConfig") or {}).get("facets") or []
        for text in (step.fields.get("expression"), *(f.get("expression") for f in facets)):
            if isinstance(text, str):
                Expression(text)


# what a field of another type comes to where it is used; recipes are made by other programs, and by hand
_MISFIT = (AttributeError, TypeError, ValueError, KeyError, IndexError, OverflowError)


class _named:
    """Puts file and operation before an error; a field of another type than the operation reads is one too."""

    def __init__(self, step: Step, where: str) -> None:
        self.step, self.where = step, where

    def __enter__(self) -> None:
        """Nothing."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raises SourceError for one that names no operation."""
        said = f"{self.where}: operation {self.step.number} ({self.step.name})"
        if isinstance(error, HeddleError):
            raise SourceError(f"{said}: {error.what}", error.fix) from None
        if isinstance(error, (GrelError, TimeoutError)):
            raise SourceError(f"{said}: {error}", "correct the expression") from None
        if isinstance(error, _MISFIT):
            raise SourceError(f"{said}: a field is of another type: {error}", "correct the recipe") from error


def run(
    frame: "pl.DataFrame", recipe: list[Step], where: str = "recipe", told: Callable[[Done], None] = lambda _: None
) -> "pl.DataFrame":
    """The table after all operations.

    Raises:
        SourceError: an operation cannot run on this table; names it. Nothing is half done: the table given stays.
    """
    grid = from_frame(frame)
    known = operations()
    for step in recipe:
        with _named(step, where):
            known[step.name](grid, step.fields)
        told(Done(step, grid.height, len(grid.columns)))
    return to_frame(grid)
