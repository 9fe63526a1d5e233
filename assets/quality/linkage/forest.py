"""Linkage learned from pairs: a random forest and extremely randomised trees on all similarities, their mean.

Labels come from people, or, to refine a probabilistic model without any, from its own clear cases: each pair is judged
by trees that did not see it (as in self-training; Yarowsky, 1995).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assets.quality.linkage.words import Matrix
from core.errors import ModelError

Floats = npt.NDArray[np.float64]
TREES = 200
HELD_TREES = 60  # of each kind, where ten forests are fitted
FOLDS = 5
LEAST = 5  # pairs of either kind from which something is learned
SURE = 1e-3


@dataclass(frozen=True, slots=True)
class Forest:
    """Fitted trees."""

    models: tuple[Any, ...]
    names: tuple[str, ...]

    def probabilities(self, features: Matrix) -> Floats:
        """Share of the trees that say match [pairs]."""
        filled = _filled(features)
        return np.asarray(np.mean([m.predict_proba(filled)[:, 1] for m in self.models], axis=0))

    def telling(self, most: int = 8) -> list[tuple[str, float]]:
        """The similarities that decide most, with their share."""
        shares = np.mean([m.feature_importances_ for m in self.models], axis=0)
        return [(self.names[p], round(float(shares[p]), 3)) for p in np.argsort(-shares)[:most]]


def learn(features: Matrix, matches: npt.NDArray[np.bool_], names: list[str]) -> Forest:
    """Fit on labelled pairs.

    Raises:
        ModelError: too few pairs of one kind.
    """
    few = min(int(matches.sum()), int((~matches).sum()))
    if few < LEAST:
        raise ModelError(
            f"{int(matches.sum())} matches and {int((~matches).sum())} other pairs are labelled: too few to learn from",
            f"label at least {LEAST} of each, `heddle fuse review` shows the pairs that help most",
        )
    filled = _filled(features)
    models = tuple(m.fit(filled, matches) for m in _models(TREES))
    return Forest(models, tuple(names))


def held_out(features: Matrix, matches: npt.NDArray[np.bool_], weights: Floats | None = None) -> Floats:
    """Probability of a match for each pair by trees that did not see it [pairs]."""
    from sklearn.model_selection import StratifiedKFold

    filled, found = _filled(features), np.zeros(len(matches))
    folds = StratifiedKFold(min(FOLDS, int(matches.sum())), shuffle=True, random_state=0)
    for seen, kept in folds.split(filled, matches):
        for model in _models(HELD_TREES):
            model.fit(filled[seen], matches[seen], sample_weight=None if weights is None else weights[seen])
            found[kept] += model.predict_proba(filled[kept])[:, 1] / 2
    return found


def refined(features: Matrix, odds: Floats) -> Floats:
    """Log odds of a model without labels, corrected by trees that learned from its clear cases; the mean of both.

    Returned unchanged where the model sees too few matches or others to learn from.
    """
    share = 1 / (1 + np.exp(-odds))
    matches = share > 0.5
    if min(int(matches.sum()), int((~matches).sum())) < 4 * LEAST:
        return odds
    found = held_out(features, matches, np.abs(2 * share - 1) + 0.01)
    return log_odds((found + share) / 2)


def log_odds(share: Floats) -> Floats:
    """Log odds of probabilities, neither certain."""
    return np.asarray(np.log(share + SURE) - np.log(1 - share + SURE))


def _models(trees: int) -> list[Any]:
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    return [
        RandomForestClassifier(trees, random_state=0),
        ExtraTreesClassifier(trees, min_samples_leaf=2, class_weight="balanced", random_state=0),
    ]


def _filled(features: Matrix) -> Matrix:
    """What is missing as -1: trees can tell it from any similarity."""
    return np.nan_to_num(features, nan=-1.0)
