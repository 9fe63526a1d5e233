"""The pace of redeeming: from Kettle's table and from the staged ones the same, by brute force, on both engines."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl

from assets.features import coupon_pace
from assets.features.defs import definitions
from assets.kettle.engine.start import run_transformation
from assets.kettle.files.read import read_transformation
from assets.kettle.publish import engine_settings
from core.naming import Key, TableName, table_name
from core.settings import PROJECT, Settings
from resources.defs import build_resources
from resources.open import warehouse as open_warehouse
from resources.ports import Warehouse

KEYS = ["household_id", "known_from"]
FILE = PROJECT / "examples" / "kettle" / coupon_pace.FILE


def pace(warehouse: Warehouse, source: tuple[str, ...]) -> pl.DataFrame:
    return warehouse.query(coupon_pace.sql(source)).sort(KEYS)


def test_kettles_table_and_the_staged_ones_give_the_same(marts_settings: Settings) -> None:
    run_transformation(read_transformation(FILE), settings=engine_settings(marts_settings))
    warehouse = open_warehouse(marts_settings)
    staged = pace(warehouse, coupon_pace.STAGED)
    assert staged.height > 20
    assert pace(warehouse, coupon_pace.KETTLE).equals(staged)
    assert staged.columns == [c.name for c in coupon_pace.COLUMNS]
    assert list(staged.dtypes) == [pl.Int64, pl.Date, pl.Int64, pl.Float64]


def test_each_row_holds_what_was_redeemed_before_its_day(marts_warehouse: Warehouse) -> None:
    redeemed = marts_warehouse.query(
        "select distinct r.household_id, r.coupon_upc, r.campaign_id, r.redemption_date as day, c.start_date"
        " from table_retail.stg_redemptions r join table_retail.stg_campaigns c on c.campaign_id = r.campaign_id"
    )
    for household, known_from, count, mean in pace(marts_warehouse, coupon_pace.STAGED).iter_rows():
        before = redeemed.filter(pl.col("household_id") == household, pl.col("day") < known_from)
        days = (before["day"] - before["start_date"]).dt.total_days()
        assert count == before.height
        assert abs(mean - float(days.mean() or 0)) < 1e-9  # type: ignore[arg-type]


def test_both_engines_give_the_same_asset(
    marts_settings: Settings, make_settings: Callable[..., Settings], postgres_url: str, tmp_path: Path
) -> None:
    found = []
    for url in ({}, {"warehouse": postgres_url}):
        settings = make_settings(kettle_files=tmp_path, **url)
        warehouse = open_warehouse(settings)
        assert coupon_pace.upstream(settings) == coupon_pace.STAGED
        for upstream in coupon_pace.STAGED:
            table = table_name(Key.parse(upstream))
            warehouse.write(table, open_warehouse(marts_settings).query(f"select * from {table}"))
        all_of = dg.Definitions.merge(definitions(settings), dg.Definitions(resources=build_resources(settings)))
        key = dg.AssetKey(coupon_pace.KEY.split("/"))
        result = all_of.resolve_implicit_global_asset_job_def().execute_in_process(asset_selection=[key])
        (event,) = result.get_asset_materialization_events()
        assert [e.passed for e in result.get_asset_check_evaluations()] == [True]
        found.append(event.materialization)
        assert warehouse.query(f"select count(*) from {TableName('feature_retail', 'coupon_pace')}").item() > 20
    assert found[0].tags["dagster/data_version"] == found[1].tags["dagster/data_version"]
    lineage = found[1].metadata["dagster/column_lineage"].value.deps_by_column
    assert {d.column_name for d in lineage["mean_days"]} >= {"redemption_date", "start_date"}
