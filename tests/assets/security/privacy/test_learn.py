"""DP-SGD: what a step may tell is bounded, the accountant is right where that is known, and a model still learns."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from assets.security.privacy.accountant import epsilon, noise_for, renyi
from assets.security.privacy.learn import Input, Plan, clipped, descend, features, probabilities
from assets.security.protect.errors import ProtectionError
from orchestration.cli.main import main


def test_one_step_over_everybody_is_the_gaussian_mechanism() -> None:
    assert renyi(1.0, 2.0, 8) == pytest.approx(1.0)
    # Balle and Wang (2018): exactly 4.377 for noise 1 at delta 1e-5; Renyi orders are a bound close above it
    assert 4.377 <= epsilon(1.0, 1.0, 1, 1e-5) <= 4.377 * 1.15


def test_the_published_figure_of_mnist() -> None:
    # 60,000 examples, batches of 256, noise 1.1, 60 epochs, delta 1e-5: epsilon 3.01 by the conversion of 2017,
    # which is never below that of 2020
    found = epsilon(256 / 60_000, 1.1, 14_062, 1e-5)
    assert 2.4 < found < 3.01


@pytest.mark.parametrize(("rate", "steps"), [(1.0, 1), (0.1, 50), (0.01, 2000)])
def test_noise_is_the_least_that_is_enough(rate: float, steps: int) -> None:
    noise = noise_for(2.0, rate, steps, 1e-6)
    assert epsilon(rate, noise, steps, 1e-6) <= 2.0 < epsilon(rate, noise / 1.01, steps, 1e-6)


def test_more_steps_cost_more_and_impossible_budgets_are_told() -> None:
    assert epsilon(0.1, 1.0, 10, 1e-6) < epsilon(0.1, 1.0, 11, 1e-6) < epsilon(0.11, 1.0, 11, 1e-6)
    with pytest.raises(ProtectionError, match="too small"):
        noise_for(1e-3, 0.1, 10, 1e-6)


def test_one_person_moves_a_step_by_at_most_one() -> None:
    random = np.random.default_rng(1)
    rows, person = random.uniform(-1, 1, (60, 4)), np.repeat(np.arange(6), 10)
    answers, weights = random.integers(0, 2, 60).astype(float), random.normal(0, 5, 4)
    whole = clipped(rows, answers, person, weights)
    for one in range(6):
        rest = person != one
        assert np.linalg.norm(whole - clipped(rows[rest], answers[rest], person[rest], weights)) <= 1 + 1e-12


def test_features_stay_within_what_is_public() -> None:
    frame = pl.DataFrame({"age": [17, 54, 200, None], "city": ["Bonn", "Paris", None, "Berlin"]})
    found = features(frame, [Input("age", (18, 90)), Input("city", categories=("Berlin", "Bonn"))])
    np.testing.assert_allclose(found, [[-1, 0, 1, 1], [0, 0, 0, 1], [1, 0, 0, 1], [0, 1, 0, 1]])


def test_it_learns_and_more_privacy_needs_more_noise() -> None:
    random = np.random.default_rng(2)
    inputs = np.column_stack([random.uniform(-1, 1, (4000, 2)), np.ones(4000)])
    answers = (inputs[:, 0] + 0.5 * inputs[:, 1] + random.normal(0, 0.1, 4000) > 0).astype(float)
    plan, person = Plan(2, 1e-6, batch=200, epochs=5), np.arange(4000)
    found = {}
    for wanted in (2.0, 0.05):
        noise = noise_for(wanted, 0.05, 100, 1e-3)
        runs = [descend(inputs, answers, person, 0.05, 100, noise, plan, np.random.default_rng(s)) for s in range(8)]
        found[wanted] = np.std(runs, axis=0).mean()
        assert wanted < 1 or min(((inputs @ weights > 0) == answers).mean() for weights in runs) > 0.93
    assert found[0.05] > 5 * found[2.0]


@pytest.mark.covers("OPS-074")
def test_a_model_on_the_command_line_is_paid_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HOME": tmp_path / "home", "PROTECTION": tmp_path}.items():
        monkeypatch.setenv(f"HEDDLE_{name}", str(value))
    random = np.random.default_rng(4)
    age = random.integers(18, 90, 3000)
    frame = pl.DataFrame({"who": np.arange(3000), "age": age, "left": np.where(age > 54, "yes", "no")})
    frame.write_csv(tmp_path / "people.csv")
    table = str(tmp_path / "people.csv")
    (tmp_path / "privacy.yaml").write_text(
        json.dumps({"datasets": {table: {"epsilon": 3, "delta": 1e-5, "unit": "who"}}})
    )
    words = ["protect", "dp", "model", table, "--label", "left=yes", "--feature", "age=18:90", "--epsilon", "2"]
    out = tmp_path / "model.json"
    done = CliRunner().invoke(main, [*words, "--output", str(out)])
    assert done.exit_code == 0, done.output
    assert "epsilon 1," in done.output
    made = json.loads(out.read_text())
    assert ((probabilities(made, frame) > 0.5) == (frame["left"] == "yes").to_numpy()).mean() > 0.9
    again = CliRunner().invoke(main, [*words, "--output", str(tmp_path / "other.json")])
    assert again.exit_code == 2 and "does not allow" in again.output
    assert not (tmp_path / "other.json").exists()
    for more in (["--output", str(tmp_path / "people.csv" / "m.json")], ["--epsilon", "0.001", "--output", str(out)]):
        refused = CliRunner().invoke(main, [*words, *more])
        assert refused.exit_code == 2 and ("cannot be written" in refused.output or "too small" in refused.output)
    assert "epsilon 1 of 3" in CliRunner().invoke(main, ["protect", "dp", "budget", table]).output
    wrong = CliRunner().invoke(main, [*words[:5], "left", *words[6:], "--output", str(out)])
    assert wrong.exit_code == 2 and "--label churned=yes" in wrong.output
