"""Figures with noise: near the truth, bounded in what one person can change, and neighbours cannot be told apart."""

import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.security.privacy.answers import Question, answer, bounded
from assets.security.privacy.budget import Budget, Ledger
from assets.security.privacy.noisy import Asked, adder, counter, discovered, error_of, tally
from assets.security.protect.errors import ProtectionError
from core.settings import Settings

RUNS = 4_000
SURE = 5.0  # standard deviations that a share may be off by chance


def bound(one: list[int], other: list[int]) -> float:
    """The greatest log ratio of shares of "at most t" and "more than t" that chance does not explain."""
    worst = -math.inf
    first, second = Counter(one), Counter(other)
    for t in sorted(set(one) | set(other)):
        for below in (True, False):
            p, q = (sum(n for v, n in c.items() if (v <= t) == below) / RUNS for c in (first, second))
            for a, b in ((p, q), (q, p)):
                low = a - SURE * math.sqrt(a * (1 - a) / RUNS)
                high = b + SURE * math.sqrt(b * (1 - b) / RUNS) + SURE**2 / RUNS
                if low > 0:
                    worst = max(worst, math.log(low / high))
    return worst


def released(release: Callable[[list[float]], float], values: list[float]) -> list[int]:
    return [round(release(values)) for _ in range(RUNS)]


def test_neighbours_cannot_be_told_apart_better_than_epsilon_and_the_test_would_notice(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """Empirical: of 4,000 releases each, no half-line of outcomes is likelier by more than e^epsilon."""
    epsilon, contributions = 1.0, 2
    data, without = [1.0] * 20, [1.0] * 18  # one person with two rows
    release, scale = counter(Asked(epsilon, contributions=contributions))
    assert scale == pytest.approx(contributions / epsilon)
    kept = bound(released(release, data), released(release, without))
    assert 0.6 * epsilon < kept <= epsilon  # nearly all that is allowed is used, no more
    total, _ = adder(Asked(epsilon, contributions=contributions), 0, 5)
    clamped = bound(released(total, [*without, 99.0, 99.0]), released(total, without))
    assert clamped <= epsilon
    # noise for a tenth of the sensitivity is noticed
    weak, _ = counter(Asked(10 * epsilon, contributions=contributions))
    assert bound(released(weak, data), released(weak, without)) > epsilon
    _spent_and_refused(make_settings, tmp_path)


def _spent_and_refused(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings, batches = _site(make_settings, tmp_path)
    first = answer(settings, "people.csv", batches, Question("count"), Asked(0.6), "ann")
    assert abs(first.figures["value"].value - 200) < 60 and first.spent.epsilon_left == pytest.approx(0.4)
    with pytest.raises(ProtectionError, match=r"epsilon 0\.4 of 1 and delta 1e-06 are left"):
        answer(settings, "people.csv", batches, Question("count"), Asked(0.5), "ann")


def _site(make_settings: Callable[..., Settings], tmp_path: Path) -> tuple[Settings, Callable[[], object]]:
    folder = tmp_path / "protection"
    folder.mkdir()
    (folder / "privacy.yaml").write_text(
        "datasets:\n  people.csv: {epsilon: 1, delta: 1.0e-6, unit: person, contributions: 2}\n"
    )
    frame = pl.DataFrame(
        {"person": [n // 3 for n in range(300)], "age": [20.0 + n % 50 for n in range(300)], "city": ["Ulm"] * 300}
    )
    return make_settings(protection=folder), lambda: iter([frame[:150], frame[150:]])


def test_at_most_so_many_rows_of_a_person_count() -> None:
    frame = pl.DataFrame({"u": [1, 1, 1, 2, None], "v": [1.0, 2.0, 3.0, None, 5.0]})
    of = Budget(epsilon=1, unit="u", contributions=2)
    drawn = [tuple(sorted(bounded(lambda: iter([frame]), of, "v"))) for _ in range(40)]
    assert set(drawn) == {(1.0, 2.0), (1.0, 3.0), (2.0, 3.0)}  # by chance which
    assert len(bounded(lambda: iter([frame]), Budget(epsilon=1), "")) == 5
    assert bounded(lambda: iter([]), of, "v").to_list() == []


@pytest.mark.parametrize("asked", [Asked(2.0), Asked(2.0, 1e-6, noise="gaussian")])
def test_figures_are_near_the_truth(asked: Asked) -> None:
    values = [30.0] * 500 + [70.0] * 500
    total, scale = adder(asked, 0, 50)
    assert abs(total(values) - (500 * 30 + 500 * 50)) < 12 * scale
    parts, scale = tally(asked, ["a", "b", "c"])
    assert all(
        abs(v - t) < 12 * scale for v, t in zip(parts(["a"] * 90 + ["b"] * 10 + ["z"]), (90, 10, 0), strict=True)
    )
    count, scale = counter(asked)
    off = [abs(count([0] * 50) - 50) for _ in range(400)]
    inside = sum(v <= error_of(scale, asked.noise) + 0.5 for v in off) / 400
    assert 0.9 < inside <= 1.0


@pytest.mark.parametrize("asked", [Asked(0.1), Asked(0.1, 1e-6, noise="gaussian")])
def test_noise_of_figures_is_of_whole_numbers_and_from_opendp_alone(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise in floating point would tell of the sum by its lowest bits (Mironov 2012)."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("noise from elsewhere")

    for place, name in ((np.random, "default_rng"), (np.random, "normal"), (np.random, "laplace"), (random, "gauss")):
        monkeypatch.setattr(place, name, never)
    total, _ = adder(asked, -3, 50)
    sums = [total([0.1, 7.3, 49.99]) / (50 / 2**20) for _ in range(30)]
    count, tallied = counter(asked)[0], tally(asked, ["a", "b"])[0]
    counts = [count([1, 2, 3]) for _ in range(30)]
    parts = [v for _ in range(30) for v in tallied(["a"])]
    for found in (sums, counts, parts):
        assert all(v == round(v) for v in found) and len(set(found)) > 3


def test_rare_values_do_not_come_out() -> None:
    release, _, threshold = discovered(Asked(1.0, 1e-6, 2))
    found = release(["Berlin"] * (threshold * 4) + ["the only one"])
    assert set(found) == {"Berlin"}
    with pytest.raises(ProtectionError, match="need a delta"):
        discovered(Asked(1.0))


def test_answers_and_what_costs_nothing(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings, batches = _site(make_settings, tmp_path)

    def ask(question: Question, asked: Asked) -> dict[str, float]:
        found = answer(settings, "people.csv", batches, question, asked, "ann")
        return {name: figure.value for name, figure in found.figures.items()}

    assert 20 < ask(Question("mean", "age", (0, 100)), Asked(0.3))["value"] < 70  # 44.5, noise of 9 at most in 95 %
    bins = ask(Question("histogram", "age", edges=(30, 50)), Asked(0.3))
    assert list(bins) == ["below 30", "30 to 50", "50 and more"] and abs(sum(bins.values()) - 200) < 150
    wrong = [
        (Question("median", "age"), Asked(0.1), "is no figure"),
        (Question("sum", "age"), Asked(0.1), "needs bounds"),
        (Question("sum", "age", (5, 5)), Asked(0.1), "are none"),
        (Question("mean"), Asked(0.1), "of what"),
        (Question("sum", "wages", (0, 1)), Asked(0.1), "no column 'wages'"),
        (Question("histogram", "city"), Asked(0.1), "need a delta"),
        (Question("histogram", "city", categories=("a", "a")), Asked(0.1), "named twice"),
        (Question("histogram", "age", edges=(3, 1)), Asked(0.1), "do not grow"),
    ]
    for question, asked, why in wrong:
        with pytest.raises(ProtectionError, match=why):
            ask(question, asked)
    with pytest.raises(ProtectionError, match="needs a delta"):
        Asked(0.1, noise="gaussian")
    of = Budget(epsilon=1, delta=1e-6)
    assert Ledger(settings.vault).left("people.csv", of).epsilon == pytest.approx(0.6)
