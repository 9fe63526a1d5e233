"""Probabilistic linkage without labels: Fellegi and Sunter (1969), fitted by expectation maximisation (Winkler, 1988).

Each column's closeness becomes a level; m is a level's share among matches, u among the other candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.quality.linkage.kinds import Kind

Levels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
MISSING = 255
EDGES: dict[Kind, tuple[float, ...]] = {  # a level begins at each closeness; the last one is equality
    Kind.NAME: (0.7, 0.8, 0.88, 0.94, 1.0),
    Kind.COMPANY: (0.3, 0.5, 0.65, 0.8, 0.92, 1.0),
    Kind.ADDRESS: (0.3, 0.5, 0.65, 0.8, 0.92, 1.0),
    Kind.TEXT: (0.3, 0.5, 0.65, 0.8, 0.92, 1.0),
    Kind.CODE: (0.5, 0.7, 0.8, 0.88, 1.0),
    Kind.DATE: (0.6, 0.73, 0.85, 1.0),
    Kind.NUMBER: (0.8, 0.9, 0.95, 0.985, 1.0),
}
ROUNDS = 200
SETTLED = 1e-5
SMALLEST = 1e-5  # no share is less than this, so that no single level decides
HELD = 0.1  # how much "matches agree" weighs beside what is seen of them; keeps EM from finding another split
PRIOR = 0.1  # share of matches at the start
FIRST = 0.9  # of the best level's share among matches at the start


def levels(closeness: npt.NDArray[np.float32], kinds: Sequence[Kind]) -> Levels:
    """Levels, uint8 [pairs, columns], 0 = least alike; MISSING where a side has no value."""
    found = np.empty(closeness.shape, dtype=np.uint8)
    for place, kind in enumerate(kinds):
        values = closeness[:, place]
        found[:, place] = np.digitize(values, np.asarray(EDGES[kind]) - 1e-6)
        found[np.isnan(values), place] = MISSING
    return found


@dataclass(frozen=True, slots=True)
class Model:
    """What EM found.

    Attributes:
        m, u: per column the share of each level among matches and others.
        prior: share of matches among the candidates.
    """

    kinds: tuple[Kind, ...]
    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    prior: float

    def weights(self, found: Levels) -> Floats:
        """Log odds of a match for each pair, natural logarithm."""
        total = np.full(len(found), np.log(self.prior) - np.log1p(-self.prior))
        for place, (m, u) in enumerate(zip(self.m, self.u, strict=True)):
            table = np.zeros(256)
            table[: len(m)] = np.log(m) - np.log(u)
            total += table[found[:, place]]
        return total


def fit(found: Levels, kinds: Sequence[Kind]) -> Model:
    """Fit m, u and the prior on the levels of candidate pairs."""
    patterns, counts = np.unique(found, axis=0, return_counts=True)
    sizes = [len(EDGES[k]) + 1 for k in kinds]
    everything = [_weighed(patterns, place, size, counts.astype(float)) for place, size in enumerate(sizes)]
    model = Model(tuple(kinds), tuple(_start(size) for size in sizes), tuple(everything), PRIOR)
    for _ in range(ROUNDS):
        match = counts / (1 + np.exp(-model.weights(patterns)))
        m = tuple(_held(_weighed(patterns, place, size, match)) for place, size in enumerate(sizes))
        u = tuple(_weighed(patterns, place, size, counts - match) for place, size in enumerate(sizes))
        share = float(np.clip(match.sum() / counts.sum(), 1e-6, 0.999))
        moved = max(float(np.abs(a - b).max()) for a, b in zip(m, model.m, strict=True))
        model = Model(tuple(kinds), m, u, share)
        if moved < SETTLED:
            break
    return model


def _start(size: int) -> Floats:
    found = np.geomspace(1e-3, 1.0, size)
    found[-1] = FIRST / (1 - FIRST) * found[:-1].sum()
    return np.asarray(found / found.sum())


def _held(share: Floats) -> Floats:
    return np.asarray((share + HELD * _start(len(share))) / (1 + HELD))


def _weighed(found: Levels, place: int, size: int, weights: Floats) -> Floats:
    present = found[:, place] != MISSING
    counted = np.bincount(found[present, place], weights=weights[present], minlength=size)[:size] + 0.05
    return np.asarray(np.maximum(counted / counted.sum(), SMALLEST))
