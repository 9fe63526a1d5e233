"""Whether what was materialized is still where the settings say."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from assets.kit import asset_key
from core.naming import Key, table_name
from core.settings import Settings
from orchestration.fingerprints import TRANSACTIONS, fingerprints, gone
from resources import open as ports
from tests.assets.marts import drop_folder

BASKETS, DATASET = Key.parse("table/retail/baskets"), Key.parse("dataset/retail/coupon_propensity")


def test_an_emptied_or_another_store_is_noticed(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = make_settings()
    keys = {asset_key(str(key)) for key in (BASKETS, DATASET)}
    assert gone(settings, keys) == keys
    ports.warehouse(settings).write(table_name(BASKETS), pl.DataFrame({"basket_id": [1]}))
    objects = ports.objects(settings)
    objects.write(DATASET, "v1", lambda folder: (folder / "data.parquet").write_text("x") and None)
    assert gone(settings, keys) == {asset_key(str(DATASET))}  # no alias yet
    objects.set_alias(DATASET, "current", "v1")
    assert gone(settings, keys) == set()
    assert gone(make_settings(warehouse=f"duckdb:///{tmp_path}/other.duckdb"), keys) == {asset_key(str(BASKETS))}
    assert gone(make_settings(objects=f"file://{tmp_path}/other"), keys) == {asset_key(str(DATASET))}


def test_a_week_whose_file_was_removed_is_left_as_it_is(settings: Settings) -> None:
    of_week = fingerprints(settings)[TRANSACTIONS]
    path = drop_folder(settings) / "2018-01-01.parquet"
    assert of_week("2018-01-01") is None and of_week("2017-01-02") is not None
    path.write_bytes(b"new")
    assert of_week("2018-01-01") is not None
    path.unlink()
    assert of_week("2018-01-01") is None
