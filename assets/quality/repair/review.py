"""Which rows to ask people about: those whose cells tell most about others, and those nobody can mend without them."""

from collections import Counter
from collections.abc import Collection

import numpy as np

from assets.quality.detect.coded import Coded
from assets.quality.detect.shapes import coarse
from assets.quality.repair.model import Repairs

OPEN = 0.6  # worth of a cell that is wrong without a known repair
KEPT = 0.02  # doubt about a cell of a common shape that nothing was found for
AGAIN = 0.4  # worth of a second cell of the same sort


def ask(repairs: Repairs, number: int, known: Collection[int] = ()) -> list[int]:
    """Rows to be labelled, by greedy choice: each takes most of the doubt that is left.

    Cells fall into groups of one column and one reason (a detector, a dependency, a shape of values that nothing was
    found for); a label tells about its whole group, so a group's doubt is that of one of its cells times the square
    root of their number, and shrinks with each label.

    Args:
        number: of rows.
        known: rows labelled already.
    """
    rows = len(repairs.observed[0].codes) if repairs.observed else 0
    number = min(number, rows - len(set(known)))
    groups, worth, own = _groups(repairs, rows)
    left = worth.copy()
    chosen: list[int] = []
    taken = np.zeros(rows, dtype=bool)
    for row in known:
        taken[row] = True
        left[groups[row]] *= AGAIN
    while len(chosen) < number:
        gain = own + left[groups].sum(axis=1)
        gain[taken] = -1.0
        best = int(gain.argmax())
        chosen.append(best)
        taken[best] = True
        left[groups[best]] *= AGAIN
    return chosen


def _groups(repairs: Repairs, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per cell its group int64 [rows, columns], per group its worth, per row what it is worth itself."""
    number: dict[tuple[str, ...], int] = {}
    groups = np.zeros((rows, len(repairs.observed)), dtype=np.int64)
    doubt: Counter[int] = Counter()
    size: Counter[int] = Counter()
    own = np.zeros(rows)
    for place, column in enumerate(repairs.observed):
        shapes = _shapes(column)
        ids = np.array([number.setdefault((column.name, "", s), len(number)) for s in shapes])
        groups[:, place] = ids[column.codes]
    for (name, row), repair in repairs.cells.items():
        place = next(p for p, c in enumerate(repairs.observed) if c.name == name)
        group = number.setdefault((name, repair.sort, *repair.key), len(number))
        groups[row, place] = group
        doubt[group] += repair.confidence * (1 - repair.confidence) + KEPT  # type: ignore[assignment]
        own[row] += OPEN if repair.after is None else 1 - repair.confidence
    for group, count in zip(*np.unique(groups, return_counts=True), strict=True):
        size[int(group)] = int(count)
    worth = np.array(
        [doubt[g] / size[g] * size[g] ** 0.5 if doubt[g] else KEPT * size[g] ** 0.25 for g in range(len(number))]
    )
    return groups, worth, own


def _shapes(column: Coded) -> list[str]:
    """A shape for each code; the rare ones as one."""
    shapes = [coarse(v[:60]) for v in column.values]
    weight: Counter[str] = Counter()
    for shape, count in zip(shapes, column.counts.tolist(), strict=True):
        weight[shape] += int(count)
    least = 0.01 * len(column.codes)
    return [s if weight[s] >= least else "rare" for s in shapes]
