"""Scores of probabilities against outcomes, with the uncertainty of differences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

Array = NDArray[np.float64]
Labels = NDArray[np.int8]
RESAMPLES = 1000
CELLS = 4_000_000  # resamples x rows held at once
CLIP = 1e-7


def measure(y: Labels, p: Array) -> dict[str, float]:
    """ROC AUC, average precision, log loss, Brier score and expected calibration error of probabilities [N].

    `y` must hold both outcomes.
    """
    return {name: metric(y, p) for name, metric in METRICS.items()}


def calibration_error(y: Labels, p: Array, bins: int = 10) -> float:
    """Mean absolute gap between predicted and observed rate over bins of equally many rows, weighted by rows."""
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    gaps = [abs(float(p[rows].mean()) - float(y[rows].mean())) * len(rows) for rows in parts if len(rows)]
    return sum(gaps) / len(y)


def _log_loss(y: Labels, p: Array) -> float:
    return float(log_loss(y, np.clip(p, CLIP, 1 - CLIP), labels=[0, 1]))


METRICS: Mapping[str, Callable[[Labels, Array], float]] = {
    "auc": lambda y, p: float(roc_auc_score(y, p)),
    "average_precision": lambda y, p: float(average_precision_score(y, p)),
    "log_loss": _log_loss,
    "brier": lambda y, p: float(brier_score_loss(y, p)),
    "calibration_error": calibration_error,
}
COMPARED = ("auc", "average_precision", "log_loss", "brier")
SIGN = {"auc": 1.0, "average_precision": 1.0, "log_loss": -1.0, "brier": -1.0}  # of an improvement


@dataclass(frozen=True)
class Difference:
    """How much better (positive) or worse (negative) one model is than another in one metric, with an interval."""

    metric: str
    gain: float
    low: float
    high: float


def compare(y: Labels, p: Array, other: Array, seed: int, level: float = 0.95) -> dict[str, Difference]:
    """Gains of `p` over `other` in AUC, average precision, log loss and Brier score.

    The interval is a paired bootstrap: both models are scored on the same resampled rows, so that the luck of the
    rows, which both share, cancels.
    """
    random = np.random.default_rng(seed)
    draws: dict[str, list[Array]] = {name: [] for name in COMPARED}
    left = RESAMPLES
    while left > 0:
        weights = _weights(y, min(left, max(1, CELLS // len(y))), random)
        left -= len(weights)
        first, second = _resampled(y, p, weights), _resampled(y, other, weights)
        for name in COMPARED:
            draws[name].append(SIGN[name] * (first[name] - second[name]))
    tail = (1 - level) / 2
    gains = {name: SIGN[name] * (METRICS[name](y, p) - METRICS[name](y, other)) for name in COMPARED}
    ends = {name: np.quantile(np.concatenate(values), [tail, 1 - tail]) for name, values in draws.items()}
    return {name: Difference(name, gains[name], float(ends[name][0]), float(ends[name][1])) for name in COMPARED}


def _weights(y: Labels, count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Times each row occurs in each of at most `count` resamples [R, N]; those without both outcomes are left out."""
    weights = random.multinomial(len(y), np.full(len(y), 1 / len(y)), size=count).astype(np.float64)
    positives = weights @ y
    return weights[(positives > 0) & (positives < len(y))]


def _resampled(y: Labels, p: Array, weights: Array) -> dict[str, Array]:
    """The compared metrics of each resample [R]: scikit-learn's definitions with row weights, all resamples at once."""
    order = np.argsort(-p, kind="stable")
    y, p, weights = y[order], p[order], weights[:, order]
    last_of_tie = np.append(p[1:] != p[:-1], True)
    hits = np.cumsum(weights * y, axis=1)[:, last_of_tie]
    misses = np.cumsum(weights * (1 - y), axis=1)[:, last_of_tie]
    total, positives, negatives = weights.sum(axis=1), hits[:, -1], misses[:, -1]
    new_hits, new_misses = np.diff(hits, axis=1, prepend=0.0), np.diff(misses, axis=1, prepend=0.0)
    flagged = hits + misses
    precision = np.divide(hits, flagged, out=np.zeros_like(hits), where=flagged > 0)
    clipped = np.clip(p, CLIP, 1 - CLIP)
    return {
        "auc": (new_misses * (hits - new_hits / 2)).sum(axis=1) / (positives * negatives),
        "average_precision": (new_hits * precision).sum(axis=1) / positives,
        "log_loss": weights @ -np.log(np.where(y == 1, clipped, 1 - clipped)) / total,
        "brier": weights @ (p - y) ** 2 / total,
    }
