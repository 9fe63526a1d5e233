"""Who of the households sent a campaign will redeem a coupon of it: the SQL and what each column means.

One row per household and campaign as it stood on the campaign's first day (`as_of`). The label looks at `as_of` and
later, to the campaign's last day; every feature looks at days before `as_of`.
"""

from typing import Literal, NamedTuple


class Feature(NamedTuple):
    """A feature column; a category's values are taken from the training rows."""

    name: str
    kind: Literal["number", "category"]
    description: str


UPSTREAM = (
    "feature/retail/coupon_pace",
    "feature/retail/household_weekly",
    "table/retail/baskets",
    "table/retail/households",
    "table/retail/stg_campaigns",
    "table/retail/stg_coupons",
    "table/retail/stg_redemptions",
    "table/retail/stg_transactions",
)
LABEL, TIME, KEYS = "label", "as_of", ("household_id", "campaign_id")
OWN_COLUMNS = {
    "household_id": "Household that was sent the campaign",
    "campaign_id": "Campaign",
    "as_of": "First day of the campaign: features look before it, the label from it on",
    "feature_week": "Monday of the household_weekly row that the features come from",
    "split": "train, valid or test, by the time of as_of",
    "label": "1 when the household redeemed a coupon of the campaign by its last day",
}

WEEKLY = (
    *("visits_1w", "visits_4w", "visits_12w", "active_weeks_12w", "spend_1w", "spend_4w", "spend_12w", "spend_trend"),
    *("basket_value_12w", "basket_lines_12w", "recency_days", "tenure_weeks", "products_ever", "new_products_4w"),
    *("stores_ever", "private_share_12w", "grocery_share_12w", "drug_share_12w", "fuel_share_12w"),
    *("produce_share_12w", "meat_share_12w", "loyalty_discount_rate_12w", "coupon_value_12w", "coupon_visits_12w"),
    *("campaigns_active", "redemptions_12w"),
)
DEMOGRAPHICS = {
    "age": "Age band of the card holder",
    "income": "Yearly income band in USD",
    "home_ownership": "Owner or renter, partly inferred",
    "marital_status": "Married or Unmarried",
    "household_size": "Number of persons",
    "household_comp": "Adults and whether there are children",
    "kids_count": "Number of children",
}
CAMPAIGN = (
    Feature("campaign_type", "category", "Type A (personal coupons), B or C"),
    Feature("campaign_days", "number", "Days from the campaign's first to its last day"),
    Feature("coupons_offered", "number", "Different coupons of the campaign"),
    Feature("products_offered", "number", "Different products its coupons are good for"),
    Feature("offered_products_bought", "number", "Those products that the household had bought before"),
    Feature("offered_products_spend", "number", "What it had spent on them before, USD"),
    Feature("past_campaigns", "number", "Campaigns that began for the household before this one"),
    Feature("past_campaigns_redeemed", "number", "Campaigns of which it had redeemed a coupon before"),
    Feature("past_redemptions", "number", "Coupons it had redeemed before"),
    Feature("past_days_to_redeem", "number", "Days from campaigns' starts to these redemptions, on average"),
)


def features() -> tuple[Feature, ...]:
    """All feature columns in the order of the data."""
    from assets.features.household_weekly import COLUMNS

    about = {c.name: c.description for c in COLUMNS}
    weekly = (Feature(name, "number", about[name]) for name in WEEKLY)
    return (*CAMPAIGN, *(Feature(k, "category", v) for k, v in DEMOGRAPHICS.items()), *weekly)


SQL = f"""
with sent as (
    select household_id, campaign_id, campaign_type, start_date as as_of, end_date
    from table_retail.stg_campaigns
),
redeemed as (
    select s.household_id, s.campaign_id, count(r.redemption_date) as redemptions
    from sent as s
    inner join table_retail.stg_redemptions as r
        on r.household_id = s.household_id
        and r.campaign_id = s.campaign_id
        and r.redemption_date between s.as_of and s.end_date
    group by s.household_id, s.campaign_id
),
known as (
    select s.household_id, s.campaign_id, max(w.week_start) as feature_week
    from sent as s
    inner join feature_retail.household_weekly as w
        on w.household_id = s.household_id and w.week_start <= s.as_of
    group by s.household_id, s.campaign_id
),
offers as (
    select campaign_id, count(distinct coupon_upc) as coupons_offered, count(distinct product_id) as products_offered
    from table_retail.stg_coupons
    group by campaign_id
),
offered as (
    select distinct campaign_id, product_id from table_retail.stg_coupons
),
bought as (
    select
        s.household_id,
        s.campaign_id,
        count(distinct t.product_id) as offered_products_bought,
        sum(cast(t.sales_value as numeric(18, 2))) as offered_products_spend
    from sent as s
    inner join offered as o on o.campaign_id = s.campaign_id
    inner join table_retail.stg_transactions as t
        on t.household_id = s.household_id and t.product_id = o.product_id and t.sale_date < s.as_of
    group by s.household_id, s.campaign_id
),
past as (
    select s.household_id, s.campaign_id, count(e.campaign_id) as past_campaigns
    from sent as s
    inner join sent as e on e.household_id = s.household_id and e.as_of < s.as_of
    group by s.household_id, s.campaign_id
),
past_redeemed as (
    select
        s.household_id,
        s.campaign_id,
        count(r.coupon_upc) as past_redemptions,
        count(distinct r.campaign_id) as past_campaigns_redeemed
    from sent as s
    inner join table_retail.stg_redemptions as r
        on r.household_id = s.household_id and r.redemption_date < s.as_of
    group by s.household_id, s.campaign_id
),
paced as (
    select s.household_id, s.campaign_id, max(e.known_from) as known_from
    from sent as s
    inner join feature_retail.coupon_pace as e on e.household_id = s.household_id and e.known_from <= s.as_of
    group by s.household_id, s.campaign_id
),
observed as (
    select max(basket_date) as observed_to from table_retail.baskets
)
select
    s.household_id,
    s.campaign_id,
    s.as_of,
    s.end_date,
    k.feature_week,
    observed.observed_to,
    case when r.redemptions > 0 then 1 else 0 end as label,
    s.campaign_type,
    s.end_date - s.as_of as campaign_days,
    coalesce(offers.coupons_offered, 0) as coupons_offered,
    coalesce(offers.products_offered, 0) as products_offered,
    coalesce(b.offered_products_bought, 0) as offered_products_bought,
    cast(coalesce(b.offered_products_spend, 0) as double precision) as offered_products_spend,
    coalesce(p.past_campaigns, 0) as past_campaigns,
    coalesce(q.past_campaigns_redeemed, 0) as past_campaigns_redeemed,
    coalesce(q.past_redemptions, 0) as past_redemptions,
    e.mean_days as past_days_to_redeem,
    {", ".join(f"h.{name}" for name in DEMOGRAPHICS)},
    {", ".join(f"w.{name}" for name in WEEKLY)}
from sent as s
cross join observed
left join redeemed as r on r.household_id = s.household_id and r.campaign_id = s.campaign_id
left join known as k on k.household_id = s.household_id and k.campaign_id = s.campaign_id
left join feature_retail.household_weekly as w
    on w.household_id = s.household_id and w.week_start = k.feature_week
left join offers on offers.campaign_id = s.campaign_id
left join bought as b on b.household_id = s.household_id and b.campaign_id = s.campaign_id
left join past as p on p.household_id = s.household_id and p.campaign_id = s.campaign_id
left join past_redeemed as q on q.household_id = s.household_id and q.campaign_id = s.campaign_id
left join paced as t on t.household_id = s.household_id and t.campaign_id = s.campaign_id
left join feature_retail.coupon_pace as e on e.household_id = s.household_id and e.known_from = t.known_from
left join table_retail.households as h on h.household_id = s.household_id
"""
