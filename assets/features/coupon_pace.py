"""How fast a household redeems coupons, as known on each day: the SQL and what each column means.

The redemptions come from `table/retail/coupon_use`, which a Kettle transformation makes; where that file is not among
the Kettle files (HEDDLE_KETTLE_FILES), the same rows come from the staged tables. A row holds from the day after a
redemption on, so that a reader who takes the last row with `known_from` <= day sees nothing of that day or later.
"""

from core.schema import Column
from core.settings import Settings

KEY = "feature/retail/coupon_pace"
FILE = "coupon_use.ktr"
KETTLE = ("table/retail/coupon_use",)
STAGED = ("table/retail/stg_campaigns", "table/retail/stg_redemptions")
COLUMNS = (
    Column("household_id", "bigint", "Household", nullable=False),
    Column("known_from", "date", "Day after a redemption: all else was known then", nullable=False),
    Column("redemptions", "bigint", "Coupons redeemed so far"),
    Column("mean_days", "double", "Days from the campaign's start to the redemption, on average so far"),
)
_STAGED_USE = """(
    select r.household_id, r.redemption_date, r.redemption_date - c.start_date as days_after_start
    from table_retail.stg_redemptions as r
    inner join (select distinct campaign_id, start_date from table_retail.stg_campaigns) as c
        on c.campaign_id = r.campaign_id
    where r.redemption_date >= c.start_date
)"""


def upstream(settings: Settings) -> tuple[str, ...]:
    """What the SQL reads in this project: Kettle's table where the file is there that makes it."""
    return KETTLE if (settings.kettle_files / FILE).is_file() else STAGED


def sql(source: tuple[str, ...]) -> str:
    """The select over KETTLE or STAGED; for DuckDB and PostgreSQL. Whole days are summed, so the order is free."""
    use = "table_retail.coupon_use" if source == KETTLE else _STAGED_USE
    return f"""
with days as (
    select
        u.household_id,
        cast(u.redemption_date as date) as redeemed_on,
        count(u.days_after_start) as redemptions,
        sum(u.days_after_start) as days
    from {use} as u
    group by u.household_id, cast(u.redemption_date as date)
)
select
    household_id,
    redeemed_on + 1 as known_from,
    cast(sum(redemptions) over so_far as bigint) as redemptions,
    cast(sum(days) over so_far as double precision) / sum(redemptions) over so_far as mean_days
from days
window so_far as (partition by household_id order by redeemed_on)
"""
