"""How good links are: counted on pairs where the truth is known, estimated from the model where not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs found, true, and both."""

    found: int
    true: int
    both: int

    @property
    def precision(self) -> float:
        """Share of the found pairs that are true; 1 where none is found."""
        return self.both / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that are found; 1 where there is none."""
        return self.both / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.both / (self.found + self.true) if self.found + self.true else 1.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected quality, from the probabilities of the compared pairs; true pairs never compared are unseen."""

    precision: float
    recall: float


def clusters_score(found: npt.NDArray[np.int64], true: npt.NDArray[np.int64]) -> Score:
    """Pairs of records within one cluster, against the truth [records]; counted without listing them."""
    both = np.unique(np.stack([found, true], axis=1), axis=0, return_counts=True)[1]
    ours, theirs = (_pairs(np.unique(x, return_counts=True)[1]) for x in (found, true))
    return Score(ours, theirs, _pairs(both))


def pairs_score(said: Sequence[bool] | npt.NDArray[np.bool_], true: npt.NDArray[np.bool_]) -> Score:
    """Judged pairs against labels."""
    ours = np.asarray(said, dtype=bool)
    return Score(int(ours.sum()), int(true.sum()), int((ours & true).sum()))


def estimate(left: Places, right: Places, share: Floats, found: Places) -> Estimate:
    """Expected precision and recall of clusters from the pairs' probabilities."""
    inside = found[left] == found[right]
    expected, total = float(share[inside].sum()), float(share.sum())
    precision = expected / int(inside.sum()) if inside.any() else 1.0
    return Estimate(precision, expected / total if total else 1.0)


def _pairs(counts: npt.NDArray[np.int64]) -> int:
    sizes = counts.astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())
