"""A fitted imputation of a whole table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assets.quality.impute import missing, table, trials
from assets.quality.impute.candidates.base import Model, Task, thinned
from assets.quality.impute.candidates.registry import CANDIDATES, named
from assets.quality.impute.choose import Choice, choose
from assets.quality.impute.pattern import Pattern, pattern
from assets.quality.impute.table import Column, Floats
from core.errors import HeddleError

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Filler:
    """The models of one column, the verdict over them, and what is known about why values are missing."""

    choice: Choice
    models: Mapping[str, Model]
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Imputation:
    """All that is needed to fill a table of the same columns.

    Attributes:
        columns: how the columns are encoded.
        stand_ins: per column the values that count as missing.
        fillers: per column with missing values.
        rows: the number of rows that were learned from.
    """

    columns: tuple[Column, ...]
    stand_ins: Mapping[str, list[float | str]]
    fillers: Mapping[str, Filler] = field(default_factory=dict)
    rows: int = 0

    @property
    def filled(self) -> list[str]:
        """The columns that models fill; the others are refused."""
        return [name for name, filler in self.fillers.items() if not filler.choice.refused]


def fit(
    frame: "pl.DataFrame",
    names: Iterable[str] = (),
    *,
    keep: Iterable[str] = (),
    in_order: bool = True,
    tell: Callable[[str], None] = lambda text: None,
) -> Imputation:
    """Learns to fill columns of a table.

    Args:
        frame: the table; of more than 200,000 rows an even sample is learned from.
        names: the columns to fill; none means all that lack values.
        keep: columns that are neither filled nor used, such as row keys.
        in_order: whether the order of the rows may mean something, as in measurements over time.
        tell: gets a line of progress now and then.

    Raises:
        HeddleError: a named column does not exist, or it can't be filled (free text, nested values).
    """
    names, keep = list(names), set(keep)
    for name in [*names, *keep]:
        if name not in frame.columns:
            raise HeddleError(f"there is no column {name!r}; the table has {', '.join(frame.columns)}")
    used = frame.select([c for c in frame.columns if c not in keep])
    if used.height > MOST_ROWS:
        used = used.gather_every(-(-used.height // MOST_ROWS))
    found = {name: values for name in used.columns if (values := missing.stand_ins(used[name]))}
    clean = missing.without(used, found)
    columns = table.describe(clean)
    encoded = table.encode(clean, columns)
    wanted = names or [c.name for c in columns if c.kind != "other" and clean[c.name].null_count()]
    places = {column.name: place for place, column in enumerate(columns)}
    fillers = {name: _filler(Table(encoded, columns, in_order), places[name], tell) for name in wanted}
    return Imputation(columns, found, fillers, used.height)


class Table(NamedTuple):
    """A table as the candidates see it."""

    encoded: Floats
    columns: tuple[Column, ...]
    in_order: bool


def _filler(seen: Table, target: int, tell: Callable[[str], None]) -> Filler:
    column = seen.columns[target]
    if column.kind == "other":
        raise HeddleError(f"column {column.name!r} ({column.dtype}) has too many different texts to be filled")
    known = ~np.isnan(seen.encoded[:, target])
    task = Task(seen.encoded, seen.columns, target, known, seen.in_order)
    suiting = [c for c in CANDIDATES if known.any() and c.suits(task)]
    outcome = trials.run(seen.encoded, seen.columns, target, suiting, in_order=seen.in_order, tell=tell)
    choice = choose(outcome, [c.name for c in suiting if c.simple], classes=column.classes)
    fallback = [choice.baseline] if choice.baseline else []
    learn = Task(seen.encoded, seen.columns, target, thinned(known, trials.MOST_TRAINED), seen.in_order)
    models = {name: named(name).fit(learn) for name in dict.fromkeys([*choice.weights, *fallback])}
    return Filler(choice, models, pattern(seen.encoded, seen.columns, target))
