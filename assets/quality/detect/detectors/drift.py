"""What changed since the last good version: distributions, values never seen, more holes.

The distance of distributions is the population stability index (above 0.25 is a shift by custom) and, for numbers, the
Kolmogorov-Smirnov distance on the bins of the kept profile.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.catalog.model import Profile
from assets.quality.detect.coded import MISSING, Coded
from assets.quality.detect.context import Context
from assets.quality.detect.model import Cell, Proposal

SHIFT = 0.25  # PSI
HOLES = 0.05  # further share of empty cells
WHOLE = 0.999  # share of the last rows that the kept values cover for them to be all values
MOST = 10_000  # cells


@dataclass(frozen=True)
class Drift:
    """How far a column moved; `ks` is None for texts."""

    column: str
    psi: float
    ks: float | None


def find(context: Context) -> Iterator[Proposal]:
    """Columns that moved, with the cells that were not possible before."""
    columns = {c.name: c for c in context.repairs.observed}
    for name, last in context.last.items():
        if name not in columns or last.withheld or not last.rows:
            continue
        yield from _holes(context, columns[name], last)
        values = context.numbers.get(name)
        if values is not None and last.histogram:
            yield from _numbers(context, name, values, last)
        elif last.top and sum(t.count for t in last.top) >= WHOLE * (last.rows - last.nulls):
            yield from _members(context, columns[name], last)


def psi(before: npt.NDArray[np.float64], now: npt.NDArray[np.float64]) -> float:
    """Population stability index of two counts over the same bins."""
    p, q = ((c + 0.5) / (c.sum() + 0.5 * len(c)) for c in (before, now))
    return float(((q - p) * np.log(q / p)).sum())


def measure(values: npt.NDArray[np.float64], last: Profile, name: str = "") -> Drift:
    """Distance of numbers from a profile's histogram; numbers outside go to bins of their own."""
    edges = np.array([b.low for b in last.histogram] + [last.histogram[-1].high])
    before = np.array([0.0, *(float(b.count) for b in last.histogram), 0.0])
    values = values[np.isfinite(values)]
    inside = np.clip(np.searchsorted(edges, values, side="right"), 0, len(edges))
    inside[values == edges[-1]] = len(edges) - 1
    now = np.bincount(inside, minlength=len(edges) + 1).astype(np.float64)
    steps = np.abs(np.cumsum(before) / max(1.0, before.sum()) - np.cumsum(now) / max(1.0, now.sum()))
    return Drift(name, psi(before, now), float(steps.max()))


def _numbers(context: Context, name: str, values: npt.NDArray[np.float64], last: Profile) -> Iterator[Proposal]:
    drift = measure(values, last, name)
    low, high = last.histogram[0].low, last.histogram[-1].high
    span = high - low
    outside = np.flatnonzero((values < low - 0.1 * span) | (values > high + 0.1 * span))
    if drift.psi < SHIFT and not len(outside):
        return
    sure = min(0.9, 0.4 + drift.psi / 2) if drift.psi >= SHIFT else 0.5
    cells = [Cell(int(context.places[r]), name, context.text(r, name), None, sure) for r in outside[:MOST].tolist()]
    moved = f"PSI {drift.psi:.2f}, KS {drift.ks:.2f}"
    why = f"against the last good version: {moved}, {len(outside)} values outside {low:g} to {high:g}"
    yield Proposal("range", (name,), {"low": low - 0.1 * span, "high": high + 0.1 * span}, "report", sure, why, cells)


def _members(context: Context, column: Coded, last: Profile) -> Iterator[Proposal]:
    known = {t.value: t.count for t in last.top}
    new = [c for c, v in enumerate(column.values) if c and v not in known and column.counts[c]]
    texts = [*known, *(column.values[c] for c in new)]
    at = {v: c for c, v in enumerate(column.values)}
    before = np.array([float(known.get(t, 0)) for t in texts])
    now = np.array([float(column.counts[at[t]]) if t in at else 0.0 for t in texts])
    moved = psi(before, now)
    if not new and moved < SHIFT:
        return
    rows = np.flatnonzero(np.isin(column.codes, new))
    sure = 0.6
    cells = [
        Cell(int(context.places[r]), column.name, column.values[column.codes[r]], None, sure)
        for r in rows[:MOST].tolist()
    ]
    why = f"against the last good version: PSI {moved:.2f}, {len(new)} values never seen"
    yield Proposal("in_set", (column.name,), {"values": tuple(known)}, "report", sure, why, cells)


def _holes(context: Context, column: Coded, last: Profile) -> Iterator[Proposal]:
    empty = column.codes == MISSING
    before, now = last.nulls / last.rows, float(empty.mean()) if len(empty) else 0.0
    if now < before + HOLES:
        return
    cells = [Cell(int(context.places[r]), column.name, None, None, 0.7) for r in np.flatnonzero(empty)[:MOST].tolist()]
    why = f"{now:.1%} of the rows are empty, {before:.1%} in the last good version"
    params = {"mostly": round(max(0.0, 1 - before - HOLES), 3)}
    yield Proposal("not_null", (column.name,), params, "report", 0.7, why, cells)
