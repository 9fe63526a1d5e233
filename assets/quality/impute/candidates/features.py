"""Numbers for the models that need complete and scaled inputs."""

from dataclasses import dataclass

import numpy as np

from assets.quality.impute.candidates.base import State
from assets.quality.impute.table import Column, Floats, Mask

MOST_ONE_HOT = 12
_LEAST_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Scaled:
    """Inputs of a linear or distance model: numbers, their logarithms where all are positive, and one-hot categories.

    Attributes:
        plan: [features, 3]: place of the column, form (0 value, 1 logarithm, 2 is this label), label code.
        fill, mean, spread: [features], what stands for missing and how a feature is scaled.
    """

    plan: Floats
    fill: Floats
    mean: Floats
    spread: Floats

    def of(self, encoded: Floats, rows: Mask) -> Floats:
        """The features [n, features] of the chosen rows, without NaN."""
        raw = _raw(encoded[rows], self.plan)
        return np.asarray((np.where(np.isnan(raw), self.fill, raw) - self.mean) / self.spread, dtype=np.float64)

    def state(self) -> State:
        """The plan and the scales."""
        return {"plan": self.plan, "fill": self.fill, "mean": self.mean, "spread": self.spread}


def restore(state: State) -> Scaled:
    """From what `Scaled.state` gave."""
    return Scaled(*(np.asarray(state[key], dtype=np.float64) for key in ("plan", "fill", "mean", "spread")))


def scaled(encoded: Floats, columns: tuple[Column, ...], target: int, train: Mask, *, logs: bool) -> Scaled:
    """Learns the scales from the training rows; constant features are left out."""
    known = encoded[train]
    plan = [step for place in range(len(columns)) if place != target for step in _forms(place, columns, known, logs)]
    table = np.array(plan, dtype=np.float64).reshape(-1, 3)
    raw = _raw(known, table)
    with np.errstate(all="ignore"):
        filled = np.where(np.isnan(raw), 0.0, raw)
        there = np.maximum((~np.isnan(raw)).sum(axis=0), 1)
        fill = filled.sum(axis=0) / there
        complete = np.where(np.isnan(raw), fill, raw)
        spread = complete.std(axis=0)
    useful = spread > _LEAST_SPREAD * np.maximum(np.abs(fill), 1.0)
    return Scaled(table[useful], fill[useful], complete.mean(axis=0)[useful], spread[useful])


def _forms(place: int, columns: tuple[Column, ...], known: Floats, logs: bool) -> list[tuple[int, int, int]]:
    column = columns[place]
    if column.kind == "other":
        return []
    if column.classes:
        return [(place, 2, code) for code in range(min(len(column.labels), MOST_ONE_HOT))]
    values = known[:, place]
    values = values[~np.isnan(values)]
    forms = [(place, 0, 0)]
    if logs and len(values) and column.kind != "moment" and values.min() > 0:
        forms.append((place, 1, 0))
    return forms


def _raw(encoded: Floats, plan: Floats) -> Floats:
    out = np.empty((len(encoded), len(plan)))
    for feature, (place, form, code) in enumerate(plan.astype(np.int64)):
        value = encoded[:, place]
        if form == 0:
            out[:, feature] = value
        elif form == 1:
            out[:, feature] = np.log(np.maximum(value, np.finfo(np.float64).tiny))
        else:
            out[:, feature] = np.where(np.isnan(value), np.nan, value == code)
    return out
