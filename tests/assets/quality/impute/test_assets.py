"""An imputation in the warehouse: models and table as assets, lineage, checks, and what a changed source does."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.quality.imputation_defs import definitions
from assets.quality.impute.spec import Spec, save, specs
from core.errors import SourceError
from core.naming import TableName
from core.settings import Settings, load
from resources.defs import build_resources
from resources.open import objects, warehouse
from tests.assets.quality.impute.tables import emptied, shop

SOURCE = dg.AssetKey(["table", "shop", "orders"])
NAME = TableName("table_shop", "orders")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path / "quality"))
    save(tmp_path / "quality", Spec(name="shop_orders", table="table/shop/orders", keep=("id",), order=("id",)))
    return load()


def built(site: Settings, frame: pl.DataFrame) -> dg.ExecuteInProcessResult:
    resources = build_resources(site, None)
    warehouse(site).write(NAME, frame)
    source = dg.Definitions(assets=[dg.AssetSpec(SOURCE)])
    made = dg.Definitions.merge(source, definitions(site, [source]), dg.Definitions(resources=resources))
    return made.resolve_implicit_global_asset_job_def().execute_in_process(
        raise_on_error=False, asset_selection=list(made.resolve_asset_graph().materializable_asset_keys)
    )


def test_models_then_table_with_flags_lineage_and_checks(site: Settings) -> None:
    truth, holes = shop(), emptied(shop(), ["region", "total", "noise"])
    result = built(site, holes)
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations())
    filled = warehouse(site).query("select * from table_shop.orders_imputed order by id")
    assert filled["region"].to_list() == truth["region"].to_list()
    assert filled["region_imputed"].to_list() == holes["region"].is_null().to_list()
    assert filled["noise"].null_count() == holes["noise"].null_count()
    assert "noise_imputed" not in filled.columns
    (told,) = result.asset_materializations_for_node("table__shop__orders_imputed")
    assert told.metadata["filled total"].value == holes["total"].null_count()
    lineage = told.metadata["dagster/column_lineage"].value.deps_by_column
    assert {d.column_name for d in lineage["region"]} >= {"region", "city"}
    assert [d.column_name for d in lineage["price"]] == ["price"]
    (models,) = result.asset_materializations_for_node("model__shop__orders_imputation")
    assert "left as it is" in models.metadata["column noise"].value


def test_the_same_rows_give_the_same_version_and_more_gaps_are_told(site: Settings) -> None:
    holes = emptied(shop(), ["region"], 0.05)
    first, second = (
        built(site, holes).asset_materializations_for_node("model__shop__orders_imputation")[0] for _ in "ab"
    )
    assert first.metadata["heddle/version"] == second.metadata["heddle/version"]
    from assets.quality.imputation_defs import _current

    was = _current(objects(site), specs(site.quality)["shop_orders"])
    assert was.fillers["region"].pattern.missing == holes["region"].null_count()


def test_two_files_of_one_table_are_told(site: Settings) -> None:
    save(site.quality, Spec(name="again", table="table/shop/orders"))
    with pytest.raises(SourceError, match="imputation shop_orders: model/shop/orders_imputation is an asset already"):
        definitions(site, [dg.Definitions(assets=[dg.AssetSpec(SOURCE)])])


def test_a_wrong_file_is_named(site: Settings) -> None:
    path = site.quality / "imputations" / "shop_orders.yaml"
    path.write_text("name: shop_orders\ntable: nowhere\n")
    with pytest.raises(SourceError, match=r"shop_orders\.yaml: field table"):
        definitions(site, [])
    path.write_text("name: shop_orders\ntable: table/shop/orders\ncolour: red\n")
    with pytest.raises(SourceError, match="field colour"):
        definitions(site, [])
