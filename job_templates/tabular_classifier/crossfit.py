"""Scores for the train rows from models that have not seen them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from job_templates.tabular_classifier.candidates import Scorer
from job_templates.tabular_classifier.dataset import Dataset, Part
from job_templates.tabular_classifier.metrics import measure

Fit = Callable[[Part, Part], Scorer]  # (rows to fit, rows held out)


def cross_fit(data: Dataset, fit: Fit) -> tuple[NDArray[np.float64], list[Scorer]]:
    """Raw scores [N] of the train rows, each from the model of the other folds, and those models."""
    raw = np.zeros(len(data.train.y))
    models = []
    for fold in np.unique(data.folds):
        held = data.folds == fold
        models.append(fit(_rows(data.train, ~held), _rows(data.train, held)))
        raw[held] = models[-1].raw(data.train.x[held])
    return raw, models


def tuning_scores(data: Dataset, raw: NDArray[np.float64], models: list[Scorer]) -> dict[str, float]:
    """Metrics over the train rows, cross-fitted, and the tune rows, which the fold models score together."""
    tune = np.mean([m.raw(data.tune.x) for m in models], axis=0)
    return measure(np.concatenate([data.train.y, data.tune.y]), np.asarray(expit(np.concatenate([raw, tune]))))


def _rows(part: Part, chosen: NDArray[np.bool_]) -> Part:
    return Part(part.x[chosen], part.y[chosen], part.frame.filter(chosen))
