"""The marts that features and datasets read, made from raw tables by plain SQL that both engines run."""

from pathlib import Path

import dagster as dg

from assets.partitions import add_weeks
from assets.sources.defs import definitions
from assets.sources.retail_files import weeks
from core.naming import TableName
from core.settings import Settings
from resources.defs import build_resources
from resources.ports import Warehouse

DAY = "cast(timezone('America/New_York', timezone('UTC', transaction_timestamp)) as date)"


def _sum(column: str) -> str:
    return f"cast(sum(cast({column} as numeric(18, 2))) as double precision) as {column}"


MARTS = {
    "stg_transactions": f"select *, {DAY} as sale_date from raw_retail.transactions",
    "products": "select * from raw_retail.products",
    "stg_campaigns": "select s.household_id, s.campaign_id, a.campaign_type, cast(a.start_date as date) as start_date,"
    " cast(a.end_date as date) as end_date from raw_retail.campaigns as s"
    " join raw_retail.campaign_descriptions as a on s.campaign_id = a.campaign_id",
    "stg_redemptions": "select household_id, campaign_id, coupon_upc, cast(redemption_date as date) as redemption_date"
    " from raw_retail.coupon_redemptions",
    "stg_coupons": "select distinct coupon_upc, product_id, campaign_id from raw_retail.coupons",
    "households": "select s.household_id, d.age, d.income, d.home_ownership, d.marital_status, d.household_size,"
    " d.household_comp, d.kids_count from (select distinct household_id from raw_retail.transactions) as s"
    " left join raw_retail.demographics as d on s.household_id = d.household_id",
    "baskets": "select basket_id, household_id, store_id, week_start, min(sale_date) as basket_date,"
    f" count(*) as lines, {_sum('sales_value')}, {_sum('retail_disc')}, {_sum('coupon_disc')},"
    f" {_sum('coupon_match_disc')}"
    " from table_retail.stg_transactions group by basket_id, household_id, store_id, week_start",
}


def build_marts(warehouse: Warehouse, names: tuple[str, ...] = tuple(MARTS)) -> None:
    """Make these marts from what is in raw_retail."""
    for name in names:
        warehouse.replace(TableName("table_retail", name), MARTS[name])


def land(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Materialize all eight raw tables, all weeks in one run."""
    add_weeks(instance, weeks(settings))
    known = instance.get_dynamic_partitions("retail_week")
    return materialize(settings, instance, known[0], known[-1])


def materialize(
    settings: Settings,
    instance: dg.DagsterInstance,
    first: str,
    last: str,
    *,
    only: str | None = None,
    fail: bool = False,
) -> dg.ExecuteInProcessResult:
    """Materialize the raw tables (or one) for a range of weeks."""
    definitions_ = dg.Definitions.merge(definitions(settings), dg.Definitions(resources=build_resources(settings)))
    return definitions_.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(["raw", "retail", only])] if only else None,
        tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
        raise_on_error=not fail,
    )


def drop_folder(settings: Settings) -> Path:
    """The watched folder for weeks of transactions, made if need be."""
    folder = settings.drops / "retail" / "transactions"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
