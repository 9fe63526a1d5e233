"""Plain numbers in another unit than their group: off by a ratio of units, all by the same one.

A group is the rows of one value of another column whose numbers are close together (the price of a product); where a
few numbers are off by a thousand, a hundred, a foot or a pound, and few are off by anything else, the unit was mixed.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from assets.catalog.relations.names import identifies as named_key
from assets.quality.detect.coded import MISSING, Coded
from assets.quality.detect.context import Context
from assets.quality.detect.dependencies import COLUMNS
from assets.quality.detect.detectors.outliers import identifies
from assets.quality.detect.forms.measures import FACTORS
from assets.quality.detect.model import Cell, Proposal

LEAST = 3  # numbers off by one ratio
CLEAR = 0.9  # share of the numbers off that must be so by one ratio where the numbers alone do not tell them
GROUP = 4  # rows of a group
TIGHT = 0.8  # share of the rows that must lie near their group's middle
NEAR = 0.03  # of the logarithm's unit: about 3 per cent
APART = 8.0  # times the width of the usual numbers that a ratio must be; nearer ones are their tail
Numbers = npt.NDArray[np.float64]


def find(context: Context) -> Iterator[Proposal]:
    """Numbers off by one ratio of units."""
    for name, values in islice(context.numbers.items(), COLUMNS):
        positive = np.isfinite(values) & (values > 0)
        if positive.sum() < 10 * LEAST or named_key(name) or identifies(context, name):
            continue
        logs = np.log(np.where(positive, values, 1.0))
        for column in context.groupings:
            if column.name != name and 1 < column.distinct <= positive.sum() / GROUP:
                found = _judge(context, name, logs, positive, column)
                if found is not None:
                    yield found
                    break


def _judge(
    context: Context, name: str, logs: Numbers, positive: npt.NDArray[np.bool_], column: Coded
) -> Proposal | None:
    away = _away(logs, positive & (column.codes != MISSING), column.codes)
    there = np.isfinite(away)
    if there.sum() < 10 * LEAST or (np.abs(away[there]) < 0.2).mean() < TIGHT:
        return None
    off = there & (np.abs(away) > 0.4)
    best, rows = 1.0, np.zeros(0, dtype=np.int64)
    width = _width(away[there & ~off])
    for factor in FACTORS[1:]:
        if abs(np.log(factor)) < APART * width:
            continue
        hit = np.flatnonzero(off & (np.abs(away + np.log(factor)) < max(NEAR, 3 * width)))
        if len(hit) > len(rows):
            best, rows = factor, hit
    if len(rows) < LEAST or len(rows) < 0.7 * off.sum():
        return None
    share = len(rows) / int(off.sum())
    numbers = np.exp(logs)
    if _whole(numbers[there & ~off]) and not _whole(numbers[rows] * best):
        return None  # counts and codes have no unit
    cells = [
        Cell(int(context.places[r]), name, context.text(r, name), f"{numbers[r] * best:.10g}", 0.9 * share)
        for r in rows.tolist()
    ]
    low, high = float(numbers[rows].min()), float(numbers[rows].max())
    why = f"{len(rows)} numbers are {1 / best:g} times those of the same {column.name}, few are off by anything else"
    when = _when(name, low, high, numbers[there & ~off])
    if when is None and share < CLEAR:
        return None
    if when is None:
        params: dict[str, Any] = {"by": (column.name,), "threshold": 6.0, "method": "mad", "least": GROUP}
        return Proposal("outlier", (name,), params, "report", 0.8 * share, why, cells)
    return Proposal("unit", (name,), {"when": when, "factor": best}, "repair", 0.9 * share, why, cells)


def _away(logs: Numbers, used: npt.NDArray[np.bool_], codes: npt.NDArray[np.int64]) -> Numbers:
    """Distance of each logarithm from the median of its group; nan outside groups."""
    away = np.full(len(logs), np.nan)
    rows = np.flatnonzero(used)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    for part in np.split(rows, np.flatnonzero(np.diff(codes[rows])) + 1):
        if len(part) >= GROUP:
            away[part] = logs[part] - np.median(logs[part])
    return away


def _whole(numbers: Numbers) -> bool:
    """Whether nearly all are whole numbers."""
    return bool(len(numbers)) and float((np.abs(numbers - np.round(numbers)) < 1e-6).mean()) > TIGHT


def _width(away: Numbers) -> float:
    return 1.4826 * float(np.median(np.abs(away))) if len(away) else 0.0


def _when(name: str, low: float, high: float, usual: Numbers) -> dict[str, Any] | None:
    """The condition that tells the other unit, where the numbers alone do."""
    if not len(usual):
        return None
    if low > usual.max():
        return {"compare": {"column": name, "op": ">=", "value": low}}
    if high < usual.min():
        return {"compare": {"column": name, "op": "<=", "value": high}}
    return None
