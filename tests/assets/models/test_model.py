"""The model asset and its blocking check: versions, aliases, refusals, kills."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.models.coupon_propensity import DATASET, KEY
from assets.models.registry import Registry
from assets.models.scoring import Model
from core.errors import ModelError, StoreError
from core.settings import Settings, variables
from resources import open as ports
from tests.fakes import model_run, tabular


def aliases(settings: Settings) -> dict[str, str]:
    """Each alias as MLflow and as the object store has it."""
    import mlflow

    client = mlflow.MlflowClient(settings.tracking, settings.tracking)
    in_mlflow = {n: str(v) for n, v in client.get_registered_model("retail_coupon_propensity").aliases.items()}
    objects = ports.objects(settings)
    stored = {n: objects.alias(KEY, n) for n in ("champion", "challenger")}
    return {f"mlflow {n}": v for n, v in in_mlflow.items()} | {n: v for n, v in stored.items() if v}


def both(champion: str, challenger: str) -> dict[str, str]:
    """The aliases when the two stores agree."""
    return {
        "mlflow champion": champion,
        "champion": champion,
        "mlflow challenger": challenger,
        "challenger": challenger,
    }


def ran(result: object, step: str = "downstream") -> bool:
    return any(e.step_key == step and e.is_step_success for e in result.all_events)  # type: ignore[attr-defined]


@pytest.mark.covers("OPS-017")
def test_the_first_model_becomes_champion_with_a_card_traced_to_its_run(home_settings: Settings) -> None:
    import mlflow

    result = model_run.run(home_settings, tabular_rows=600)
    assert result.success and ran(result) and model_run.check(result).passed
    shown = model_run.metadata(result)
    assert shown["model_version"] == "1" and shown["unchanged"] is False
    assert aliases(home_settings) == both("1", "1")
    assert {"auc", "average_precision", "log_loss", "brier", "baseline_auc", "baseline_log_loss"} <= shown.keys()
    assert all(shown[p].startswith(f"![{p}](data:image/png;base64,iVBOR") for p in ("roc", "calibration", "importance"))
    run = mlflow.MlflowClient(home_settings.tracking).get_run(shown["mlflow_run_id"])
    card = shown["model_card"]
    for value in (
        shown["dataset_version"],
        run.info.run_id,
        result.run_id,
        run.data.tags["code_version"],
        f"| auc | {run.data.metrics['test_auc']:.4f} | {run.data.metrics['baseline_test_auc']:.4f} |",
        f"num_leaves={run.data.params['best_num_leaves']}",
        "## Limits",
        "## By kind",
        "| 折扣券 |",
        "a,b\\|c",
    ):
        assert value in card, value
    order = [e.step_key for e in result.all_events if e.is_step_success]
    assert order.index("model__retail__coupon_propensity_not_worse_than_champion") < order.index("downstream")


def test_a_second_run_with_the_same_inputs_makes_no_version_and_no_study(home_settings: Settings) -> None:
    first = model_run.run(home_settings, tabular_rows=400)
    second = model_run.run(home_settings)
    assert second.success and model_run.metadata(second)["unchanged"] is True
    assert model_run.metadata(second)["mlflow_run_id"] == model_run.metadata(first)["mlflow_run_id"]
    assert ports.objects(home_settings).versions(KEY) == ["1"]
    # rows, seed or trials that differ make another version
    assert model_run.metadata(model_run.run(home_settings, seed=8))["model_version"] == "2"


def test_a_worse_candidate_is_refused_and_the_champion_stays(home_settings: Settings) -> None:
    good = tabular.frame(rows=900)
    model_run.put_dataset(home_settings, good)
    assert model_run.run(home_settings).success
    before = (ports.objects(home_settings).path(KEY, "1") / "model.onnx").read_bytes()
    # the same held-out rows, but training rows whose labels say nothing
    shuffled = good.filter(pl.col("split") != "test").with_columns(pl.col("label").shuffle(seed=1).over("split"))
    model_run.put_dataset(home_settings, pl.concat([shuffled, good.filter(pl.col("split") == "test")]))
    result = model_run.run(home_settings)
    assert not result.success and not ran(result)
    evaluation = model_run.check(result)
    assert not evaluation.passed and "champion" in (evaluation.description or "")
    assert evaluation.metadata["candidate_log_loss"].value > evaluation.metadata["champion_log_loss"].value
    assert aliases(home_settings) == both("1", "2")
    assert (ports.objects(home_settings).path(KEY, "1") / "model.onnx").read_bytes() == before
    import mlflow

    client = mlflow.MlflowClient(home_settings.tracking, home_settings.tracking)
    version = client.get_model_version("retail_coupon_propensity", "2")
    assert version.tags["check"].startswith("refused: ")
    # going back to the good rows makes the champion the candidate again
    model_run.put_dataset(home_settings, good)
    again = model_run.run(home_settings)
    assert again.success and aliases(home_settings)["champion"] == model_run.metadata(again)["model_version"]


def test_a_champion_that_cannot_be_scored_is_noted_not_held_against_the_candidate(home_settings: Settings) -> None:
    rows = tabular.frame(rows=400)
    model_run.put_dataset(home_settings, rows)
    assert model_run.run(home_settings).success

    def without_gaps(about: dict) -> None:  # type: ignore[type-arg]
        about["features"] = [f for f in about["features"] if f["name"] != "gaps"]

    model_run.put_dataset(home_settings, rows.drop("gaps"), without_gaps)
    result = model_run.run(home_settings)
    assert result.success and "no longer has gaps" in str(model_run.check(result).metadata["notes"].value)
    assert aliases(home_settings) == both("2", "2")


@pytest.mark.parametrize("lost", ["mlflow.db", "package"])
def test_a_lost_store_is_rebuilt_without_mixing_up_versions(
    home_settings: Settings, empty_store: Path, lost: str
) -> None:
    model_run.put_dataset(home_settings, tabular.frame(seed=1, rows=400))
    assert model_run.run(home_settings).success
    first = (ports.objects(home_settings).path(KEY, "1") / "model.onnx").read_bytes()
    if lost == "package":
        shutil.rmtree(ports.objects(home_settings).path(KEY, "1"))
        assert model_run.run(home_settings).success
        assert (ports.objects(home_settings).path(KEY, "1") / "model.onnx").read_bytes() == first
        return
    shutil.copy(empty_store, home_settings.home / "mlflow.db")
    model_run.put_dataset(home_settings, tabular.frame(seed=2, rows=400))
    result = model_run.run(home_settings)
    # MLflow counts from 1 again; version 1 of the object store is another model and stays as it is
    assert model_run.metadata(result)["model_version"] == "2"
    assert (ports.objects(home_settings).path(KEY, "1") / "model.onnx").read_bytes() == first


def test_only_five_packages_are_kept_and_never_the_champion_dropped(home_settings: Settings) -> None:
    objects = ports.objects(home_settings)
    with ports.tracking(home_settings).open("x") as mlflow:
        registry = Registry(mlflow, objects, KEY)
        registry.client.create_registered_model(registry.name)
        for number in range(1, 9):
            registry.client.create_model_version(registry.name, "file:///nowhere")
            registry.publish(str(number), lambda folder: (folder / "x").write_text("x") and None)
            if number == 1:
                registry.promote("1")
    assert objects.versions(KEY) == ["1", "4", "5", "6", "7", "8"]
    assert aliases(home_settings) == both("1", "8")


KILLS = {
    # function at whose call the process kills itself -> what a reader sees afterwards
    "after registering": ("assets.models.registry:Registry.publish", None),
    "before the aliases": ("assets.models.registry:Registry.challenge", None),
    "between MLflow's alias and ours": ("resources.objects_file:FileObjects.set_alias@champion", None),
}


@pytest.mark.parametrize("name", KILLS)
def test_a_kill_leaves_the_former_champion_and_the_next_run_completes(home_settings: Settings, name: str) -> None:
    model_run.put_dataset(home_settings, tabular.frame(seed=1, rows=400))
    assert model_run.run(home_settings).success
    former = (ports.objects(home_settings).path(KEY, "1") / "model.onnx").read_bytes()
    version = model_run.put_dataset(home_settings, tabular.frame(seed=1, rows=900))
    killed = subprocess.run(
        [sys.executable, "-m", "tests.fakes.killed_model_run", KILLS[name][0]],
        env=os.environ | variables(home_settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    objects = ports.objects(home_settings)
    assert objects.alias(KEY, "champion") == "1"
    assert (objects.path(KEY, "1") / "model.onnx").read_bytes() == former
    with ports.tracking(home_settings).open("x") as mlflow:
        assert Registry(mlflow, objects, KEY).reconcile() == "1"
    assert aliases(home_settings)["mlflow champion"] == "1"
    result = model_run.run(home_settings)
    assert result.success and aliases(home_settings) == both("2", "2")
    assert model_run.metadata(result)["dataset_version"] == version


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (lambda f: f.with_columns(label=pl.lit(0, pl.Int8)), "all negative"),
        (lambda f: f.filter(pl.col("split") != "valid"), "valid split has no rows"),
    ],
)
def test_an_untrainable_dataset_fails_the_asset_and_leaves_no_trace(
    home_settings: Settings, rows: Callable[[pl.DataFrame], pl.DataFrame], message: str
) -> None:
    model_run.put_dataset(home_settings, rows(tabular.frame(rows=300)))
    result = model_run.run(home_settings)
    assert not result.success and not ran(result)
    failure = next(e for e in result.all_events if e.is_step_failure)
    assert message in str(failure.step_failure_data.error)
    assert ports.objects(home_settings).versions(KEY) == []


def test_no_dataset_is_a_clear_error(home_settings: Settings) -> None:
    result = model_run.run(home_settings)
    failure = next(e for e in result.all_events if e.is_step_failure)
    assert f"materialize {DATASET} first" in str(failure.step_failure_data.error)


def test_configuration_out_of_bounds_is_refused_with_its_label(home_settings: Settings) -> None:
    result = model_run.run(home_settings, tabular_rows=300, trials=0)
    failure = next(e for e in result.all_events if e.is_step_failure)
    assert "Number of trials" in str(failure.step_failure_data.error)


def test_batch_scoring_streams_a_file_and_equals_the_examples(home_settings: Settings, tmp_path: Path) -> None:
    assert model_run.run(home_settings, tabular_rows=400).success
    folder = ports.objects(home_settings).path(KEY, "1")
    model = Model.open(folder)
    rows = pl.DataFrame(
        model.signature.examples, schema_overrides={"nothing": pl.Float64, "no_values": pl.String}
    ).with_row_index("id")
    assert np.abs(model.score(rows) - np.array(model.signature.expected)).max() < 1e-6
    many = pl.concat([rows] * 9000).with_columns(id=pl.int_range(pl.len()))
    many.write_parquet(tmp_path / "rows.parquet")
    parts = list(model.score_parquet(tmp_path / "rows.parquet", keep=("id",)))
    assert len(parts) > 1
    scored = pl.concat(parts)
    assert scored["id"].to_list() == list(range(72_000))
    assert np.abs(scored["probability"].to_numpy() - np.tile(model.signature.expected, 9000)).max() < 1e-6
    assert model.score(rows.clear()).shape == (0,)
    with pytest.raises(ModelError, match="'visits'"):
        model.score(rows.drop("visits"))


def test_a_damaged_package_is_named(home_settings: Settings, tmp_path: Path) -> None:
    assert model_run.run(home_settings, tabular_rows=300).success
    folder = tmp_path / "package"
    shutil.copytree(ports.objects(home_settings).path(KEY, "1"), folder)
    (folder / "model.onnx").write_bytes(b"not onnx")
    with pytest.raises(ModelError, match=r"model\.onnx is not a usable ONNX model"):
        Model.open(folder)
    signature = json.loads((folder / "signature.json").read_text())
    signature["inputs"].pop()
    (folder / "signature.json").write_text(json.dumps(signature))
    with pytest.raises(ModelError, match="width"):
        Model.open(folder, "baseline.onnx")
    with pytest.raises((ModelError, StoreError)):
        Model.open(tmp_path / "nowhere")
