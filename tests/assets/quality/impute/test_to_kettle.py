"""Filled values inside a transformation are those of the imputation, with the flags."""

from pathlib import Path

import polars as pl
import pytest

from assets.kettle.errors import KettleError
from assets.kettle.files.write import to_bytes
from assets.quality.impute.fill import fill
from assets.quality.impute.model import Imputation, fit
from assets.quality.impute.to_kettle import merged, values
from assets.quality.rules.new_kettle import READ, WRITE, for_csv
from tests.assets.kettle.generate.helpers import run
from tests.assets.quality.impute.tables import emptied, shop


@pytest.fixture(scope="module")
def holes() -> pl.DataFrame:
    return emptied(shop(300).drop("coin"), ["region", "total"])


@pytest.fixture(scope="module")
def fitted(holes: pl.DataFrame) -> Imputation:
    return fit(holes, keep=["id"])


@pytest.mark.covers("DATA-048")
def test_the_run_equals_the_imputation(holes: pl.DataFrame, fitted: Imputation, tmp_path: Path) -> None:
    holes.write_csv(tmp_path / "orders.csv")
    found = values(holes, fitted, ["id"])
    found.write_csv(tmp_path / "values.csv")
    flow = for_csv("load", tmp_path / "orders.csv", dict(holes.schema), tmp_path / "out")
    model = merged(flow, READ, tmp_path / "values.csv", found, ["id"])
    assert {"StreamLookup", "Calculator"} <= {step.type for step in model.steps.values()}
    assert to_bytes(merged(model, READ, tmp_path / "values.csv", found, ["id"])) == to_bytes(model)
    out = run(model)
    wanted = fill(holes, fitted).frame
    assert out.column(WRITE, "region") == wanted["region"].to_list()
    assert out.column(WRITE, "total") == pytest.approx(wanted["total"].to_list())
    for name in ("region", "total"):
        flags = out.column(WRITE, f"{name}_imputed")
        assert flags == ["Y" if gone else "N" for gone in holes[name].is_null()]


def test_what_cannot_be_looked_up_is_refused(holes: pl.DataFrame, fitted: Imputation, tmp_path: Path) -> None:
    with pytest.raises(KettleError, match="same in several rows"):
        values(holes, fitted, ["city"])
    with pytest.raises(KettleError, match="is no key"):
        values(holes, fitted, ["region"])
    found = values(holes, fitted, ["id"])
    flow = for_csv("load", tmp_path / "orders.csv", dict(holes.drop("region").schema), tmp_path / "out")
    with pytest.raises(KettleError, match="no field 'region'"):
        merged(flow, READ, tmp_path / "v.csv", found, ["id"])
    with pytest.raises(KettleError, match="no step 'Nowhere'"):
        merged(flow, "Nowhere", tmp_path / "v.csv", found, ["id"])
