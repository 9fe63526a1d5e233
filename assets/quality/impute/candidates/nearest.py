"""The k nearest rows, weighted by closeness."""

from dataclasses import dataclass

import numpy as np

from assets.quality.impute.candidates import features
from assets.quality.impute.candidates.base import State, Task, thinned
from assets.quality.impute.table import Floats, Mask

_NEIGHBOURS = 8
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class NearestModel:
    """The scaled features [rows, features] and answers [rows] of the kept training rows; labels is 0 for numbers."""

    inputs: features.Scaled
    points: Floats
    answers: Floats
    labels: int

    def predict(self, encoded: Floats, rows: Mask) -> Floats:
        """Means, or shares of labels, of the nearest points, weighted by one over the distance."""
        from sklearn.neighbors import NearestNeighbors

        wanted = self.inputs.of(encoded, rows)
        search = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(self.points))).fit(self.points)
        if not len(wanted):
            return np.zeros((0, max(self.labels, 1)))
        distance, place = search.kneighbors(wanted)
        weight = 1.0 / (distance + 1e-6 + 0.1 * distance.mean(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        near = self.answers[place]
        if not self.labels:
            return np.asarray((near * weight).sum(axis=1)[:, None], dtype=np.float64)
        votes = np.zeros((len(wanted), self.labels))
        np.add.at(votes, (np.arange(len(wanted))[:, None], near.astype(np.int64)), weight)
        return votes

    def state(self) -> State:
        """All kept points."""
        return {**self.inputs.state(), "points": self.points, "answers": self.answers, "labels": self.labels}


@dataclass(frozen=True, slots=True)
class Nearest:
    """k nearest neighbours over scaled features; of very many rows 20,000, evenly chosen, are kept."""

    name: str = "nearest rows"
    simple: bool = False

    def suits(self, task: Task) -> bool:
        """Any column with enough rows, and others to be near by."""
        return int(task.train.sum()) >= 3 * _NEIGHBOURS and task.has_inputs

    def fit(self, task: Task) -> NearestModel:
        """Keeps the points."""
        rows = thinned(task.train, _MOST_ROWS)
        inputs = features.scaled(task.encoded, task.columns, task.target, rows, logs=False)
        labels = len(task.column.labels) if task.column.classes else 0
        return NearestModel(inputs, inputs.of(task.encoded, rows), task.encoded[rows, task.target], labels)

    def restore(self, state: State) -> NearestModel:
        """From the stored points."""
        points, answers = (np.asarray(state[key], dtype=np.float64) for key in ("points", "answers"))
        return NearestModel(features.restore(state), points, answers, int(state["labels"]))
