"""The judgement: who may become champion."""

import numpy as np
import pytest

from assets.models.evaluation import judge

RANDOM = np.random.default_rng(11)
TRUE = RANDOM.beta(1, 6, 3000)
Y = (RANDOM.random(3000) < TRUE).astype(np.int8)
NOISY = np.clip(TRUE + RANDOM.normal(0, 0.15, 3000), 0.005, 0.995)
CONSTANT = np.full(3000, float(Y.mean()))


def test_a_better_candidate_passes_and_its_gain_is_positive() -> None:
    verdict = judge(Y, {"candidate": TRUE, "baseline": NOISY, "champion": NOISY})
    assert verdict.passed and verdict.reasons == ()
    assert verdict.differences["champion"]["log_loss"].low > 0
    assert verdict.differences["champion"]["auc"].gain == pytest.approx(
        verdict.metrics["candidate"]["auc"] - verdict.metrics["champion"]["auc"]
    )


def test_a_worse_candidate_is_refused_naming_opponent_and_metric() -> None:
    verdict = judge(Y, {"candidate": NOISY, "baseline": NOISY, "champion": TRUE})
    assert not verdict.passed
    assert any("log_loss" in r and "champion" in r and "beyond chance" in r for r in verdict.reasons)
    assert not any("baseline" in r for r in verdict.reasons)


def test_worse_than_the_baseline_is_refused_without_any_champion() -> None:
    assert any("baseline" in r for r in judge(Y, {"candidate": NOISY, "baseline": TRUE}).reasons)


def test_the_champion_itself_passes_again() -> None:
    verdict = judge(Y, {"candidate": TRUE, "baseline": NOISY, "champion": TRUE})
    assert verdict.passed and verdict.differences["champion"]["auc"].gain == 0


def test_no_better_than_a_constant_is_refused() -> None:
    verdict = judge(Y, {"candidate": CONSTANT, "baseline": CONSTANT})
    assert len(verdict.reasons) == 1 and "constant" in verdict.reasons[0]


def test_a_large_loss_is_refused_even_when_chance_could_explain_it() -> None:
    few = slice(0, 60)
    worse = np.clip(TRUE[few] + np.linspace(-0.12, 0.12, 60), 0.005, 0.995)
    verdict = judge(Y[few], {"candidate": worse, "baseline": TRUE[few]})
    gain = verdict.differences["baseline"]["log_loss"]
    assert gain.low < 0 < gain.high and gain.gain < 0  # chance could explain it
    assert any("more than" in r for r in verdict.reasons)


def test_good_ranking_with_wrong_probabilities_is_refused() -> None:
    verdict = judge(Y, {"candidate": TRUE**0.3, "baseline": TRUE})
    assert verdict.metrics["candidate"]["auc"] == pytest.approx(verdict.metrics["baseline"]["auc"])
    assert any("log_loss" in r for r in verdict.reasons)
