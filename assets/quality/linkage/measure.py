"""How good links are: counted on pairs where the truth is known, estimated from the model where not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
LEAST = 0.5  # expected matches from which there are any


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs found, true, and both."""

    found: int
    true: int
    both: int

    @property
    def precision(self) -> float:
        """Share of the found pairs that are true; NaN where none is found."""
        return self.both / self.found if self.found else math.nan

    @property
    def recall(self) -> float:
        """Share of the true pairs that are found; NaN where there is none."""
        return self.both / self.true if self.true else math.nan

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN where no pair is found and none is true."""
        return 2 * self.both / (self.found + self.true) if self.found + self.true else math.nan


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected quality, from the probabilities of the compared pairs; true pairs never compared are unseen.

    Attributes:
        precision: NaN where nothing was linked; `recall`: NaN where not one match is expected.
    """

    precision: float
    recall: float


def figures(precision: float, recall: float) -> str:
    """Both in words, with three digits; what is NaN is left out, and where both are, that is said."""
    known = {"precision": precision, "recall": recall}
    told = ", ".join(f"{name} {share:.3f}" for name, share in known.items() if not math.isnan(share))
    return told or "nothing to measure: no pair is linked, and none is likely to be the same thing"


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
    return Estimate(
        expected / int(inside.sum()) if inside.any() else math.nan, expected / total if total >= LEAST else math.nan
    )


def _pairs(counts: npt.NDArray[np.int64]) -> int:
    sizes = counts.astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())
