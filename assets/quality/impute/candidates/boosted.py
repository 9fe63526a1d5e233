"""Trees of LightGBM: gradient boosting and a forest of random splits. Missing inputs need no filling."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.quality.impute.candidates.base import State, Task
from assets.quality.impute.candidates.order import around
from assets.quality.impute.table import MOST_CATEGORIES, Floats, Mask

if TYPE_CHECKING:
    import lightgbm

_LEAST_ROWS = 40
_SHARED: dict[str, Any] = {"verbosity": -1, "seed": 7, "deterministic": True, "force_row_wise": True, "num_threads": 1}
_SETTINGS: dict[str, dict[str, Any]] = {
    "boosting": {
        "learning_rate": 0.06,
        "num_leaves": 15,
        "min_data_in_leaf": 5,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "max_bin": 255,
    },
    "random trees": {
        "boosting": "rf",
        "extra_trees": True,
        "num_leaves": 255,
        "min_data_in_leaf": 2,
        "feature_fraction": 0.9,
        "bagging_fraction": 0.9,
        "bagging_freq": 1,
    },
}
_ROUNDS = {"boosting": 150, "random trees": 80}


@dataclass(frozen=True)
class TreeModel:
    """A LightGBM model as text, over the other columns and, with `ordered`, the target's neighbours in order."""

    text: str
    target: int
    labels: int
    ordered: bool

    @cached_property
    def _booster(self) -> "lightgbm.Booster":
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    def predict(self, encoded: Floats, rows: Mask) -> Floats:
        """Values, or probabilities of each label."""
        if not rows.any():
            return np.zeros((0, max(self.labels, 1)))
        inputs = _inputs(encoded, self.target, self.ordered)[rows]
        out = np.asarray(self._booster.predict(inputs, num_threads=1), dtype=np.float64)
        if not self.labels:
            return out[:, None]
        return out if out.ndim == 2 else np.column_stack((1 - out, out))

    def state(self) -> State:
        """The model's text and where its inputs are."""
        return {"text": self.text, "target": self.target, "labels": self.labels, "ordered": self.ordered}


def _inputs(encoded: Floats, target: int, ordered: bool) -> Floats:
    others = np.delete(encoded, target, axis=1)
    if not ordered:
        return others
    near = around(encoded[:, target])
    return np.column_stack((others, near.before, near.after, np.minimum(near.gap_before, near.gap_after)))


def ordered(values: Floats) -> bool:
    """Whether a column [rows] is alike in neighbouring rows: by von Neumann's ratio of successive differences.

    Below 1.5 (2 is what shuffled rows give) neighbours tell something.
    """
    known = values[~np.isnan(values)]
    spread = float(known.var()) if len(known) > 20 else 0.0
    return spread > 0 and float((np.diff(known) ** 2).mean()) / spread < 1.5


@dataclass(frozen=True, slots=True)
class Trees:
    """One of the settings above."""

    name: str
    simple: bool = False

    def suits(self, task: Task) -> bool:
        """Columns with enough rows; of categories at least two must be there."""
        if int(task.train.sum()) < _LEAST_ROWS or not task.has_inputs:
            return False
        return not task.column.classes or len(np.unique(task.known)) >= 2

    def fit(self, task: Task) -> TreeModel:
        """Trains on one thread, so that the same table gives the same model."""
        import lightgbm

        in_order = task.in_order and ordered(task.encoded[:, task.target])
        inputs = _inputs(task.encoded, task.target, in_order)[task.train]
        labels = len(task.column.labels) if task.column.classes else 0
        data = lightgbm.Dataset(inputs, task.known, params={"verbosity": -1})
        data.categorical_feature = _categories(task)
        rounds = _ROUNDS[self.name] if labels <= 8 else _ROUNDS[self.name] // 2
        booster = lightgbm.train(self._settings(labels), data, num_boost_round=rounds)
        return TreeModel(booster.model_to_string(), task.target, labels, in_order)

    def _settings(self, labels: int) -> dict[str, Any]:
        goal: dict[str, Any] = {"objective": "regression"}
        if labels > 2:
            goal = {"objective": "multiclass", "num_class": labels}
        elif labels:
            goal = {"objective": "binary"}
        return _SHARED | _SETTINGS[self.name] | goal

    def restore(self, state: State) -> TreeModel:
        """From the stored text."""
        return TreeModel(str(state["text"]), int(state["target"]), int(state["labels"]), bool(state["ordered"]))


def _categories(task: Task) -> list[int]:
    """Places, among the inputs, of categories that are few enough to be split as sets."""
    others = [c for place, c in enumerate(task.columns) if place != task.target]
    return [place for place, c in enumerate(others) if c.classes and len(c.labels) <= MOST_CATEGORIES]
