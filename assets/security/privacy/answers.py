"""Answers about a table within its budget: checked, paid, then computed. An answer that fails after that stays paid."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from assets.security.privacy.budget import Budget, Ledger, Spent, budget
from assets.security.privacy.noisy import Asked, Figure, adder, counter, discovered, error_of, tally
from assets.security.protect.errors import ProtectionError

if TYPE_CHECKING:
    from assets.security.protect.apply import Batches
    from core.settings import Settings

Figures = Callable[[pl.Series], tuple[dict[str, Figure], str]]


class Question(NamedTuple):
    """What is asked.

    Attributes:
        what: count, sum, mean or histogram.
        bounds: of numbers, public; values beyond are clamped.
        categories: public ones of a histogram; without them and without edges a delta is needed.
        edges: of bins of a number.
    """

    what: str
    column: str = ""
    bounds: tuple[float, float] | None = None
    categories: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    def words(self) -> str:
        """For the ledger."""
        return f"{self.what} {self.column}".strip()


class Answer(NamedTuple):
    """The figures by name (`value`, or one for each category), what was paid, what is left."""

    figures: dict[str, Figure]
    spent: Spent
    note: str = ""


def answer(
    settings: "Settings", dataset: str, batches: "Batches", question: Question, asked: Asked, who: str
) -> Answer:
    """Answers a question.

    Args:
        asked: its contributions are replaced by those of the budget.

    Raises:
        ProtectionError: the question is incomplete, or the budget does not allow it; then nothing is paid.
    """
    of = budget(settings.protection, dataset)
    asked = Asked(asked.epsilon, asked.delta, of.contributions if of.unit else 1, asked.noise)
    figures = _ready(question, asked)  # makes the measurement, so that what cannot work costs nothing
    values = bounded(batches, of, question.column)
    spent = Ledger(settings.vault).spend(dataset, of, asked.epsilon, asked.delta, who, question.words())
    found, note = figures(values)
    return Answer(found, spent, note)


def bounded(batches: "Batches", of: Budget, column: str) -> pl.Series:
    """The values of a column, at most as many of each person as count, drawn at random; nulls are left out.

    Raises:
        ProtectionError: a column is not there.
    """
    kept = []
    names = list(dict.fromkeys(c for c in (column, of.unit) if c))
    for frame in batches():
        missing = [c for c in names if c not in frame.columns]
        if missing:
            raise ProtectionError(f"there is no column {missing[0]!r}", f"there are {', '.join(frame.columns)}")
        odd = [c for c in names if frame.schema[c].is_nested() or frame.schema[c] in (pl.Binary, pl.Object)]
        if odd:
            raise ProtectionError(f"column {odd[0]!r} holds {frame.schema[odd[0]]}", "ask for one of numbers or texts")
        kept.append(frame.select(names) if names else frame.select(row=pl.repeat(1, pl.len(), dtype=pl.Int8)))
    if not kept:
        return pl.Series(column, [], pl.Float64)
    rows = pl.concat(kept).drop_nulls()
    if of.unit:
        drawn = pl.int_range(pl.len()).shuffle().over(of.unit) < of.contributions
        rows = rows.filter(drawn)
    return rows[column or rows.columns[0]]


def _ready(question: Question, asked: Asked) -> Figures:
    makers = {"count": _count, "sum": _sum, "mean": _mean, "histogram": _histogram}
    if question.what not in makers:
        raise ProtectionError(f"{question.what} is no figure", f"ask for {', '.join(makers)}")
    if question.what != "count" and not question.column:
        raise ProtectionError(f"{question.what} of what?", "name a column with --column")
    return makers[question.what](question, asked)


def _count(question: Question, asked: Asked) -> Figures:
    release, scale = counter(asked)
    return lambda values: ({"value": Figure(release(values.to_list()), error_of(scale, asked.noise))}, "")


def _limits(question: Question) -> tuple[float, float]:
    if question.bounds is None:
        raise ProtectionError(
            f"{question.what} needs bounds", "say --bounds LOW,HIGH from what is known of such values"
        )
    low, high = question.bounds
    if not (math.isfinite(low + high) and math.isfinite(high - low) and low < high):
        raise ProtectionError(f"--bounds {low:g},{high:g} are none", "give two numbers, the lower one first")
    return low, high


def _numbers(values: pl.Series) -> Sequence[float]:
    found = values.cast(pl.Float64, strict=False).drop_nulls()
    return found.filter(found.is_not_nan()).to_list()


def _sum(question: Question, asked: Asked) -> Figures:
    release, scale = adder(asked, *_limits(question))
    return lambda values: ({"value": Figure(release(_numbers(values)), error_of(scale, asked.noise))}, "")


def _mean(question: Question, asked: Asked) -> Figures:
    """Half of the budget for the sum of distances from the middle, half for the count."""
    low, high = _limits(question)
    middle = (low + high) / 2
    total, total_scale = adder(asked.half(), low - middle, high - middle)
    count, count_scale = counter(asked.half())

    def figures(values: pl.Series) -> tuple[dict[str, Figure], str]:
        numbers = _numbers(values)
        n = max(1.0, count(numbers))
        away = total([v - middle for v in numbers]) / n
        value = min(high, max(low, middle + away))
        error = (error_of(total_scale, asked.noise) + abs(away) * error_of(count_scale, asked.noise)) / n
        return {"value": Figure(value, error)}, ""

    return figures


def _histogram(question: Question, asked: Asked) -> Figures:
    if question.edges:
        labels = _labels(question.edges)
        release, scale = tally(asked, labels)
        error = error_of(scale, asked.noise)

        def binned(values: pl.Series) -> tuple[dict[str, Figure], str]:
            numbers = pl.Series(_numbers(values), dtype=pl.Float64)
            made = numbers.cut(list(question.edges), labels=labels, left_closed=True).cast(pl.String).to_list()
            return {c: Figure(v, error) for c, v in zip(labels, release(made), strict=True)}, ""

        return binned
    if question.categories:
        release, scale = tally(asked, question.categories)
        error = error_of(scale, asked.noise)
        names = question.categories
        return lambda values: (
            {c: Figure(v, error) for c, v in zip(names, release(values.cast(pl.String).to_list()), strict=True)},
            "",
        )
    found, scale, threshold = discovered(asked)
    error = error_of(scale, "laplace")
    note = f"values that fewer than about {threshold} rows have are not told"
    return lambda values: (
        {c: Figure(v, error) for c, v in sorted(found(values.cast(pl.String).to_list()).items())},
        note,
    )


def _labels(edges: Sequence[float]) -> list[str]:
    if not all(map(math.isfinite, edges)) or list(edges) != sorted(set(edges)):
        raise ProtectionError("--edges do not grow, or are no numbers", "write them in their order, each once")
    inner = [f"{a:g} to {b:g}" for a, b in pairwise(edges)]
    return [f"below {edges[0]:g}", *inner, f"{edges[-1]:g} and more"]
