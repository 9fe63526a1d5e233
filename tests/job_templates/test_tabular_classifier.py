"""The tabular classifier template: what it refuses, what it writes, and that the ONNX form is the model."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import polars as pl
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score

from core.errors import ModelError
from core.signature import Input, Kind
from job_templates.tabular_classifier import calibration, convert, dataset, main, metrics, package
from job_templates.tabular_classifier.candidates import Linear, Trees, fit_linear
from job_templates.tabular_classifier.train import Trained, best_linear, train
from tests.fakes import tabular


def load(folder: Path) -> dataset.Dataset:
    return dataset.load(folder / "data.parquet", folder / "dataset.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tabular.write(tmp_path_factory.mktemp("dataset"))


@pytest.fixture(scope="module")
def trained(folder: Path) -> Trained:
    return train(load(folder), trials=4, seed=3, max_seconds=60)


def test_same_data_and_seed_give_the_same_bytes(folder: Path, trained: Trained) -> None:
    again = train(load(folder), trials=4, seed=3, max_seconds=60)
    assert again.chosen.onnx == trained.chosen.onnx and again.baseline.onnx == trained.baseline.onnx
    assert package.content(again) == package.content(trained)
    for model in (trained.chosen.onnx, trained.baseline.onnx):  # hash order differs from process to process
        domains = [imported.domain for imported in onnx.load_from_string(model).opset_import]
        assert domains == sorted(domains) and len(domains) == 2
    assert train(load(folder), trials=4, seed=4, max_seconds=60).chosen.onnx != trained.chosen.onnx


def test_it_learns_the_planted_interaction_that_a_linear_model_cannot(trained: Trained) -> None:
    assert isinstance(trained.chosen.scorer, Trees)
    assert trained.chosen.test["auc"] > trained.baseline.test["auc"] + 0.03
    shares = trained.chosen.scorer.importance()
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares["spend"], shares["visits"]) > max(shares["constant"], shares["nothing"], shares["no_values"]) == 0


def test_households_do_not_cross_from_tuning_to_calibration(trained: Trained) -> None:
    data = trained.data
    assert not set(data.tune.frame["household_id"]) & set(data.calibrate.frame["household_id"])
    assert len(data.tune.y) + len(data.calibrate.y) == 450 and len(data.train.y) == 900


def test_a_train_row_is_scored_only_by_models_that_have_not_seen_its_time(trained: Trained) -> None:
    from job_templates.tabular_classifier.crossfit import cross_fit

    data = trained.data
    times = data.train.frame["as_of"].to_numpy()
    seen: list[tuple[int, int]] = []

    def fit(rows: dataset.Part, held: dataset.Part) -> Linear:
        assert not set(rows.frame["as_of"]) & set(held.frame["as_of"])
        seen.append((len(rows.y), len(held.y)))
        return fit_linear(rows, data.spec.features, 0.1)

    raw, models = cross_fit(data, fit)
    assert len(models) == 3 and all(a + b == 900 for a, b in seen) and sum(b for _, b in seen) == 900
    first = data.folds == 0
    assert np.array_equal(raw[first], models[0].raw(data.train.x[first]))
    assert times[data.folds == 0].max() < times[data.folds == 1].min() < times[data.folds == 2].min()


def test_train_rows_of_a_single_time_are_folded_by_household(tmp_path: Path) -> None:
    rows = tabular.frame(rows=300)
    day = pl.when(pl.col("split") == "train").then(pl.lit("2017-03-06").str.to_date()).otherwise("as_of")
    data = load(tabular.write(tmp_path, rows.with_columns(as_of=day)))
    homes = [set(data.train.frame.filter(data.folds == n)["household_id"]) for n in (0, 1)]
    assert not homes[0] & homes[1] and set(data.folds) == {0, 1}


def test_the_text_model_and_calibration_repeat_the_onnx_probabilities(tmp_path: Path, trained: Trained) -> None:
    import lightgbm

    package.write(tmp_path, trained, package.signature(trained, "m", "1", {}))
    platt = json.loads((tmp_path / "calibration.json").read_text())
    booster = lightgbm.Booster(model_file=str(tmp_path / "lightgbm.txt"))
    x = trained.data.test.x
    native = expit(platt["slope"] * booster.predict(x, raw_score=True) + platt["offset"])
    assert np.abs(native - convert.run_onnx((tmp_path / "model.onnx").read_bytes(), x)).max() < 1e-6
    assert not [p for p in tmp_path.iterdir() if p.suffix in {".pkl", ".pickle", ".joblib", ".cloudpickle"}]


def test_the_baselines_json_repeats_its_probabilities(trained: Trained) -> None:
    stored = json.loads(trained.baseline.scorer.native()["logistic_regression.json"])
    x, inputs = trained.data.test.x, trained.data.spec.features
    numbers = [n for n, i in enumerate(inputs) if i.kind is Kind.NUMBER]
    filled = np.where(np.isnan(x[:, numbers]), stored["number"]["median"], x[:, numbers])
    scaled = (filled - stored["number"]["mean"]) / stored["number"]["scale"]
    codes = [n for n, i in enumerate(inputs) if i.kind is Kind.CATEGORY]
    hot = [x[:, [n]] == np.array(values) for n, values in zip(codes, stored["category"]["codes"], strict=True)]
    raw = np.hstack([scaled, *hot]) @ np.array(stored["coefficients"]) + stored["intercept"]
    probability = trained.baseline.platt(raw)
    assert np.abs(probability - convert.run_onnx(trained.baseline.onnx, x)).max() < 1e-5


def test_a_linear_model_is_published_when_it_is_the_better_one(folder: Path) -> None:
    data = load(folder)
    fitted = best_linear(data, seed=1)
    assert isinstance(fitted.scorer, Linear) and fitted.agreement["max_difference"] < 1e-6
    assert sum(fitted.scorer.importance().values()) == pytest.approx(1)


def test_examples_run_from_the_lowest_to_the_highest_score(trained: Trained) -> None:
    signed = package.signature(trained, "m", "1", {"data_version": "v"})
    assert list(signed.expected) == sorted(signed.expected) and len(signed.expected) == package.EXAMPLES
    rows = pl.DataFrame(signed.examples, schema_overrides={"nothing": pl.Float64, "no_values": pl.String})
    scored = convert.run_onnx(trained.chosen.onnx, dataset.encode(rows, signed.inputs))
    assert np.abs(scored - np.array(signed.expected)).max() < signed.tolerance
    assert json.loads(signed.model_dump_json())["examples"][0].keys() == {f["name"] for f in tabular.FEATURES}


def test_disagreement_is_refused_with_the_rows_named() -> None:
    native = np.array([0.1, 0.2, 0.3, 0.4])
    with pytest.raises(ModelError, match=r"2 of 4 rows.*rows 1 \(0\.200000 became 0\.250000\), 3 .* became nan"):
        convert.agreement(native, np.array([0.1, 0.25, 0.3, np.nan], np.float32), 1e-4)
    assert convert.agreement(native, native.astype(np.float32), 1e-4)["max_difference"] < 1e-7


def test_onnx_follows_thresholds_that_float32_cannot_hold() -> None:
    values = np.array([16777216.0, 16777218.0, 16777220.0, 0.1, 0.2, 1e-30], np.float32)
    x = np.repeat(values, 40)[:, None]
    y = np.repeat([0, 1, 0, 1, 0, 1], 40).astype(np.int8)
    part = dataset.Part(x, y, pl.DataFrame())
    from job_templates.tabular_classifier.candidates import fit_trees

    inputs = (Input(name="x", kind=Kind.NUMBER),)
    trees = fit_trees(part, inputs, {"num_leaves": 8, "min_data_in_leaf": 5}, 1, stop=part)
    platt = calibration.fit(trees.raw(x), y)
    probes = np.concatenate([values, np.nextafter(values, np.float32(0)), [np.nan]]).astype(np.float32)[:, None]
    result = convert.agreement(platt(trees.raw(probes)), convert.run_onnx(convert.to_onnx(trees, platt), probes), 1e-6)
    assert result["rows"] == 13 and roc_auc_score(y, trees.raw(x)) == 1


def test_calibration_recovers_a_known_distortion_and_never_turns_the_ranking_round() -> None:
    random = np.random.default_rng(5)
    raw = random.normal(size=40_000)
    y = (random.random(40_000) < expit(0.6 * raw - 1.3)).astype(np.int8)
    platt = calibration.fit(raw, y)
    assert platt.slope == pytest.approx(0.6, abs=0.03) and platt.offset == pytest.approx(-1.3, abs=0.03)
    assert calibration.fit(raw, 1 - y).slope > 0
    assert calibration.fit(np.zeros(10), np.array([0, 1] * 5, np.int8))(np.zeros(1))[0] == pytest.approx(0.5)


def test_resampled_metrics_equal_scikit_learns() -> None:
    random = np.random.default_rng(0)
    y = (random.random(300) < 0.2).astype(np.int8)
    p = np.round(np.clip(0.2 + 0.2 * y + random.normal(0, 0.1, 300), 0, 1), 2)  # with ties
    weights = metrics._weights(y, 5, random)
    got = metrics._resampled(y, p, weights)
    for n, row in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(300), row)
        assert got["auc"][n] == pytest.approx(roc_auc_score(y[rows], p[rows]))
        assert got["average_precision"][n] == pytest.approx(average_precision_score(y[rows], p[rows]))
        assert got["log_loss"][n] == pytest.approx(metrics.METRICS["log_loss"](y[rows], p[rows]))
        assert got["brier"][n] == pytest.approx(np.mean((y[rows] - p[rows]) ** 2))


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        q = random.uniform(0.05, 0.6, 300)
        y = (random.random(300) < q).astype(np.int8)
        rough = np.clip(q + random.normal(0, 0.1, 300), 0.01, 0.99)
        true = float(np.mean((q - rough) ** 2))  # expected gain in Brier score of q over the rough guess
        gain = metrics.compare(y, q, rough, seed)["brier"]
        covered += gain.low <= true <= gain.high
    assert covered >= 51  # 95 % of 60 is 57; below 51 has a chance of about 1 in 2,000


BAD = {
    "no positives in the test rows": (
        lambda f: f.with_columns(label=pl.when(pl.col("split") == "test").then(0).otherwise("label").cast(pl.Int8)),
        "the test rows (450) are all negative",
    ),
    "one class": (lambda f: f.with_columns(label=pl.lit(1, pl.Int8)), "all positive"),
    "no train rows": (lambda f: f.filter(pl.col("split") != "train"), "the train split has no rows"),
    "label 2": (lambda f: f.with_columns(label=pl.lit(2)), "other than 0 and 1"),
    "empty label": (lambda f: f.with_columns(label=pl.lit(None, pl.Int8)), "other than 0 and 1"),
    "missing column": (lambda f: f.drop("visits"), "'visits'"),
    "text in a number": (lambda f: f.with_columns(spend=pl.lit("much")), "do not fit"),
    "infinite": (lambda f: f.with_columns(spend=pl.lit(float("inf"))), "'spend' has infinite"),
    "time overlap": (lambda f: f.with_columns(as_of=pl.lit("2017-05-05").str.to_date()), "overlap"),
    "empty time": (lambda f: f.with_columns(as_of=pl.lit(None, pl.Date)), "'as_of' has empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_unusable_rows_are_refused(tmp_path: Path, name: str) -> None:
    change, message = BAD[name]
    tabular.write(tmp_path, change(tabular.frame(rows=900)))
    with pytest.raises(ModelError) as error:
        load(tmp_path)
    assert message in str(error.value) and "Fix:" in str(error.value)


BAD_SPEC = {
    "no features": (lambda s: s.update(features=[]), "features"),
    "feature twice": (lambda s: s["features"].append(s["features"][0]), "twice"),
    "category twice": (lambda s: s["features"][5].update(categories=["a", "a"]), "'kind' lists a category twice"),
    "label as feature": (lambda s: s.update(label="spend"), "also a feature"),
    "unknown kind": (lambda s: s["features"][0].update(kind="image"), "kind"),
}


@pytest.mark.parametrize("name", BAD_SPEC)
def test_an_unusable_description_is_refused(tmp_path: Path, name: str) -> None:
    change, message = BAD_SPEC[name]
    tabular.write(tmp_path, edit=change)
    with pytest.raises(ModelError) as error:
        load(tmp_path)
    assert message in str(error.value) and "dataset.json" in str(error.value)


def test_a_truncated_parquet_file_is_refused_by_name(tmp_path: Path) -> None:
    tabular.write(tmp_path)
    path = tmp_path / "data.parquet"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ModelError, match=r"data\.parquet"):
        load(tmp_path)


def test_nothing_but_gaps_still_trains_and_agrees(tmp_path: Path) -> None:
    names = [f["name"] for f in tabular.FEATURES if f["kind"] == "number"]
    empty = tabular.frame().with_columns(pl.lit(None, pl.Float64).alias(n) for n in names)
    result = train(load(tabular.write(tmp_path, empty)), trials=2, seed=1, max_seconds=60)
    assert result.chosen.agreement["max_difference_with_gaps"] < 1e-6
    assert result.chosen.test["auc"] == pytest.approx(0.5, abs=0.12)  # the category alone tells little


def test_unknown_and_odd_categories_become_codes() -> None:
    column = Input(name="c", kind=Kind.CATEGORY, categories=tuple(tabular.ODD))
    values = pl.DataFrame({"c": [*tabular.ODD, None, "unheard", ""]})
    assert dataset.encode(values, [column])[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, -1, -1, -1]


def run(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "job_templates.tabular_classifier.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_it_runs_standalone_and_tracks_a_study(tmp_path: Path, folder: Path) -> None:
    import mlflow

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    files = ["--data", str(folder / "data.parquet"), "--spec", str(folder / "dataset.json")]
    done = run(*files, "--out", "model", "--trials", "2", "--seed", "3", "--tracking", uri, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "chosen (lightgbm): auc 0." in done.stdout and "best log loss" in done.stdout
    assert {p.name for p in tmp_path.iterdir()} == {"model", "mlflow.db", "mlflow-artifacts"}
    client = mlflow.MlflowClient(uri, uri)
    (experiment,) = [e for e in client.search_experiments() if e.name == "tabular_classifier"]
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    children = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    trials = json.loads((tmp_path / "model" / "trials.json").read_text())
    assert len(children) == len(trials) == 2 and {r.info.status for r in runs} == {"FINISHED"}
    logged = {r.data.metrics["tune_log_loss"]: r.data.params["num_leaves"] for r in children}
    assert logged == {t["metrics"]["log_loss"]: str(t["params"]["num_leaves"]) for t in trials}
    scores = json.loads((tmp_path / "model" / "scores.json").read_text())
    assert parent.data.metrics["test_auc"] == scores["test"]["auc"]
    assert parent.inputs.dataset_inputs[0].dataset.digest == parent.data.tags["data_version"]


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    files = ["--data", str(folder / "data.parquet"), "--spec", str(folder / "dataset.json"), "--trials", "1"]
    refused = run(*files, "--out", "mine", cwd=tmp_path)
    assert refused.returncode == 2 and "thesis.tex" in refused.stderr
    assert [p.name for p in tmp_path.rglob("*")] == ["mine", "thesis.tex"]
    (tmp_path / "mine" / "thesis.tex").unlink()
    for _ in range(2):  # into the empty folder, and over what the first training wrote
        assert run(*files, "--out", "mine", cwd=tmp_path).returncode == 0
    assert {p.name for p in (tmp_path / "mine").iterdir()} <= main.FILES


def test_a_users_error_leaves_the_former_folder(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "kept").write_text("x")
    files = ["--data", "none.parquet", "--spec", str(folder / "dataset.json"), "--out", "model"]
    refused = run(*files, cwd=tmp_path)
    assert refused.returncode == 2 and "none.parquet" in refused.stderr and "Traceback" not in refused.stderr
    assert "Number of trials" in run(*files, "--trials", "0", cwd=tmp_path).stderr
    assert [p.name for p in tmp_path.rglob("*")] == ["model", "kept"]
