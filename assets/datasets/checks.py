"""Checks of the coupon propensity dataset, against the tables and not against the SQL that made it."""

import json
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.kit import asset_key
from core.errors import StoreError
from core.naming import Key
from resources.ports import Objects, Warehouse

if TYPE_CHECKING:
    import polars as pl

KEY = "dataset/retail/coupon_propensity"
ALIAS = "current"
SHARE = (0.005, 0.5)  # a label share outside is a mistake, not a campaign


def current(objects: Objects) -> Path:
    """The folder of the current version.

    Raises:
        StoreError: there is none yet.
    """
    key = Key.parse(KEY)
    version = objects.alias(key, ALIAS)
    if version is None:
        raise StoreError(f"{KEY} has no version {ALIAS!r}", f"materialize {KEY} first")
    return objects.path(key, version)


@dg.asset_check(asset=asset_key(KEY), name="one_row_per_household_and_campaign", blocking=True)
def unique_key(objects: dg.ResourceParam[Objects]) -> dg.AssetCheckResult:
    """No household has two rows for one campaign."""
    data = _data(objects)
    repeated = data.height - data.select("household_id", "campaign_id").n_unique()
    return dg.AssetCheckResult(passed=repeated == 0, metadata={"rows": data.height, "repeated": repeated})


@dg.asset_check(asset=asset_key(KEY), name="nothing_from_the_future", blocking=True)
def no_leakage(objects: dg.ResourceParam[Objects], warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
    """Labels count redemptions from as_of to the campaign's end, features end before as_of, splits follow in time."""
    redeemed = warehouse.query("select household_id, campaign_id, redemption_date from table_retail.stg_redemptions")
    sent = warehouse.query("select household_id, campaign_id, start_date, end_date from table_retail.stg_campaigns")
    found = leaks(_data(objects), sent, redeemed)
    return dg.AssetCheckResult(passed=not any(found.values()), metadata=found)


@dg.asset_check(asset=asset_key(KEY), name="label_share_by_split")
def label_share(objects: dg.ResourceParam[Objects]) -> dg.AssetCheckResult:
    """Each split has positives, in a share that a coupon campaign can have."""
    about = json.loads((current(objects) / "dataset.json").read_text(encoding="utf-8"))
    shares = {name: about["positives"][name] / rows if rows else 0.0 for name, rows in about["rows"].items()}
    return dg.AssetCheckResult(
        passed=all(SHARE[0] <= share <= SHARE[1] for share in shares.values()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={f"share_{name}": share for name, share in shares.items()},
    )


def leaks(data: "pl.DataFrame", sent: "pl.DataFrame", redeemed: "pl.DataFrame") -> dict[str, int]:
    """How many rows break each rule; all zero when nothing comes from the future.

    Args:
        data: the dataset's rows.
        sent: household_id, campaign_id, start_date, end_date.
        redeemed: household_id, campaign_id, redemption_date.
    """
    import polars as pl

    keys = ["household_id", "campaign_id"]
    window = data.join(sent, on=keys, how="left")
    inside = pl.col("redemption_date").is_between(pl.col("as_of"), pl.col("end_date"))
    positive = window.join(redeemed, on=keys).filter(inside).select(keys).unique().with_columns(truth=pl.lit(1))
    truth = data.join(positive, on=keys, how="left").with_columns(pl.col("truth").fill_null(0))
    earlier = data.select(*keys, "as_of", "past_redemptions").join(
        redeemed.select("household_id", "redemption_date"), on="household_id", how="left"
    )
    before = (pl.col("redemption_date") < pl.col("as_of")).sum().alias("before")
    past = earlier.group_by(*keys, "past_redemptions").agg(before)
    return {
        "as_of_not_campaign_start": window.filter(pl.col("as_of").ne_missing(pl.col("start_date"))).height,
        "label_not_in_window": truth.filter(pl.col("label") != pl.col("truth")).height,
        "features_after_as_of": data.filter(pl.col("feature_week") > pl.col("as_of")).height,
        "past_redemptions_wrong": past.filter(pl.col("before") != pl.col("past_redemptions")).height,
        "past_days_from_elsewhere": _other_days(data, sent, redeemed),
        "splits_overlap": _overlap(data),
    }


def _other_days(data: "pl.DataFrame", sent: "pl.DataFrame", redeemed: "pl.DataFrame") -> int:
    """Rows whose past_days_to_redeem is no average over redemptions before as_of, whichever of these are counted."""
    import polars as pl

    starts = sent.group_by("campaign_id").agg(pl.col("start_date").min())
    days = (pl.col("redemption_date") - pl.col("start_date")).dt.total_days()
    timed = redeemed.join(starts, on="campaign_id").select("household_id", "redemption_date", days=days)
    rows = data.select("household_id", "as_of", value="past_days_to_redeem").drop_nulls("value").with_row_index()
    before = rows.join(timed, on="household_id").filter(pl.col("redemption_date") < pl.col("as_of"))
    bounds = before.group_by("index").agg(low=pl.col("days").min(), high=pl.col("days").max())
    inside = rows.join(bounds, on="index").filter(pl.col("value").is_between("low", "high")).height
    return rows.height - inside


def _overlap(data: "pl.DataFrame") -> int:
    """Of train -> valid -> test, how many steps do not go forward in time."""
    import polars as pl

    ends: dict[str, tuple[Any, Any]] = {}
    for (name,), part in data.group_by("split"):
        ends[str(name)] = (part["as_of"].min(), part["as_of"].max())
    order = [ends.get(name, (date.max, date.min)) for name in ("train", "valid", "test")]
    unknown = data.filter(~pl.col("split").is_in(["train", "valid", "test"])).height
    return unknown + sum(bool(earlier[1] >= later[0]) for earlier, later in pairwise(order))


def _data(objects: Objects) -> "pl.DataFrame":
    import polars as pl

    return pl.read_parquet(current(objects) / "data.parquet")
