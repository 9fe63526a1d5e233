"""Platt scaling: from a raw score in log-odds to a calibrated probability."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, xlogy

SLOPE = (0.05, 20.0)  # positive, so that calibration never turns the ranking round


@dataclass(frozen=True)
class Platt:
    """probability = 1 / (1 + exp(-(slope * raw + offset)))."""

    slope: float
    offset: float

    def __call__(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities [N] of raw scores [N]."""
        return np.asarray(expit(self.slope * raw + self.offset), dtype=np.float64)


def fit(raw: NDArray[np.float64], y: NDArray[np.int8]) -> Platt:
    """Maximum likelihood on rows that the scoring model was not fitted on.

    Sigmoid rather than isotonic: two parameters hold on some hundred positives, where isotonic steps overfit, and
    they keep the ranking strictly. Labels are smoothed as in Platt (1999), so separable data stay finite.
    """
    positives, negatives = int(y.sum()), int((1 - y).sum())
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale = float(raw.std()) or 1.0

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        p = np.clip(expit(parameters[0] * raw / scale + parameters[1]), 1e-12, 1 - 1e-12)
        value = -float(np.mean(xlogy(target, p) + xlogy(1 - target, 1 - p)))
        return value, np.array([np.mean((p - target) * raw / scale), np.mean(p - target)])

    start = np.array([scale, 0.0])
    bounds = [(SLOPE[0] * scale, SLOPE[1] * scale), (None, None)]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return Platt(slope=float(found.x[0] / scale), offset=float(found.x[1]))
