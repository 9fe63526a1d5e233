"""How much of one column's values another column has, from their sketches."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.catalog.relations.model import ColumnSketch, Hashes


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shared values of a child and a parent.

    Attributes:
        containment: share of the child's different values that the parent has.
        weighted: the same share by rows.
        coverage: share of the parent's different values that the child uses.
        seen: values of the child on which this was counted; few make it uncertain.
    """

    containment: float
    weighted: float
    coverage: float
    seen: int


FIRST = 16  # least hashes looked at first: were half of the values shared, one in 65,536 such looks would see none
NOTHING = Overlap(0.0, 0.0, 0.0, 0)


def overlap(child: ColumnSketch, parent: ColumnSketch) -> Overlap:
    """Containment counted on the part of the hash range that both sketches cover."""
    ours, theirs, counts = child.hashes, parent.hashes, child.counts
    if not len(ours) or not len(theirs):
        return NOTHING
    if not parent.complete:
        end = int(np.searchsorted(ours, theirs[-1], side="right"))
        ours, counts = ours[:end], counts[:end]
    if not child.complete:
        theirs = theirs[: int(np.searchsorted(theirs, child.hashes[-1], side="right"))]
    if not len(ours):
        return NOTHING
    if not len(theirs):
        return Overlap(0.0, 0.0, 0.0, len(ours))
    if len(ours) > 4 * FIRST and not _inside(ours[:FIRST], theirs).any():
        return Overlap(0.0, 0.0, 0.0, FIRST)
    shared = _inside(ours, theirs)
    common = int(np.count_nonzero(shared))
    weighted = float(counts[shared].sum() / counts.sum())
    return Overlap(common / len(ours), weighted, common / len(theirs), len(ours))


def _inside(some: Hashes, others: Hashes) -> npt.NDArray[np.bool_]:
    """Which of some hashes are among others, ascending."""
    places = np.searchsorted(others, some)
    places[places == len(others)] = 0
    return np.asarray(others[places] == some)


def mixed(rows: Hashes) -> Hashes:
    """One hash per row of hashes, uint64 [rows, columns] to [rows]."""
    found = np.zeros(len(rows), dtype=np.uint64)
    for place in range(rows.shape[1]):
        found = found * np.uint64(0x9E3779B97F4A7C15) + rows[:, place]
        found ^= found >> np.uint64(29)
    return found
