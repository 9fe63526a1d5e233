"""Retraining is asked for when the dataset moved far enough, once, and the reason is said either way."""

import json
import math
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest

from assets.datasets.checks import no_leakage, unique_key
from assets.features.registry.drift import stability
from assets.kit import asset_key
from core.errors import SourceError
from core.settings import Settings
from resources.open import objects as open_objects
from resources.ports import Objects
from sensors.drift import Limits, compare
from sensors.retrain import DATASET, MODEL, dataset_changed, tick, unjudged

LIMITS = Limits()


@pytest.fixture
def objects(settings: Settings) -> Objects:
    return open_objects(settings)


def dataset(
    objects: Objects, version: str, rows: int = 2000, positives: float = 0.1, shift: float = 0.0, name: str = "spend"
) -> None:
    draw = np.random.default_rng(7)
    frame = pl.DataFrame({name: draw.normal(shift, 1, rows), "kind": draw.choice(["A", "B"], rows, p=[0.7, 0.3])})
    features = [{"name": name, "kind": "number"}, {"name": "kind", "kind": "category"}]
    about = {"features": features, "rows": {"train": rows}, "positives": {"train": int(rows * positives)}}

    def build(folder: Path) -> None:
        frame.write_parquet(folder / "data.parquet")
        (folder / "dataset.json").write_text(json.dumps(about))

    objects.write(DATASET, version, build)
    objects.set_alias(DATASET, "current", version)


def champion(objects: Objects, version: str, trained_on: str) -> None:
    text = json.dumps({"metadata": {"data_version": trained_on}})
    objects.write(MODEL, version, lambda folder: (folder / "signature.json").write_text(text) and None)
    objects.set_alias(MODEL, "champion", version)


def ask(objects: Objects, cursor: str | None = None) -> tuple[str, str | None]:
    """The reason to train ("" if none is asked for) or to skip, and the cursor."""
    result = tick(objects, cursor, LIMITS)
    if result.run_requests:
        return "train: " + result.run_requests[0].tags["heddle/reason"], result.cursor
    assert result.skip_reason is not None
    return result.skip_reason.skip_message or "", result.cursor


def test_nothing_to_compare_is_said(objects: Objects) -> None:
    assert ask(objects)[0] == "dataset/retail/coupon_propensity has no current version yet"
    dataset(objects, "d1")
    assert ask(objects)[0] == "train: there is no champion yet"
    champion(objects, "1", "d1")
    assert "was trained on it" in ask(objects)[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": 2100}, "changed too little to train again: rows +5.0%"),
        ({"rows": 2500}, "train: rows +25% (limit 10%)"),
        ({"positives": 0.05}, "train: share of positives -50%"),
        ({"shift": 1.0}, "train: 1 features drifted, PSI spend"),
        ({"shift": 0.05}, "changed too little"),
        ({"name": "income"}, "train: features came or went: income, spend"),
    ],
)
def test_only_a_change_beyond_a_limit_trains(objects: Objects, change: dict[str, float], words: str) -> None:
    dataset(objects, "d1")
    champion(objects, "1", "d1")
    dataset(objects, "d2", **change)  # type: ignore[arg-type]
    said, cursor = ask(objects)
    assert words in said
    assert ask(objects, cursor)[0] == "dataset d2 was compared already"


def test_the_same_change_has_the_same_run_key(objects: Objects) -> None:
    dataset(objects, "d1")
    champion(objects, "1", "d1")
    dataset(objects, "d2", rows=4000)
    keys = [(tick(objects, None, LIMITS).run_requests or [])[0].run_key for _ in range(2)]
    assert keys[0] == keys[1]


def test_a_dataset_no_longer_kept_is_said(objects: Objects) -> None:
    dataset(objects, "d2")
    champion(objects, "1", "gone")
    assert "train: dataset gone of champion 1 is no longer kept" in ask(objects)[0]


def test_a_broken_dataset_is_reported_with_file_and_fix_and_tried_again(objects: Objects) -> None:
    dataset(objects, "d1")
    champion(objects, "1", "d1")
    dataset(objects, "d2")
    (objects.path(DATASET, "d2") / "dataset.json").write_text("{")
    said, cursor = ask(objects)
    assert "dataset.json cannot be read" in said and "build the dataset again" in said and cursor is None
    (objects.path(DATASET, "d2") / "dataset.json").write_text("{}")
    with pytest.raises(SourceError, match="lacks features, positives, rows"):
        compare(objects.path(DATASET, "d1"), objects.path(DATASET, "d2"))


def test_the_stability_index_is_the_textbook_sum() -> None:
    before, after = pl.Series(["a"] * 80 + ["b"] * 20), pl.Series(["a"] * 50 + [None] * 50)
    truth = (
        (0.8 - 0.5) * math.log(0.8 / 0.5) + (0.2 - 1e-4) * math.log(0.2 / 1e-4) + (1e-4 - 0.5) * math.log(1e-4 / 0.5)
    )
    assert stability(before, after, "category") == pytest.approx(truth)
    numbers = pl.Series(np.arange(1000.0))
    assert stability(numbers, numbers.shuffle(seed=1), "number") == 0.0
    # the upper half only: the lower half's bins are empty, the others twice as full
    half = stability(numbers, numbers.filter(numbers >= 500), "number")
    assert half == pytest.approx(5 * (0.1 - 1e-4) * math.log(0.1 / 1e-4) + 5 * 0.1 * math.log(2), rel=0.02)
    gaps = pl.Series([1.0, None, float("nan"), 2.0])
    assert stability(gaps, gaps, "number") == 0.0
    assert stability(pl.Series([None, None], dtype=pl.Float64), pl.Series([None], dtype=pl.Float64), "number") == 0.0


def test_a_dataset_is_trained_on_only_after_its_blocking_checks_passed(settings: Settings, objects: Objects) -> None:
    instance = dg.DagsterInstance.ephemeral()
    dataset(objects, "d1")

    def judge(check: dg.AssetChecksDefinition, passed: bool) -> None:
        name = check.check_key.name
        instance.report_runless_asset_event(dg.AssetCheckEvaluation(asset_key(str(DATASET)), name, passed, {}))

    def asked() -> list[dg.RunRequest]:
        context = dg.build_sensor_context(instance)
        return list(dataset_changed(settings).evaluate_tick(context).run_requests or [])

    assert "one_row_per_household_and_campaign" in unjudged(instance) and asked() == []
    judge(unique_key, True)
    judge(no_leakage, False)
    assert unjudged(instance) == f"check nothing_from_the_future refused {DATASET}" and asked() == []
    judge(no_leakage, True)
    assert unjudged(instance) == "" and len(asked()) == 1
