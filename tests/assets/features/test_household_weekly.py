"""Household features: the same by brute force, on both engines, and blind to the future."""

from collections.abc import Callable
from datetime import date, timedelta

import dagster as dg
import polars as pl
import pytest

from assets.features.defs import definitions
from assets.features.household_weekly import COLUMNS, SQL, UPSTREAM
from core.naming import Key, TableName, table_name
from core.settings import Settings
from resources.defs import build_resources
from resources.open import warehouse as open_warehouse
from resources.ports import Warehouse
from tests.assets.marts import build_marts

RAW = "raw_retail"
WEEK = date(2017, 6, 5)
KEYS = ["household_id", "week_start"]


def features(warehouse: Warehouse) -> pl.DataFrame:
    return warehouse.query(SQL).sort(KEYS)


def test_columns_are_as_documented(marts_warehouse: Warehouse) -> None:
    found = features(marts_warehouse)
    assert found.columns == [c.name for c in COLUMNS]
    kinds = {"bigint": pl.Int64, "double": pl.Float64, "date": pl.Date}
    assert list(found.dtypes) == [kinds[c.type] for c in COLUMNS]
    assert found.select(KEYS).n_unique() == found.height > 5000


def change(warehouse: Warehouse, table: str, column: str, sql: str) -> None:
    """Replace the rows of a raw table from WEEK on by what `sql` gives for them (`future` is those rows)."""
    warehouse.replace(
        TableName(RAW, table),
        f"with future as (select * from {RAW}.{table} where {column} >= date '{WEEK}')"
        f" select * from {RAW}.{table} where {column} < date '{WEEK}' {sql}",
    )


CHANGES = {
    "deleted": "",
    "doubled": "union all select * from future union all select * from future",
    "changed": {
        "transactions": "union all select * replace (sales_value * 100 + 1 as sales_value, 99 as quantity,"
        " product_id + 1 as product_id, 1 as store_id, retail_disc + 5 as retail_disc, coupon_disc + 5 as coupon_disc)"
        " from future",
        "coupon_redemptions": "union all select * replace (household_id + 1 as household_id) from future",
        "campaign_descriptions": "union all select * replace (end_date + interval '1 day' as end_date) from future",
    },
}


@pytest.mark.parametrize("how", CHANGES)
def test_nothing_comes_from_the_future(marts_warehouse: Warehouse, how: str) -> None:
    before = features(marts_warehouse)
    columns = {
        "transactions": "week_start",
        "coupon_redemptions": "redemption_date",
        "campaign_descriptions": "start_date",
    }
    for table, column in columns.items():
        rule = CHANGES[how]
        sql = rule[table] if isinstance(rule, dict) else rule
        if table == "campaign_descriptions" and how == "doubled":
            continue  # its key is unique; twice the row is no possible future
        change(marts_warehouse, table, column, sql)
    build_marts(marts_warehouse)
    after = features(marts_warehouse)
    known = pl.col("week_start") <= WEEK
    assert before.filter(known).height > 2000
    assert after.filter(known).equals(before.filter(known))
    assert not after.filter(~known).equals(before.filter(~known))  # the change did reach what it may reach


def test_brute_force_gives_the_same(marts_warehouse: Warehouse) -> None:
    found = features(marts_warehouse)
    lines = marts_warehouse.query(
        "select t.*, p.brand, p.department from table_retail.stg_transactions as t"
        " left join raw_retail.products as p on t.product_id = p.product_id"
    )
    sent = marts_warehouse.query("select * from table_retail.stg_campaigns")
    redeemed = marts_warehouse.query("select * from table_retail.stg_redemptions")
    for row in found.sample(60, seed=7).iter_rows(named=True):
        household, monday = row["household_id"], row["week_start"]
        past = lines.filter(household_id=household).filter(pl.col("sale_date") < monday)
        recent = {n: past.filter(pl.col("sale_date") >= monday - timedelta(weeks=n)) for n in (1, 4, 12)}
        for n, part in recent.items():
            assert row[f"visits_{n}w"] == part["basket_id"].n_unique()
            assert row[f"spend_{n}w"] == pytest.approx(part["sales_value"].sum(), abs=1e-6)
        year = recent[12]
        spend = year["sales_value"].sum()
        shares = {
            "private_share_12w": pl.col("brand") == "Private",
            "fuel_share_12w": pl.col("department") == "FUEL",
            "meat_share_12w": pl.col("department").is_in(["MEAT", "MEAT-PCKGD"]),
        }
        for name, condition in shares.items():
            expected = year.filter(condition)["sales_value"].sum() / spend if spend else None
            assert row[name] == (pytest.approx(expected) if expected is not None else None)
        assert row["recency_days"] == (monday - past["sale_date"].max()).days
        assert row["tenure_weeks"] == (monday - past["week_start"].min()).days // 7
        assert row["products_ever"] == past["product_id"].n_unique()
        older = past.filter(pl.col("sale_date") < monday - timedelta(weeks=4))["product_id"]
        assert row["new_products_4w"] == len(set(past["product_id"]) - set(older))
        assert row["stores_ever"] == past["store_id"].n_unique()
        assert row["active_weeks_12w"] == year["week_start"].n_unique()
        coupons = year.group_by("basket_id").agg(pl.col("coupon_disc").sum()).filter(pl.col("coupon_disc") > 0)
        assert row["coupon_visits_12w"] == coupons.height
        mine = sent.filter(household_id=household).filter(pl.col("start_date") < monday)
        assert row["campaigns_received"] == mine.height
        assert row["campaigns_active"] == mine.filter(pl.col("end_date") >= monday).height
        used = redeemed.filter(household_id=household).filter(pl.col("redemption_date") < monday)
        assert row["redemptions_ever"] == used.height
        assert row["campaigns_redeemed"] == used["campaign_id"].n_unique()
        last = used.filter(pl.col("redemption_date") >= monday - timedelta(weeks=12))
        assert row["redemptions_12w"] == last.height


def test_both_engines_agree_and_every_column_is_traced(
    marts_settings: Settings, make_settings: Callable[..., Settings], postgres_url: str
) -> None:
    found = []
    for settings in (marts_settings, make_settings(warehouse=postgres_url)):
        warehouse = open_warehouse(settings)
        for upstream in UPSTREAM:
            table = table_name(Key.parse(upstream))
            warehouse.write(table, open_warehouse(marts_settings).query(f"select * from {table}"))
        all_of = dg.Definitions.merge(definitions(settings), dg.Definitions(resources=build_resources(settings)))
        job = all_of.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(asset_selection=[dg.AssetKey(["feature", "retail", "household_weekly"])])
        (event,) = result.get_asset_materialization_events()
        found.append(event.materialization)
        assert [e.passed for e in result.get_asset_check_evaluations()] == [True]
    assert found[0].tags["dagster/data_version"] == found[1].tags["dagster/data_version"]
    lineage = found[1].metadata["dagster/column_lineage"].value.deps_by_column
    assert set(lineage) == {c.name for c in COLUMNS} and all(lineage.values())
    sources = {(d.asset_key.path[-1], d.column_name) for d in lineage["private_share_12w"]}
    assert sources >= {("stg_transactions", "sales_value"), ("products", "brand"), ("baskets", "sales_value")}
