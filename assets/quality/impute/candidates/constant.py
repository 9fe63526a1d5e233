"""One value for the whole column: the mean, the median or the most frequent value."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.quality.impute.candidates.base import State, Task, shares
from assets.quality.impute.table import Floats, Mask


@dataclass(frozen=True, slots=True)
class ConstantModel:
    """Gives the same row [1] or [labels] everywhere."""

    row: Floats

    def predict(self, encoded: Floats, rows: Mask) -> Floats:
        """The row, once for each chosen row."""
        return np.tile(self.row, (int(rows.sum()), 1))

    def state(self) -> State:
        """The row."""
        return {"row": self.row}


@dataclass(frozen=True, slots=True)
class Constant:
    """A baseline: `of` makes the constant from the known values of a column that is no category."""

    name: str
    of: Callable[[Floats], float] | None
    simple: bool = True

    def suits(self, task: Task) -> bool:
        """Means and medians for numbers and moments, modes for categories."""
        return task.column.classes == (self.of is None)

    def fit(self, task: Task) -> ConstantModel:
        """The constant of the training rows."""
        if self.of is None:
            return ConstantModel(shares(task.known, len(task.column.labels)))
        return ConstantModel(np.array([self.of(task.known)]))

    def restore(self, state: State) -> ConstantModel:
        """From the stored row."""
        return ConstantModel(np.asarray(state["row"], dtype=np.float64))


def mean(values: Floats) -> float:
    """The arithmetic mean."""
    return float(values.mean())


def median(values: Floats) -> float:
    """The median."""
    return float(np.median(values))
