"""Numbers far from the rest: robust z scores, alone or within groups, and rows that are odd in several columns at once.

Robust z: distance from the median in units of 1.4826 MAD (Iglewicz and Hoaglin, 1993); of positive skewed numbers the
logarithm is judged. A number is conditional on a column when its values' groups are much narrower than the whole.
"""

from collections.abc import Iterator
from typing import cast

import numpy as np
import numpy.typing as npt

from assets.catalog.relations.names import identifies as named_key
from assets.quality.detect.context import Context
from assets.quality.detect.model import Cell, Proposal

Numbers = npt.NDArray[np.float64]
FAR = 6.0  # robust z from which a number is far
LEAST = 30  # numbers
GROUP = 8  # numbers of a group that is judged
GROUPS = 200
NARROWER = 0.4  # spread within groups to that of the whole from which the groups count
MOST = 0.02  # share of the rows; more is a tail of the distribution
ISOLATED = 0.72  # score of the isolation forest (0.5 is usual, 1 is alone)
ALONE = 0.002  # share of the rows that may be odd in several columns at once
ROWS = 20_000


def find(context: Context) -> Iterator[Proposal]:
    """Columns with far numbers."""
    seen: set[tuple[int, str]] = set()
    for name, values in context.numbers.items():
        filled = np.isfinite(values)
        if filled.sum() < LEAST or len(np.unique(values[filled])) < 10 or identifies(context, name) or named_key(name):
            continue
        by, scores = _conditional(context, name, values)
        if by is None:
            scores = robust(values)
        far = np.flatnonzero(np.nan_to_num(np.abs(scores)) > FAR)
        if not 0 < len(far) <= max(3, MOST * filled.sum()):
            continue
        seen |= {(int(r), name) for r in far}
        params = {"method": "mad", "threshold": FAR, "by": (by,) if by else ()}
        usual = np.nanquantile(values, (0.05, 0.95))
        why = f"robust z above {FAR:g}" + (f" among rows of one {by}" if by else "")
        why += f"; nine in ten values lie from {usual[0]:g} to {usual[1]:g}"
        cells = [_cell(context, int(r), name, float(abs(scores[r]))) for r in far]
        sure = float(np.mean([c.confidence for c in cells]))
        yield Proposal("outlier", (name,), params, "report", sure, why, cells)
    yield from _isolated(context, seen)


def identifies(context: Context, name: str) -> bool:
    """Whether a column's whole numbers are names of things: all different, of one length, or deciding other columns."""
    values = context.numbers[name]
    values = values[np.isfinite(values)]
    if (values % 1 != 0).any():
        return False
    if len(np.unique(values)) > 0.98 * len(values):
        return True
    lengths = digits(values)
    if lengths.argmax() >= 4 and lengths.max() > 0.95 * len(values):
        return True
    names = [c.name for c in context.repairs.observed]
    return sum(names[r.given[0]] == name and len(r.given) == 1 and r.strength > 0.9 for r in context.repairs.rules) > 0


def digits(values: Numbers) -> npt.NDArray[np.int64]:
    """How many of the whole numbers have 0, 1, 2, ... digits before the point."""
    return np.bincount(np.floor(np.log10(np.maximum(1.0, np.abs(values)))).astype(np.int64) + 1)


def robust(values: Numbers) -> Numbers:
    """Robust z scores; of the logarithm where all are positive and skewed; 0 where most values are equal."""
    filled = values[np.isfinite(values)]
    if filled.min() > 0 and _skew(np.log(filled)) < _skew(filled):
        values, filled = np.log(values), np.log(filled)
    middle = np.median(filled)
    spread = 1.4826 * np.median(np.abs(filled - middle))
    if spread == 0:
        return np.zeros(len(values))
    return cast(Numbers, (values - middle) / spread)


def _skew(values: Numbers) -> float:
    """Bowley's measure on the outer tenths: robust."""
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
    return abs(float((high + low - 2 * middle) / (high - low))) if high > low else 0.0


def _conditional(context: Context, name: str, values: Numbers) -> tuple[str | None, Numbers]:
    """The column whose groups are narrowest, with the scores within its groups."""
    best: tuple[float, str | None, Numbers] = (NARROWER, None, np.zeros(len(values)))
    filled = np.isfinite(values)
    whole = _spread(values[filled])
    for column in context.groupings:
        if column.name == name or not 1 < column.distinct <= GROUPS or whole == 0:
            continue
        scores, spreads = np.zeros(len(values)), []
        order = np.argsort(column.codes[filled], kind="stable")
        rows = np.flatnonzero(filled)[order]
        for part in np.split(rows, np.flatnonzero(np.diff(column.codes[rows])) + 1):
            if len(part) >= GROUP and (spread := _spread(values[part])) > 0:
                scores[part] = (values[part] - np.median(values[part])) / spread
                spreads.append(spread / whole * len(part))
        covered = np.count_nonzero(scores)
        ratio = sum(spreads) / covered if covered >= 0.8 * filled.sum() else 1.0
        if ratio < best[0]:
            best = (ratio, column.name, scores)
    return best[1], best[2]


def _spread(values: Numbers) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def _cell(context: Context, row: int, name: str, score: float) -> Cell:
    return Cell(int(context.places[row]), name, context.text(row, name), None, 1 - 1.5 / max(2.0, score))


def _isolated(context: Context, seen: set[tuple[int, str]]) -> Iterator[Proposal]:
    """Rows that few random cuts part from all others (Liu, Ting and Zhou, 2008), in columns that are not far alone."""
    names = [n for n, v in context.numbers.items() if np.isfinite(v).mean() > 0.9 and len(np.unique(v)) > 10]
    names = [n for n in names if not identifies(context, n) and not named_key(n)]
    if len(names) < 2 or len(context.frame) < 10 * LEAST:
        return
    from sklearn.ensemble import IsolationForest

    table = np.column_stack([context.numbers[n] for n in names])
    table = np.where(np.isfinite(table), table, np.nanmedian(table, axis=0))
    part = np.linspace(0, len(table) - 1, min(ROWS, len(table))).astype(np.int64)
    forest = IsolationForest(n_estimators=60, max_samples=256, random_state=5).fit(table[part])
    score = -forest.score_samples(table[part])
    found = [int(part[i]) for i in np.flatnonzero(score > ISOLATED)]
    found = [row for row in found if not any((row, n) in seen for n in names)]
    if not 0 < len(found) <= max(3, ALONE * len(part)):
        return
    cells = []
    for row in found:
        away = [abs(float(robust(context.numbers[n])[row])) for n in names]
        name = names[int(np.nanargmax(away))]
        cells.append(Cell(int(context.places[row]), name, context.text(row, name), None, 0.5))
    for name in sorted({c.column for c in cells}):
        mine = [c for c in cells if c.column == name]
        why = f"an isolation forest over {', '.join(names)} parts these rows from all others at once"
        yield Proposal("outlier", (name,), {"method": "mad", "threshold": 4.0}, "report", 0.5, why, mine)
