"""Whole tables: what can be told is filled and flagged, what cannot is left."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.quality.impute import store
from assets.quality.impute.fill import fill
from assets.quality.impute.model import Imputation, fit
from core.errors import HeddleError, StoreError
from tests.assets.quality.impute.tables import emptied, shop

GONE = ["region", "total", "noise", "coin"]


@pytest.fixture(scope="module")
def fitted() -> Imputation:
    return fit(emptied(shop(), GONE), keep=["id"])


@pytest.mark.covers("DATA-043")
def test_it_beats_the_baseline_and_refuses_noise(fitted: Imputation) -> None:
    truth, holes = shop(), emptied(shop(), GONE)
    filled = fill(holes, fitted)
    assert {n for n, f in fitted.fillers.items() if f.choice.refused} == {"noise", "coin"}
    assert filled.frame["region"].to_list() == truth["region"].to_list()
    gone = holes["total"].is_null()
    error = (filled.frame["total"] - truth["total"]).filter(gone).abs().mean()
    assert error < 0.1 * (truth["total"].filter(gone) - holes["total"].mean()).abs().mean()
    assert filled.frame["noise"].null_count() == holes["noise"].null_count() > 0
    told = fitted.fillers["total"].choice
    assert told.errors["mean"] > 5 * min(told.errors.values())
    assert "hidden cells" in told.reason


def test_each_filled_cell_is_told_with_its_error(fitted: Imputation) -> None:
    holes = emptied(shop(), GONE)
    cells = fill(holes, fitted).cells
    totals = cells.filter(pl.col("column") == "total")
    assert totals["row"].to_list() == holes["total"].is_null().arg_true().to_list()
    assert totals["error"].null_count() == 0
    assert totals["before"].null_count() == totals.height
    regions = cells.filter(pl.col("column") == "region")
    assert regions["error"].null_count() == regions.height
    assert regions["confidence"].median() > 0.95
    assert set(cells["column"]) == {"region", "total"}


def test_baseline_for_refused_columns_on_demand(fitted: Imputation) -> None:
    holes = emptied(shop(), GONE)
    filled = fill(holes, fitted, refused="baseline").frame
    assert filled["noise"].null_count() == 0
    assert filled["noise"].filter(holes["noise"].is_null()).n_unique() == 1


def test_the_error_estimate_is_that_of_the_real_holes() -> None:
    random = np.random.default_rng(0)
    x = random.normal(0, 1, 4000)
    frame = pl.DataFrame({"x": x, "y": 2 * x + random.normal(0, 0.5, 4000)})
    holes = emptied(frame, ["y"])
    cells = fill(holes, fit(holes)).cells
    off = (cells["after"].cast(pl.Float64) - frame["y"].gather(cells["row"])).to_numpy()
    estimate = cells["error"][0]
    assert estimate == pytest.approx(0.5, rel=0.1)
    assert np.sqrt((off**2).mean()) == pytest.approx(estimate, rel=0.15)


def test_another_table_of_the_same_columns_is_filled(fitted: Imputation, tmp_path: Path) -> None:
    store.writer(fitted)(tmp_path)
    again = store.read(tmp_path)
    holes = emptied(shop(200, seed=9), GONE, seed=11).select(reversed(shop().columns))
    first, second = fill(holes, fitted), fill(holes, again)
    assert first.frame.equals(second.frame)
    assert first.cells.equals(second.cells)
    assert first.frame.columns == holes.columns
    assert first.frame.schema == holes.schema
    assert again.fillers["total"].choice == fitted.fillers["total"].choice


def test_stand_ins_are_filled_and_the_former_value_kept() -> None:
    frame = shop(300).select("price", "quantity", "total")
    hidden = frame.with_columns(pl.when(pl.int_range(300) % 10 == 0).then(-9999.0).otherwise("total").alias("total"))
    cells = fill(hidden, fit(hidden)).cells
    assert cells["before"].unique().to_list() == ["-9999.0"]
    assert cells.height == 30


def test_a_label_that_was_never_seen_and_an_empty_column() -> None:
    frame = shop(300).with_columns(pl.lit(None, pl.Float64).alias("empty"))
    holes = emptied(frame, ["region"])
    imputation = fit(holes, keep=["id"])
    assert imputation.fillers["empty"].choice.refused
    new = holes.head(50).with_columns(pl.lit("Атлантида").alias("city"))
    filled = fill(new, imputation).frame
    assert set(filled["region"]) <= {"North", "East", "South"}
    assert filled["empty"].null_count() == 50


def test_clear_errors(fitted: Imputation, tmp_path: Path) -> None:
    with pytest.raises(HeddleError, match="no column 'colour'; the table has id, city"):
        fit(shop(50), ["colour"])
    with pytest.raises(HeddleError, match=r"'words' \(String\) has too many different texts"):
        fit(pl.DataFrame({"words": [f"text {n}" for n in range(100)] + [None]}), ["words"])
    with pytest.raises(HeddleError, match="lacks city"):
        fill(shop(50).drop("city"), fitted)
    with pytest.raises(StoreError, match="no imputation"):
        store.read(tmp_path)
    (tmp_path / store.ABOUT).write_text('{"format": 99}')
    with pytest.raises(StoreError, match="format 99"):
        store.read(tmp_path)


def test_damaged_models_are_told(fitted: Imputation, tmp_path: Path) -> None:
    store.writer(fitted)(tmp_path)
    whole = (tmp_path / store.ABOUT).read_text()
    arrays = next(tmp_path.glob("*.npz"))
    for damage in (lambda: arrays.write_bytes(arrays.read_bytes()[:99]), arrays.unlink):
        damage()
        with pytest.raises(StoreError, match="no imputation that can be read"):
            store.read(tmp_path)
    for text in ("[]", "null", '{"format": 1}', whole[:400], whole.replace('"choice"', '"voice"')):
        (tmp_path / store.ABOUT).write_text(text)
        for read in (store.read, store.choices):
            with pytest.raises(StoreError, match="no imputation that can be read"):
                read(tmp_path)


@pytest.mark.parametrize("rows", [0, 1, 2, 9])
def test_tiny_tables_are_left(rows: int) -> None:
    frame = shop(30).head(rows).with_columns(pl.lit(None, pl.Float64).alias("gap"))
    filled = fill(frame, fit(frame))
    assert filled.frame.equals(frame)
    assert filled.cells.height == 0


@pytest.mark.parametrize("beside", [{}, {"same": ["x"] * 200}, {"words": [f"text {n}" for n in range(200)]}])
def test_a_column_with_nothing_to_learn_from_is_left(beside: dict[str, list[str]]) -> None:
    random = np.random.default_rng(7)
    numbers = [None if n % 9 == 0 else float(v) for n, v in enumerate(random.normal(0, 1, 200))]
    frame = pl.DataFrame({"n": numbers, **beside})
    assert fit(frame).fillers["n"].choice.refused


def test_a_batch_is_filled_as_the_whole_is() -> None:
    holes = emptied(shop(400), ["quantity", "region"])
    imputation = fit(holes, keep=["id"], in_order=False)
    whole = fill(holes, imputation).frame
    parts = pl.concat([fill(part, imputation).frame for part in holes.iter_slices(7)])
    assert parts.equals(whole)
