"""The Optuna study over LightGBM's parameters."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna

from job_templates.tabular_classifier.candidates import Trees, fit_trees
from job_templates.tabular_classifier.crossfit import cross_fit, tuning_scores
from job_templates.tabular_classifier.dataset import Dataset, Part

OBJECTIVE = "log_loss"


@dataclass(frozen=True)
class Trial:
    """One set of parameters: when it ran (Unix seconds), how it scored on rows it had not seen."""

    number: int
    params: dict[str, Any]
    metrics: dict[str, float]
    started: float
    seconds: float
    best_so_far: float


@dataclass(frozen=True)
class Search:
    """The study's outcome: the best parameters, how many rounds to boost with them, and every trial."""

    params: dict[str, Any]
    rounds: int
    metrics: dict[str, float]
    trials: list[Trial]
    stopped_early: bool


def space(trial: optuna.Trial) -> dict[str, Any]:
    """LightGBM parameters of one trial; ranges for some thousand to some million rows."""
    return {
        "num_leaves": trial.suggest_int("num_leaves", 4, 48, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 10, 120, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.3, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.5, 1.0),
        "lambda_l2": trial.suggest_float("lambda_l2", 1e-3, 30.0, log=True),
    }


def search(
    data: Dataset, trials: int, seed: int, max_seconds: float, on_trial: Callable[[Trial], None] = lambda _: None
) -> Search:
    """Cross-fit each trial over the train folds and keep the one with the lowest log loss there and on the tune rows.

    Log loss, because the product is a probability and it uses every row: with some hundred positives its ranking of
    trials is steadier than average precision, which hangs on the few rows at the top.
    No trial starts after `max_seconds`, but at least one runs.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    done: list[Trial] = []

    def objective(trial: optuna.Trial) -> float:
        began, clock = time.time(), time.perf_counter()
        params = space(trial)
        rounds: list[int] = []

        def fit(rows: Part, held: Part) -> Trees:
            trees = fit_trees(rows, data.spec.features, params, seed, stop=held)
            rounds.append(trees.booster.num_trees())
            return trees

        metrics = tuning_scores(data, *cross_fit(data, fit)) | {"rounds": float(round(np.mean(rounds)))}
        best = min([metrics[OBJECTIVE], *(t.best_so_far for t in done)])
        done.append(Trial(trial.number, params, metrics, began, time.perf_counter() - clock, best))
        on_trial(done[-1])
        return metrics[OBJECTIVE]

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), direction="minimize")
    study.optimize(objective, n_trials=trials, timeout=max_seconds)
    best = min(done, key=lambda t: t.metrics[OBJECTIVE])
    return Search(best.params, int(best.metrics["rounds"]), best.metrics, done, stopped_early=len(done) < trials)
