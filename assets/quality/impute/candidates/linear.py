"""Linear models: ridge regression, the same in logarithms (products and ratios), and logistic regression."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.quality.impute.candidates import features
from assets.quality.impute.candidates.base import State, Task
from assets.quality.impute.table import Floats, Mask

_LEAST_ROWS = 20


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights [features, outputs] and offsets [outputs] over scaled features.

    Attributes:
        form: `value`, `log` (the weights give the logarithm) or `class` (they give log-odds).
        low, high: bounds of what was seen; a prediction stays within them, widened by half the span.
    """

    inputs: features.Scaled
    weights: Floats
    offset: Floats
    form: str
    low: float
    high: float

    def predict(self, encoded: Floats, rows: Mask) -> Floats:
        """Values, or probabilities by softmax."""
        with np.errstate(all="ignore"):
            score = self.inputs.of(encoded, rows) @ self.weights + self.offset
            if self.form == "class":
                odds = np.exp(score - score.max(axis=1, keepdims=True))
                return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)
            if self.form == "log":
                score = np.exp(np.minimum(score, 700.0))
        span = (self.high - self.low) / 2
        low = max(0.0, self.low - span) if self.low >= 0 else self.low - span
        return np.clip(score, low, self.high + span)

    def state(self) -> State:
        """Scales, weights and bounds."""
        own: dict[str, Any] = {"weights": self.weights, "offset": self.offset, "form": self.form}
        return {**self.inputs.state(), **own, "low": self.low, "high": self.high}


def _restored(state: State) -> LinearModel:
    weights, offset = (np.asarray(state[key], dtype=np.float64) for key in ("weights", "offset"))
    bounds = float(state["low"]), float(state["high"])
    return LinearModel(features.restore(state), weights, offset, str(state["form"]), *bounds)


@dataclass(frozen=True, slots=True)
class Ridge:
    """Ridge regression, its strength chosen by generalised cross-validation (Golub, Heath and Wahba, 1979)."""

    name: str
    log: bool
    simple: bool = False

    def suits(self, task: Task) -> bool:
        """Numbers and moments with enough rows; logarithms need positive values that differ by a factor of four."""
        if task.column.classes or int(task.train.sum()) < _LEAST_ROWS or not task.has_inputs:
            return False
        known = task.known
        return not self.log or (task.column.kind != "moment" and known.min() > 0 and known.max() > 4 * known.min())

    def fit(self, task: Task) -> LinearModel:
        """Solves for all strengths at once by a singular value decomposition."""
        rows, known = task.train, task.known
        inputs = features.scaled(task.encoded, task.columns, task.target, rows, logs=True)
        wanted = np.log(known) if self.log else known
        centre = float(wanted.mean())
        weights = _ridge(inputs.of(task.encoded, rows), wanted - centre)
        form = "log" if self.log else "value"
        bounds = float(known.min()), float(known.max())
        return LinearModel(inputs, weights[:, None], np.array([centre]), form, *bounds)

    def restore(self, state: State) -> LinearModel:
        """From the stored weights."""
        return _restored(state)


def _ridge(inputs: Floats, wanted: Floats) -> Floats:
    left, values, right = np.linalg.svd(inputs, full_matrices=False)
    turned = left.T @ wanted
    outside = float(wanted @ wanted - turned @ turned)
    count = len(wanted)
    best, chosen = np.inf, np.zeros(inputs.shape[1])
    for strength in np.logspace(-8, 1, 19) * count:
        kept = values**2 / (values**2 + strength)
        rest = float((((1 - kept) * turned) ** 2).sum()) + max(outside, 0.0)
        error = rest / max(count - float(kept.sum()) - 1.0, 1.0) ** 2
        if error < best:
            best, chosen = error, right.T @ (values / (values**2 + strength) * turned)
    return np.asarray(chosen, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Logistic:
    """Multinomial logistic regression over scaled features."""

    name: str = "logistic"
    simple: bool = False

    def suits(self, task: Task) -> bool:
        """Categories of 2 to 50 labels with enough rows."""
        seen = len(np.unique(task.known)) if task.column.classes else 0
        enough = int(task.train.sum()) >= _LEAST_ROWS and task.has_inputs
        return seen >= 2 and len(task.column.labels) <= 50 and enough

    def fit(self, task: Task) -> LinearModel:
        """By limited-memory BFGS; a label that was not seen gets no chance."""
        from sklearn.linear_model import LogisticRegression

        rows = task.train
        inputs = features.scaled(task.encoded, task.columns, task.target, rows, logs=True)
        codes = task.known.astype(np.int64)
        fitted = LogisticRegression(max_iter=200, tol=1e-3).fit(inputs.of(task.encoded, rows), codes)
        weights = np.zeros((len(inputs.mean), len(task.column.labels)))
        offset = np.full(len(task.column.labels), -50.0)
        coefficients, bias = fitted.coef_, fitted.intercept_
        if len(fitted.classes_) == 2:
            coefficients, bias = np.vstack((-coefficients / 2, coefficients / 2)), np.array([-bias[0] / 2, bias[0] / 2])
        weights[:, fitted.classes_], offset[fitted.classes_] = coefficients.T, bias
        return LinearModel(inputs, weights, offset, "class", 0.0, 1.0)

    def restore(self, state: State) -> LinearModel:
        """From the stored weights."""
        return _restored(state)
