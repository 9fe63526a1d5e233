"""Pairs of numbers or days in a fixed order: a start before its end, a part below its whole."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from assets.quality.detect.context import Context
from assets.quality.detect.model import Cell, Proposal

KEPT = 0.98  # share of the rows that keep the order
LEAST = 50  # rows with both
NEAR = 0.5  # share of the two columns' ranges that is common; columns far apart are in order by chance
WIDEST = 40


def find(context: Context) -> Iterator[Proposal]:
    """Orders of two columns that few rows break."""
    import polars as pl

    columns = dict(context.numbers)
    for name, dtype in context.frame.schema.items():
        if dtype.is_temporal() and dtype != pl.Time and dtype != pl.Duration:
            values = context.frame[name].cast(pl.Datetime("us")).cast(pl.Float64).fill_null(np.nan).to_numpy()
            columns[name] = values
    dated = set(columns) - set(context.numbers)
    for one, two in combinations(list(columns)[:WIDEST], 2):
        if (one in dated) != (two in dated):
            continue
        a, b = columns[one], columns[two]
        both = np.isfinite(a) & np.isfinite(b)
        if both.sum() < LEAST or not _near(a[both], b[both]):
            continue
        for first, second, x, y in ((one, two, a, b), (two, one, b, a)):
            wrong = np.flatnonzero(both & (x > y))
            strict = float((x[both] < y[both]).mean())
            if 0 < len(wrong) <= (1 - KEPT) * both.sum() and strict > 0.5 and _linked(x[both], y[both]):
                sure = 0.5 + 0.4 * (1 - len(wrong) / ((1 - KEPT) * both.sum()))
                cells = [
                    Cell(int(context.places[r]), c, context.text(int(r), c), None, sure / 2)
                    for r in wrong
                    for c in (first, second)
                ]
                why = f"{int(both.sum()) - len(wrong)} of {int(both.sum())} rows have {first} <= {second}"
                yield Proposal("compare", (first, second), {"operator": "<="}, "report", sure, why, cells)


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    low, high = max(np.quantile(a, 0.02), np.quantile(b, 0.02)), min(np.quantile(a, 0.98), np.quantile(b, 0.98))
    whole = max(np.quantile(a, 0.98), np.quantile(b, 0.98)) - min(np.quantile(a, 0.02), np.quantile(b, 0.02))
    return bool(whole > 0 and (high - low) / whole >= NEAR)


def _linked(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the order is more than chance: shuffled, many rows would break it."""
    shuffled = np.random.default_rng(3).permutation(b)
    return float((a > shuffled).mean()) > 5 * (1 - KEPT)
