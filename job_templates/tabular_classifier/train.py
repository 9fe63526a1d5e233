"""From a dataset to two calibrated models with their ONNX forms, proven equal: the tuned one and the baseline."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job_templates.tabular_classifier import calibration, convert
from job_templates.tabular_classifier.candidates import Linear, Scorer, fit_linear, fit_trees
from job_templates.tabular_classifier.crossfit import cross_fit, tuning_scores
from job_templates.tabular_classifier.dataset import Dataset, Floats, Part
from job_templates.tabular_classifier.metrics import measure
from job_templates.tabular_classifier.search import OBJECTIVE, Search, Trial, search

PENALTIES = (0.001, 0.01, 0.1, 1.0)  # inverse strengths tried for the baseline
TOLERANCE = 1e-5  # between native and ONNX probabilities; float32 gives about 1e-7


@dataclass(frozen=True)
class Fitted:
    """A calibrated model, its parameters, its ONNX form and what was measured."""

    scorer: Scorer
    platt: calibration.Platt
    params: dict[str, Any]
    onnx: bytes
    tune: dict[str, float]
    test: dict[str, float]
    agreement: dict[str, float]

    def probability(self, x: Floats) -> NDArray[np.float64]:
        """Native probabilities [N] of features [N, F]."""
        return self.platt(self.scorer.raw(x))


@dataclass(frozen=True)
class Trained:
    """The outcome of a training: the model to publish, the baseline it was chosen against, and the study."""

    chosen: Fitted
    baseline: Fitted
    study: Search
    data: Dataset


def train(
    data: Dataset, trials: int, seed: int, max_seconds: float, on_trial: Callable[[Trial], None] = lambda _: None
) -> Trained:
    """Tune trees, fit the baseline, and choose the one with the lower log loss on rows it had not seen.

    The test rows take no part in any choice. The same data, arguments and library versions give the same models,
    unless `max_seconds` cut the search short.

    Raises:
        ModelError: an ONNX form disagrees with its model.
    """
    study = search(data, trials, seed, max_seconds, on_trial)

    def trees(rows: Part) -> Scorer:
        return fit_trees(rows, data.spec.features, study.params, seed, rounds=study.rounds)

    tuned = fit(data, trees, study.params | {"rounds": study.rounds}, seed)
    baseline = best_linear(data, seed)
    return Trained(tuned if _loss(tuned) <= _loss(baseline) else baseline, baseline, study, data)


def best_linear(data: Dataset, seed: int) -> Fitted:
    """The logistic regression with the penalty that does best on rows it had not seen."""

    def loss(c: float) -> float:
        scores = tuning_scores(data, *cross_fit(data, lambda rows, _held: fit_linear(rows, data.spec.features, c)))
        return scores[OBJECTIVE]

    best = min(PENALTIES, key=loss)
    return fit(data, lambda rows: fit_linear(rows, data.spec.features, best), {"C": best}, seed)


def fit(data: Dataset, make: Callable[[Part], Scorer], params: dict[str, Any], seed: int) -> Fitted:
    """Fit on the train rows, calibrate, convert, prove the conversion on all test rows, and measure.

    The calibration sees only scores of rows that the scoring model was not fitted on: the train rows cross-fitted,
    and the calibrate rows.
    The proof also scores the test rows with a third of all values blanked, since live rows have gaps that held-out
    rows may not show.
    """
    scorer = make(data.train)
    unseen, models = cross_fit(data, lambda rows, _held: make(rows))
    raw = np.concatenate([unseen, scorer.raw(data.calibrate.x)])
    platt = calibration.fit(raw, np.concatenate([data.train.y, data.calibrate.y]))
    model = convert.to_onnx(scorer, platt)
    probability = platt(scorer.raw(data.test.x))
    gaps = data.test.x.copy()
    gaps[np.random.default_rng(seed).random(gaps.shape) < 1 / 3] = np.nan
    with_gaps = np.vstack([gaps, np.full((1, gaps.shape[1]), np.nan, np.float32)])
    if isinstance(scorer, Linear):  # its one-hot step knows codes only: a gap in a category is -1
        with_gaps = _codes(with_gaps, scorer)
    return Fitted(
        scorer=scorer,
        platt=platt,
        params=params,
        onnx=model,
        tune=tuning_scores(data, unseen, models),
        test=measure(data.test.y, probability),
        agreement=convert.agreement(probability, convert.run_onnx(model, data.test.x), TOLERANCE)
        | {
            f"{name}_with_gaps": value
            for name, value in convert.agreement(
                platt(scorer.raw(with_gaps)), convert.run_onnx(model, with_gaps), TOLERANCE
            ).items()
        },
    )


def summary(trained: Trained) -> dict[str, Any]:
    """Everything measured, as JSON-able values."""
    return {
        "family": trained.chosen.scorer.family,
        "params": trained.chosen.params,
        "test": trained.chosen.test,
        "tune": trained.chosen.tune,
        "agreement": trained.chosen.agreement,
        "importance": trained.chosen.scorer.importance(),
        "calibration": asdict(trained.chosen.platt),
        "baseline": {
            "family": trained.baseline.scorer.family,
            "params": trained.baseline.params,
            "test": trained.baseline.test,
            "tune": trained.baseline.tune,
            "calibration": asdict(trained.baseline.platt),
        },
        "rows": {n: len(getattr(trained.data, n).y) for n in ("train", "tune", "calibrate", "test")},
        "positives": {n: int(getattr(trained.data, n).y.sum()) for n in ("train", "tune", "calibrate", "test")},
        "trials": len(trained.study.trials),
        "stopped_early": trained.study.stopped_early,
    }


def _loss(fitted: Fitted) -> float:
    return fitted.tune[OBJECTIVE]


def _codes(x: Floats, scorer: Linear) -> Floats:
    kinds = np.array([bool(column.categories) or column.kind == "category" for column in scorer.inputs])
    return np.where(np.isnan(x) & kinds, np.float32(-1), x)
