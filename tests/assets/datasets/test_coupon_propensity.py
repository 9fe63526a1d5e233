"""The dataset as an asset: content versions, no leakage, and checks that notice what they are for."""

import json
from collections.abc import Callable
from datetime import timedelta

import dagster as dg
import polars as pl
import pytest

from assets.datasets.checks import current, leaks
from assets.datasets.coupon_propensity import SQL, UPSTREAM, features
from assets.datasets.defs import definitions
from assets.features import coupon_pace
from assets.features.household_weekly import SQL as FEATURE_SQL
from core.naming import Key, TableName, table_name
from core.settings import Settings
from resources.defs import build_resources
from resources.open import objects as open_objects
from resources.open import warehouse as open_warehouse

KEY = Key.parse("dataset/retail/coupon_propensity")
FEATURES, PACE = TableName("feature_retail", "household_weekly"), TableName("feature_retail", "coupon_pace")
PACE_SQL = coupon_pace.sql(coupon_pace.STAGED)


@pytest.fixture
def ready(marts_settings: Settings) -> Settings:
    open_warehouse(marts_settings).replace(FEATURES, FEATURE_SQL)
    open_warehouse(marts_settings).replace(PACE, PACE_SQL)
    return marts_settings


def build(settings: Settings) -> dg.ExecuteInProcessResult:
    all_of = dg.Definitions.merge(definitions(settings), dg.Definitions(resources=build_resources(settings)))
    return all_of.resolve_implicit_global_asset_job_def().execute_in_process(raise_on_error=False)


def data(settings: Settings) -> pl.DataFrame:
    return pl.read_parquet(current(open_objects(settings)) / "data.parquet")


def test_the_folder_is_what_models_expect(ready: Settings) -> None:
    result = build(ready)
    assert result.success
    assert {e.check_name: e.passed for e in result.get_asset_check_evaluations()} == {
        "one_row_per_household_and_campaign": True,
        "nothing_from_the_future": True,
        "label_share_by_split": True,
    }
    folder, rows = current(open_objects(ready)), data(ready)
    about = json.loads((folder / "dataset.json").read_text())
    assert (about["label"], about["time"], about["keys"]) == ("label", "as_of", ["household_id", "campaign_id"])
    assert [f["name"] for f in about["features"]] == [f.name for f in features()]
    assert rows["label"].dtype == pl.Int8 and set(rows["label"]) == {0, 1}
    for feature in about["features"]:
        kind = rows[feature["name"]].dtype
        assert kind == (pl.String if feature["kind"] == "category" else pl.Float64)
        if feature["kind"] == "category":
            train = rows.filter(split="train")[feature["name"]].drop_nulls()
            assert sorted(feature["categories"]) == sorted(train.unique())
    assert about["features"][0]["categories"] == ["Type A", "Type B", "Type C"]
    income = next(f for f in about["features"] if f["name"] == "income")["categories"]
    assert income[:2] == ["Under 15K", "15-24K"] and income.index("75-99K") < income.index("100-124K")
    counts = rows.group_by("split").agg(n=pl.len(), p=pl.col("label").cast(pl.Int64).sum())
    assert {s: n for s, n, _ in counts.rows()} == about["rows"]
    assert {s: p for s, _, p in counts.rows()} == about["positives"]
    assert rows["as_of"].min() < rows["as_of"].max()
    (event,) = result.get_asset_materialization_events()
    lineage = event.materialization.metadata["dagster/column_lineage"].value.deps_by_column
    assert [d.column_name for d in lineage["spend_12w"]] == ["spend_12w"]
    assert "redemption_date" in {d.column_name for d in lineage["label"]}


def test_labels_are_redemptions_by_hand(ready: Settings) -> None:
    build(ready)
    warehouse = open_warehouse(ready)
    redeemed = warehouse.query("select household_id, campaign_id, redemption_date from table_retail.stg_redemptions")
    pairs = {(h, c) for h, c, _ in redeemed.iter_rows()}  # all real redemptions lie in their campaign's time
    rows = data(ready)
    for household, campaign, label in rows.select("household_id", "campaign_id", "label").iter_rows():
        assert label == ((household, campaign) in pairs)
    assert rows["label"].sum() > 100


def test_equal_content_is_an_equal_version_and_five_are_kept(ready: Settings) -> None:
    objects = open_objects(ready)
    build(ready)
    first = objects.alias(KEY, "current")
    build(ready)
    assert objects.versions(KEY) == [first]
    warehouse = open_warehouse(ready)
    for step in range(1, 7):
        warehouse.replace(FEATURES, f"select * replace (recency_days + 1 as recency_days) from {FEATURES}")
        assert build(ready).success, step
    assert len(objects.versions(KEY)) == 5 and first not in objects.versions(KEY)
    assert objects.alias(KEY, "current") == objects.versions(KEY)[-1]


def test_redemptions_on_and_after_the_first_day_move_labels_and_no_feature(ready: Settings) -> None:
    warehouse = open_warehouse(ready)
    before = warehouse.query(SQL).sort("household_id", "campaign_id")
    day = before.filter(campaign_id=13)["as_of"][0]
    warehouse.replace(
        TableName("table_retail", "stg_redemptions"),
        f"select * from table_retail.stg_redemptions where redemption_date < date '{day}'",
    )
    doubled = f"case when sale_date >= date '{day}' then 2 else 1 end * sales_value as sales_value"
    warehouse.replace(
        TableName("table_retail", "stg_transactions"),
        f"select * replace ({doubled}) from table_retail.stg_transactions"
        f" where sale_date < date '{day}' or household_id % 2 = 0",
    )
    warehouse.replace(PACE, PACE_SQL)
    after = warehouse.query(SQL).sort("household_id", "campaign_id")
    names = [f.name for f in features()]
    known = pl.col("as_of") <= day
    assert after.filter(known).select(names).equals(before.filter(known).select(names))
    assert not after.filter(~known).select(names).equals(before.filter(~known).select(names))
    assert after.filter(campaign_id=13)["label"].sum() == 0 < before.filter(campaign_id=13)["label"].sum()


def test_the_leak_check_notices_each_kind_of_leak(ready: Settings) -> None:
    build(ready)
    warehouse, rows = open_warehouse(ready), data(ready)
    sent = warehouse.query("select household_id, campaign_id, start_date, end_date from table_retail.stg_campaigns")
    redeemed = warehouse.query("select household_id, campaign_id, redemption_date from table_retail.stg_redemptions")
    assert not any(leaks(rows, sent, redeemed).values())
    day = timedelta(days=1)
    positive = pl.col("label") == 1
    damaged = {
        "as_of_not_campaign_start": rows.with_columns(pl.col("as_of") + day),
        "label_not_in_window": rows.with_columns(label=pl.lit(1, pl.Int8)),
        "features_after_as_of": rows.with_columns(pl.col("as_of") + day, feature_week=pl.col("as_of") + 2 * day),
        "past_redemptions_wrong": rows.with_columns(
            pl.when(positive).then(9.0).otherwise("past_redemptions").alias("past_redemptions")
        ),
        "past_days_from_elsewhere": rows.with_columns(pl.col("past_days_to_redeem") + positive.cast(pl.Float64)),
        "splits_overlap": rows.with_columns(pl.col("split").shuffle(seed=1)),
    }
    for rule, frame in damaged.items():
        assert leaks(frame, sent, redeemed)[rule] > 0, rule


def test_a_double_row_fails_the_blocking_check(ready: Settings) -> None:
    warehouse = open_warehouse(ready)
    households = TableName("table_retail", "households")
    warehouse.replace(households, f"select * from {households} union all select * from {households}")
    result = build(ready)
    failed = {e.check_name for e in result.get_asset_check_evaluations() if not e.passed}
    assert "one_row_per_household_and_campaign" in failed and not result.success


def test_too_few_campaigns_is_an_error_and_the_former_version_stays(ready: Settings) -> None:
    build(ready)
    objects, warehouse = open_objects(ready), open_warehouse(ready)
    version = objects.alias(KEY, "current")
    campaigns = TableName("table_retail", "stg_campaigns")
    warehouse.replace(campaigns, f"select * from {campaigns} where campaign_id < 2")
    assert not build(ready).success
    assert objects.alias(KEY, "current") == version


def test_both_engines_make_the_same_version(
    ready: Settings, make_settings: Callable[..., Settings], postgres_url: str, tmp_path
) -> None:
    build(ready)
    there = make_settings(warehouse=postgres_url, home=tmp_path / "other")
    source, target = open_warehouse(ready), open_warehouse(there)
    for key in UPSTREAM:
        table = table_name(Key.parse(key))
        target.write(table, source.query(f"select * from {table}"))
    assert build(there).success
    assert open_objects(there).alias(KEY, "current") == open_objects(ready).alias(KEY, "current")
