"""Values from the rows before and after: for tables whose order means something, such as measurements over time."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assets.quality.impute.candidates.base import State, Task, shares
from assets.quality.impute.table import Floats, Mask

Places = npt.NDArray[np.int64]


class Around(NamedTuple):
    """Of each row: the nearest known value before and after it, never its own; NaN and -1 where there is none."""

    before: Floats
    after: Floats
    gap_before: Places
    gap_after: Places


def around(values: Floats) -> Around:
    """The known neighbours of each row of a column [rows]."""
    count = len(values)
    place = np.arange(count)
    known = ~np.isnan(values)
    last = np.maximum.accumulate(np.where(known, place, -1))
    before = np.concatenate(([-1], last[:-1]))
    following = np.minimum.accumulate(np.where(known, place, count)[::-1])[::-1]
    after = np.concatenate((following[1:], [count]))
    padded = np.concatenate((values, [np.nan]))
    return Around(
        np.where(before >= 0, padded[before], np.nan),
        np.where(after < count, padded[np.minimum(after, count)], np.nan),
        np.where(before >= 0, place - before, -1),
        np.where(after < count, after - place, -1),
    )


@dataclass(frozen=True, slots=True)
class OrderModel:
    """Linear interpolation of numbers; of categories the nearer neighbour, sure where both agree."""

    target: int
    labels: int
    fallback: Floats

    def predict(self, encoded: Floats, rows: Mask) -> Floats:
        """From the neighbours in the frame that is being filled."""
        near = around(encoded[:, self.target])
        before, after = near.before[rows], near.after[rows]
        back, ahead = near.gap_before[rows].astype(np.float64), near.gap_after[rows].astype(np.float64)
        if self.labels:
            return self._votes(before, after, back, ahead)
        share = back / np.maximum(back + ahead, 1.0)
        value = np.where(np.isnan(before), after, np.where(np.isnan(after), before, before + (after - before) * share))
        return np.where(np.isnan(value), self.fallback[0], value)[:, None]

    def _votes(self, before: Floats, after: Floats, back: Floats, ahead: Floats) -> Floats:
        votes = np.tile(self.fallback * 0.1, (len(before), 1))
        for value, gap in ((before, back), (after, ahead)):
            there = np.nonzero(~np.isnan(value))[0]
            votes[there, value[there].astype(np.int64)] += 1.0 / np.maximum(gap[there], 1.0)
        return np.asarray(votes / votes.sum(axis=1, keepdims=True), dtype=np.float64)

    def state(self) -> State:
        """The place of the column and the fallback where no neighbour is known."""
        return {"target": self.target, "labels": self.labels, "fallback": self.fallback}


@dataclass(frozen=True, slots=True)
class Order:
    """Interpolation along the rows."""

    name: str = "neighbours in order"
    simple: bool = False

    def suits(self, task: Task) -> bool:
        """Any column with at least ten known values, where the order of the rows may mean something."""
        return task.in_order and int(task.train.sum()) >= 10

    def fit(self, task: Task) -> OrderModel:
        """Nothing but the fallback is learned."""
        known = task.known
        if task.column.classes:
            labels = len(task.column.labels)
            return OrderModel(task.target, labels, shares(known, labels))
        return OrderModel(task.target, 0, np.array([float(np.median(known))]))

    def restore(self, state: State) -> OrderModel:
        """From the stored places."""
        return OrderModel(int(state["target"]), int(state["labels"]), np.asarray(state["fallback"], dtype=np.float64))
