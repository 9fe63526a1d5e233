"""What the retail example does with the tables that its Kettle files own: a feature, and scores written back."""

from typing import TYPE_CHECKING

from core.errors import StoreError
from core.naming import Key, table_name
from core.schema import Column

if TYPE_CHECKING:
    import polars as pl

    from resources.ports import Objects

HABITS = "table/retail/coupon_habits"
FEATURE = "feature/retail/coupon_habits"
SCORES = "report/retail/coupon_scores"
MODEL = "model/retail/coupon_propensity"
DATASET = "dataset/retail/coupon_propensity"
COLUMNS = (
    Column("household_id", "bigint", "Household", nullable=False),
    Column("redemptions", "bigint", "Coupons redeemed"),
    Column("campaigns", "bigint", "Campaigns of which coupons were redeemed"),
    Column("mean_days", "double", "Days between a campaign's start and a redemption, on average"),
    Column("per_campaign", "double", "Coupons redeemed per campaign"),
    Column("lives_on_coupons", "boolean", "Ten redemptions or more"),
)
SQL = f"""
select
    household_id,
    redemptions,
    campaigns,
    mean_days,
    redemptions / nullif(campaigns, 0)::double precision as per_campaign,
    habit = 'lives on coupons' as lives_on_coupons
from {table_name(Key.parse(HABITS))}
"""


def scores(objects: "Objects") -> "pl.DataFrame":
    """The champion's mean probability per household over the current dataset: household_id, propensity.

    Raises:
        StoreError: there is no champion or no dataset yet.
    """
    import polars as pl

    from assets.models.scoring import Model

    model, dataset = Key.parse(MODEL), Key.parse(DATASET)
    champion, current = objects.alias(model, "champion"), objects.alias(dataset, "current")
    if champion is None or current is None:
        raise StoreError(f"{MODEL} has no champion, or {DATASET} no version", "materialize both first")
    rows = pl.read_parquet(objects.path(dataset, current) / "data.parquet")
    scored = rows.select("household_id", pl.Series("propensity", Model.open(objects.path(model, champion)).score(rows)))
    mean = pl.col("propensity").cast(pl.Float64).mean().round(6)
    return scored.group_by("household_id").agg(mean).sort("household_id")
