"""Planted groups are found again, unstable ones are called so, names follow the groups' medians."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

from assets.analytics.segments import STABLE, Trial, choose, name_groups, segments
from core.errors import SourceError


def households(groups: list[tuple[float, float, float]], each: int, spread: float) -> tuple[pl.DataFrame, np.ndarray]:
    """Households around (recency, frequency, money) centres, log-normally spread, and their true group."""
    draw = np.random.default_rng(5)
    rows = np.concatenate([np.array(g) * np.exp(draw.normal(0, spread, (each, 3))) for g in groups])
    frame = pl.DataFrame(
        {
            "household_id": np.arange(len(rows)),
            "recency_days": rows[:, 0].astype(np.int32),
            "frequency": rows[:, 1].astype(np.int64),
            "monetary": rows[:, 2].round(2),
        }
    )
    return frame, np.repeat(np.arange(len(groups)), each)


@pytest.mark.covers("DATA-053")
def test_planted_segments_are_recovered_with_their_number() -> None:
    frame, truth = households([(2, 90, 5000), (15, 30, 900), (40, 8, 150), (200, 3, 60)], each=60, spread=0.18)
    found = segments(frame, bootstraps=5)
    assert found.chosen.groups == 4
    assert found.stable and found.chosen.stability > 0.95
    assert adjusted_rand_score(truth, found.frame["segment"].to_list()) > 0.95
    assert found.frame["household_id"].equals(frame["household_id"])
    names = found.profile["segment"].to_list()
    assert names[0] == "Champions" and names[-1] == "Lost"
    assert found.profile["households"].sum() == 240
    assert found.profile["money_percent"].sum() == pytest.approx(100, abs=0.3)


def test_the_same_households_give_the_same_segments() -> None:
    frame, _ = households([(3, 50, 900), (60, 6, 90)], each=60, spread=0.5)
    first, second = segments(frame, bootstraps=2), segments(frame, bootstraps=2)
    assert first.frame.equals(second.frame) and first.trials == second.trials


def test_structureless_households_are_less_stable_than_planted_ones() -> None:
    frame, _ = households([(20, 20, 400)], each=200, spread=1.0)
    assert min(t.stability for t in segments(frame, bootstraps=4).trials) < STABLE


def test_choice_prefers_the_best_silhouette_among_stable_numbers() -> None:
    trials = [Trial(3, 0.5, 0.7, 0.4), Trial(4, 0.4, 0.85, 0.6), Trial(5, 0.45, 0.9, 0.7)]
    assert choose(trials).groups == 5
    assert choose([*trials[:1], Trial(6, 0.1, 0.75, 0.5)]).groups == 6


def test_names_follow_the_medians_and_equal_names_are_numbered() -> None:
    money = [1.0, 2, 3, 4, 30, 30, 30, 30, 100, 100, 101, 101]
    frame = pl.DataFrame({"recency_days": [1] * 12, "frequency": [9] * 12, "monetary": money})
    named = name_groups(frame, np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3]))
    assert named == {3: "Champions", 2: "Champions (2)", 1: "Loyal", 0: "Light"}


def test_too_few_households_are_refused() -> None:
    frame, _ = households([(3, 50, 900)], each=20, spread=0.5)
    with pytest.raises(SourceError, match=r"20 households.*\n.*at least 50"):
        segments(frame)
