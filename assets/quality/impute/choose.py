"""Which way of filling a column is the best, and whether it is worth anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assets.quality.impute.table import Floats
from assets.quality.impute.trials import Trials

_ROUNDS = 20
_MOST_BLENDED = 4
_LEAST_BLEND_GAIN = 0.01
_LEAST_GAIN = 0.1  # of smaller ones a fifth was none where values were missing by their own value
_LEAST_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The verdict over one column.

    Attributes:
        weights: the candidates to blend and their weights, which add up to 1; empty where the column is refused.
        errors: per candidate the error on hidden cells: root mean squared error in the column's unit, or the share of
            wrong labels; `blend` is that of the weights.
        baseline: the best of the simple candidates.
        gain: 1 - error of the choice / error of the baseline.
        reason: in words.
        spread: the standard error of the mean difference of losses, as a share of the baseline's loss.
        tolerances: quantiles .5, .8, .95 of the absolute error of the choice (numbers), for error estimates.
    """

    weights: Mapping[str, float]
    errors: Mapping[str, float]
    baseline: str
    gain: float
    reason: str
    spread: float
    tolerances: tuple[float, ...]

    @property
    def refused(self) -> bool:
        """Whether the column is left as it is."""
        return not self.weights


def choose(trials: Trials, simple: Sequence[str], *, classes: bool) -> Choice:
    """Blends candidates by greedy selection (Caruana et al., 2004) and refuses what does not beat the best constant.

    A choice has to lower the error by 10 %, and the loss by more than two standard errors of the paired difference: the
    best of several candidates is better by chance alone, and what is missing because of its own value is not like the
    hidden cells.
    """
    trials = _settled(trials, simple)
    losses = {name: _losses(said, trials.truth, classes) for name, said in trials.said.items()}
    errors = {name: _error(loss, classes) for name, loss in losses.items()}
    there = [name for name in simple if name in errors]
    if not there:
        return Choice({}, {}, "", 0.0, "too few known values to try anything", 0.0, ())
    baseline = min(there, key=lambda name: errors[name])
    weights = _blend(trials, classes)
    blended = _mixed(trials.said, weights)
    loss = _losses(blended, trials.truth, classes)
    errors["blend"] = _error(loss, classes)
    best = min((name for name in errors if name != "blend"), key=lambda name: errors[name])
    if errors["blend"] > errors[best] * (1 - _LEAST_BLEND_GAIN):
        weights, blended, loss = {best: 1.0}, trials.said[best], losses[best]
    return _judged(trials, weights, blended, loss, losses[baseline], errors, baseline, classes)


def _settled(trials: Trials, simple: Sequence[str]) -> Trials:
    """Constants as the mean over all trials: the most frequent value of the rest is rarer in what was hidden."""
    settled = {n: np.broadcast_to(s.mean(axis=0), s.shape) if n in simple else s for n, s in trials.said.items()}
    return Trials(trials.truth, settled)


def _judged(
    trials: Trials,
    weights: dict[str, float],
    blended: Floats,
    loss: Floats,
    base: Floats,
    errors: dict[str, float],
    baseline: str,
    classes: bool,
) -> Choice:
    difference = base - loss
    scale = max(float(base.mean()), 1e-300)
    spread = float(difference.std()) / np.sqrt(max(len(difference), 1)) / scale
    gained = float(difference.mean()) / scale
    before, after = _error(base, classes), _error(loss, classes)
    gain = 1 - after / before if before > 0 else 0.0
    tolerances = () if classes else tuple(np.quantile(np.abs(blended[:, 0] - trials.truth), (0.5, 0.8, 0.95)).tolist())
    says = f"error on {len(trials.truth):,} hidden cells {after:.4g} against {before:.4g} of the {baseline}"
    if gain < _LEAST_GAIN or gained <= _LEAST_ERRORS * spread:
        return Choice({}, errors, baseline, gain, f"left as it is: {says}, no real gain", spread, ())
    return Choice(weights, errors, baseline, gain, f"{' + '.join(weights)}: {says}", spread, tolerances)


def _losses(said: Floats, truth: Floats, classes: bool) -> Floats:
    """[n] squared errors, or 0 and 1 for right and wrong labels."""
    if classes:
        return np.asarray(said.argmax(axis=1) != truth, dtype=np.float64)
    return np.asarray((said[:, 0] - truth) ** 2, dtype=np.float64)


def _error(loss: Floats, classes: bool) -> float:
    return float(loss.mean()) if classes else float(np.sqrt(loss.mean()))


def _goal(said: Floats, truth: Floats, classes: bool) -> float:
    if not classes:
        return float(((said[:, 0] - truth) ** 2).mean())
    sure = said[np.arange(len(truth)), truth.astype(np.int64)]
    return float(-np.log(np.maximum(sure, 1e-6)).mean())


def _blend(trials: Trials, classes: bool) -> dict[str, float]:
    sums: Floats = np.zeros(1)
    counts, taken = dict.fromkeys(trials.said, 0), 0
    best = np.inf
    for _ in range(_ROUNDS):
        open_ = [n for n in counts if counts[n] or sum(c > 0 for c in counts.values()) < _MOST_BLENDED]
        goals = {n: _goal((sums + trials.said[n]) / (taken + 1), trials.truth, classes) for n in open_}
        name = min(goals, key=lambda n: goals[n])
        if taken and goals[name] >= best and counts[name] == 0:
            break
        best = goals[name]
        sums, taken = sums + trials.said[name], taken + 1
        counts[name] += 1
    return {name: count / taken for name, count in counts.items() if count}


def _mixed(said: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    return np.asarray(sum(said[name] * weight for name, weight in weights.items()), dtype=np.float64)
