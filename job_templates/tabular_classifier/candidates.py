"""The two kinds of model: gradient-boosted trees and a logistic regression. Each scores rows in log-odds."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.signature import Input, Kind
from job_templates.tabular_classifier.dataset import Floats, Part

if TYPE_CHECKING:
    import lightgbm
    from sklearn.pipeline import Pipeline

ROUNDS = 400
PATIENCE = 30
ROWS_PER_THREAD = 20_000  # below this a second thread costs more than it brings
Params = Mapping[str, Any]


class Scorer(Protocol):
    """A fitted model before calibration."""

    @property
    def family(self) -> str:
        """What kind of model it is."""

    def raw(self, x: Floats) -> NDArray[np.float64]:
        """Log-odds [N] of features [N, F]."""

    def importance(self) -> dict[str, float]:
        """Share of each input in the model's decisions; shares sum to 1 (to 0 for a constant model)."""

    def native(self) -> dict[str, bytes]:
        """The model in its own safe text format: file name -> content."""


@dataclass(frozen=True)
class Trees:
    """LightGBM. Categories enter as ordinal codes: exact in ONNX, where categorical splits are not NaN-safe."""

    booster: "lightgbm.Booster"
    inputs: tuple[Input, ...]
    family: str = "lightgbm"

    def raw(self, x: Floats) -> NDArray[np.float64]:
        """See Scorer."""
        return np.asarray(self.booster.predict(x, raw_score=True), dtype=np.float64)

    def importance(self) -> dict[str, float]:
        """See Scorer; by total gain."""
        return _shares(self.booster.feature_importance("gain"), self.inputs)

    def native(self) -> dict[str, bytes]:
        """See Scorer."""
        return {"lightgbm.txt": self.booster.model_to_string().encode()}


@dataclass(frozen=True)
class Linear:
    """Logistic regression over imputed, scaled numbers and one-hot categories."""

    pipeline: "Pipeline"
    inputs: tuple[Input, ...]
    family: str = "logistic_regression"

    def raw(self, x: Floats) -> NDArray[np.float64]:
        """See Scorer."""
        return np.asarray(self.pipeline.decision_function(x), dtype=np.float64)

    def importance(self) -> dict[str, float]:
        """See Scorer; by absolute coefficient over scaled columns, a category's columns added up."""
        weights = dict.fromkeys(range(len(self.inputs)), 0.0)
        for position, coefficient in zip(self._positions(), self.pipeline[-1].coef_[0], strict=True):
            weights[position] += abs(float(coefficient))
        return _shares(np.array([weights[n] for n in range(len(self.inputs))]), self.inputs)

    def native(self) -> dict[str, bytes]:
        """See Scorer: every fitted number as JSON."""
        columns = self.pipeline[0].named_transformers_
        content: dict[str, Any] = {
            "coefficients": self.pipeline[-1].coef_[0].tolist(),
            "intercept": float(self.pipeline[-1].intercept_[0]),
            "columns": [self.inputs[n].name for n in self._positions()],
        }
        if "number" in columns:
            impute, scale = columns["number"][0], columns["number"][1]
            content["number"] = {
                "median": impute.statistics_.tolist(),
                "mean": scale.mean_.tolist(),
                "scale": scale.scale_.tolist(),
            }
        if "category" in columns:
            content["category"] = {"codes": [c.tolist() for c in columns["category"].categories_]}
        return {"logistic_regression.json": json.dumps(content, indent=1).encode()}

    def _positions(self) -> list[int]:
        """The input behind each coefficient."""
        positions = _of_kind(self.inputs, Kind.NUMBER)
        for n in _of_kind(self.inputs, Kind.CATEGORY):
            positions += [n] * (len(self.inputs[n].categories) + 1)
        return positions


def fit_trees(
    fit: Part, inputs: tuple[Input, ...], params: Params, seed: int, *, stop: Part | None = None, rounds: int = ROUNDS
) -> Trees:
    """Boost on `fit` for `rounds`, or until the log loss on `stop` has not fallen for PATIENCE rounds.

    The same arguments give the same model.
    """
    import lightgbm

    threads = max(1, min(os.cpu_count() or 1, len(fit.y) // ROWS_PER_THREAD))
    fixed = {
        "objective": "binary",
        "metric": "binary_logloss",
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "seed": seed,
        "feature_pre_filter": False,
        "bagging_freq": 1,
        "zero_as_missing": False,
    }
    names = [f"f{n}" for n in range(len(inputs))]  # LightGBM refuses names with JSON's special characters
    train = lightgbm.Dataset(fit.x, fit.y, feature_name=names, free_raw_data=False)
    watched: dict[str, Any] = {}
    if stop is not None:
        watch = lightgbm.Dataset(stop.x, stop.y, reference=train, free_raw_data=False)
        watched = {"valid_sets": [watch], "callbacks": [lightgbm.early_stopping(PATIENCE, verbose=False)]}
    booster = lightgbm.train(fixed | dict(params), train, num_boost_round=rounds, **watched)
    text = _float32_thresholds(booster.model_to_string(num_iteration=booster.best_iteration))
    return Trees(lightgbm.Booster(model_str=text), inputs)


def _float32_thresholds(text: str) -> str:
    """The same model with every split threshold rounded down to float32.

    For float32 inputs `x <= t` stays the same, and ONNX, which stores thresholds in float32, agrees exactly. The
    line of tree sizes, which would no longer be true, is left out: LightGBM then reads the trees in sequence.
    """
    lines = []
    for line in text.split("\n"):
        if line.startswith("threshold="):
            exact = np.array(line.removeprefix("threshold=").split(), np.float64)
            near = exact.astype(np.float32)
            down = np.where(near > exact, np.nextafter(near, np.float32(-np.inf)), near)
            line = "threshold=" + " ".join(repr(float(t)) for t in down)
        if not line.startswith("tree_sizes="):
            lines.append(line)
    return "\n".join(lines)


def fit_linear(fit: Part, inputs: tuple[Input, ...], c: float) -> Linear:
    """Fit the baseline on `fit`; `c` is the inverse of the L2 penalty."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers, categories = _of_kind(inputs, Kind.NUMBER), _of_kind(inputs, Kind.CATEGORY)
    steps: list[tuple[str, Any, list[int]]] = []
    if numbers:
        fill = SimpleImputer(strategy="median", keep_empty_features=True)
        steps.append(("number", Pipeline([("fill", fill), ("scale", StandardScaler())]), numbers))
    if categories:
        codes = [np.arange(-1, len(inputs[n].categories), dtype=np.float32) for n in categories]
        steps.append(
            ("category", OneHotEncoder(categories=codes, handle_unknown="ignore", sparse_output=False), categories)
        )
    model = LogisticRegression(C=c, max_iter=2000, tol=1e-6)
    return Linear(Pipeline([("columns", ColumnTransformer(steps)), ("model", model)]).fit(fit.x, fit.y), inputs)


def _of_kind(inputs: Sequence[Input], kind: Kind) -> list[int]:
    return [n for n, column in enumerate(inputs) if column.kind is kind]


def _shares(weights: NDArray[np.float64], inputs: tuple[Input, ...]) -> dict[str, float]:
    total = float(weights.sum()) or 1.0
    return {column.name: float(w) / total for column, w in zip(inputs, weights, strict=True)}
