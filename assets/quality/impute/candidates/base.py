"""What every candidate gets and gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from assets.quality.impute.table import Column, Floats, Mask

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One column to learn.

    Attributes:
        encoded: [rows, columns] floats in the table's order, NaN where missing or not to be seen.
        target: the place of the column to fill.
        train: [rows] the rows to learn from; their target is known.
        in_order: whether the order of the rows may mean something.
    """

    encoded: Floats
    columns: tuple[Column, ...]
    target: int
    train: Mask
    in_order: bool = True

    @property
    def column(self) -> Column:
        """The column to fill."""
        return self.columns[self.target]

    @property
    def has_inputs(self) -> bool:
        """Whether any other column tells the training rows apart."""
        others = [p for p, c in enumerate(self.columns) if p != self.target and c.kind != "other"]
        seen = self.encoded[self.train]
        return any(len(np.unique(seen[~np.isnan(seen[:, p]), p])) > 1 for p in others)

    @property
    def known(self) -> Floats:
        """The target's values in the training rows."""
        return np.asarray(self.encoded[self.train, self.target], dtype=np.float64)


class Model(Protocol):
    """A fitted candidate."""

    def predict(self, encoded: Floats, rows: Mask) -> Floats:
        """Predictions for the chosen rows: [n, 1] values, or [n, labels] probabilities of a category."""
        ...

    def state(self) -> State:
        """What `restore` needs: arrays, texts, numbers and JSON-like values only."""
        ...


class Candidate(Protocol):
    """A way to fill a column."""

    @property
    def name(self) -> str:
        """Its name in reports and stored models."""
        ...

    @property
    def simple(self) -> bool:
        """Whether it is a baseline: one constant for the whole column."""
        ...

    def suits(self, task: Task) -> bool:
        """Whether it can learn this column."""
        ...

    def fit(self, task: Task) -> Model:
        """Learns the column from the training rows."""
        ...

    def restore(self, state: State) -> Model:
        """The model that gave this state."""
        ...


def shares(codes: Floats, labels: int) -> Floats:
    """The share of each label among codes [n]: [labels]."""
    counts = np.bincount(codes.astype(np.int64), minlength=labels).astype(np.float64)
    return np.asarray(counts / max(counts.sum(), 1.0), dtype=np.float64)


def thinned(rows: Mask, most: int) -> Mask:
    """The chosen rows [rows], or of more than `most` an even choice."""
    places = np.nonzero(rows)[0]
    if len(places) <= most:
        return rows
    chosen = np.zeros_like(rows)
    chosen[places[np.linspace(0, len(places) - 1, most).astype(np.int64)]] = True
    return chosen
