"""Point-in-time features per household and retail week: the SQL and what each column means.

A row tells what was known of a household when the week began. Every window frame ends 7 days before the row's week and
every join asks for dates before it, so nothing comes from the week itself or later. Money is summed as exact decimals:
the order of the rows cannot change the result. The SQL runs on DuckDB and on PostgreSQL as it is.
"""

from core.schema import Column

UPSTREAM = tuple(
    f"table/retail/{name}" for name in ("baskets", "products", "stg_campaigns", "stg_redemptions", "stg_transactions")
)


def _cents(expression: str) -> str:
    return f"cast({expression} as numeric(18, 2))"


def _number(expression: str) -> str:
    return f"cast(coalesce({expression}, 0) as double precision)"


def _whole(expression: str) -> str:
    return f"cast(coalesce({expression}, 0) as bigint)"


def _ratio(part: str, whole: str) -> str:
    return f"{_number(part)} / nullif({_number(whole)}, 0)"


SQL = f"""
with weeks as (
    select week_start from table_retail.baskets
    union
    select max(week_start) + 7 as week_start from table_retail.baskets
),
visits as (
    select
        household_id,
        week_start,
        count(basket_id) as visits,
        max(basket_date) as last_date,
        sum({_cents("sales_value")}) as spend,
        sum(lines) as lines,
        sum({_cents("retail_disc")}) as loyalty,
        sum({_cents("coupon_disc + coupon_match_disc")}) as coupon,
        sum(case when coupon_disc > 0 then 1 else 0 end) as coupon_visits
    from table_retail.baskets
    group by household_id, week_start
),
goods as (
    select
        t.household_id,
        t.week_start,
        sum(case when p.brand = 'Private' then {_cents("t.sales_value")} end) as private,
        sum(case when p.department = 'GROCERY' then {_cents("t.sales_value")} end) as grocery,
        sum(case when p.department = 'DRUG GM' then {_cents("t.sales_value")} end) as drug,
        sum(case when p.department = 'FUEL' then {_cents("t.sales_value")} end) as fuel,
        sum(case when p.department = 'PRODUCE' then {_cents("t.sales_value")} end) as produce,
        sum(case when p.department in ('MEAT', 'MEAT-PCKGD') then {_cents("t.sales_value")} end) as meat
    from table_retail.stg_transactions as t
    inner join table_retail.products as p on t.product_id = p.product_id
    group by t.household_id, t.week_start
),
first_buys as (
    select household_id, week_start, count(product_id) as new_products
    from (
        select household_id, product_id, min(week_start) as week_start
        from table_retail.stg_transactions
        group by household_id, product_id
    ) as bought
    group by household_id, week_start
),
first_stores as (
    select household_id, week_start, count(store_id) as new_stores
    from (
        select household_id, store_id, min(week_start) as week_start
        from table_retail.baskets
        group by household_id, store_id
    ) as visited
    group by household_id, week_start
),
spine as (
    select h.household_id, w.week_start, h.first_week
    from (
        select household_id, min(week_start) as first_week from table_retail.baskets group by household_id
    ) as h
    inner join weeks as w on w.week_start >= h.first_week
),
campaigns as (
    select
        s.household_id,
        s.week_start,
        count(c.campaign_id) as campaigns_received,
        sum(case when c.end_date >= s.week_start then 1 else 0 end) as campaigns_active
    from spine as s
    inner join table_retail.stg_campaigns as c
        on c.household_id = s.household_id and c.start_date < s.week_start
    group by s.household_id, s.week_start
),
redemptions as (
    select
        s.household_id,
        s.week_start,
        count(r.coupon_upc) as redemptions_ever,
        count(distinct r.campaign_id) as campaigns_redeemed,
        sum(case when r.redemption_date >= s.week_start - 84 then 1 else 0 end) as redemptions_12w
    from spine as s
    inner join table_retail.stg_redemptions as r
        on r.household_id = s.household_id and r.redemption_date < s.week_start
    group by s.household_id, s.week_start
),
rolled as (
    select
        s.household_id,
        s.week_start,
        s.first_week,
        sum(v.visits) over w1 as visits_1w,
        sum(v.visits) over w4 as visits_4w,
        sum(v.visits) over w12 as visits_12w,
        count(v.visits) over w12 as active_weeks_12w,
        sum(v.spend) over w1 as spend_1w,
        sum(v.spend) over w4 as spend_4w,
        sum(v.spend) over w12 as spend_12w,
        sum(v.lines) over w12 as lines_12w,
        sum(v.loyalty) over w12 as loyalty_12w,
        sum(v.coupon) over w12 as coupon_12w,
        sum(v.coupon_visits) over w12 as coupon_visits_12w,
        max(v.last_date) over ever as last_date,
        sum(g.private) over w12 as private_12w,
        sum(g.grocery) over w12 as grocery_12w,
        sum(g.drug) over w12 as drug_12w,
        sum(g.fuel) over w12 as fuel_12w,
        sum(g.produce) over w12 as produce_12w,
        sum(g.meat) over w12 as meat_12w,
        sum(p.new_products) over w4 as new_products_4w,
        sum(p.new_products) over ever as products_ever,
        sum(t.new_stores) over ever as stores_ever
    from spine as s
    left join visits as v on v.household_id = s.household_id and v.week_start = s.week_start
    left join goods as g on g.household_id = s.household_id and g.week_start = s.week_start
    left join first_buys as p on p.household_id = s.household_id and p.week_start = s.week_start
    left join first_stores as t on t.household_id = s.household_id and t.week_start = s.week_start
    window
        w1 as (
            partition by s.household_id order by s.week_start
            range between interval '7 days' preceding and interval '7 days' preceding
        ),
        w4 as (
            partition by s.household_id order by s.week_start
            range between interval '28 days' preceding and interval '7 days' preceding
        ),
        w12 as (
            partition by s.household_id order by s.week_start
            range between interval '84 days' preceding and interval '7 days' preceding
        ),
        ever as (
            partition by s.household_id order by s.week_start
            range between unbounded preceding and interval '7 days' preceding
        )
)
select
    r.household_id,
    r.week_start,
    {_whole("r.visits_1w")} as visits_1w,
    {_whole("r.visits_4w")} as visits_4w,
    {_whole("r.visits_12w")} as visits_12w,
    {_whole("r.active_weeks_12w")} as active_weeks_12w,
    {_number("r.spend_1w")} as spend_1w,
    {_number("r.spend_4w")} as spend_4w,
    {_number("r.spend_12w")} as spend_12w,
    3 * {_ratio("r.spend_4w", "r.spend_12w")} as spend_trend,
    {_ratio("r.spend_12w", "r.visits_12w")} as basket_value_12w,
    {_ratio("r.lines_12w", "r.visits_12w")} as basket_lines_12w,
    cast(r.week_start - r.last_date as bigint) as recency_days,
    cast((r.week_start - r.first_week) / 7 as bigint) as tenure_weeks,
    {_whole("r.products_ever")} as products_ever,
    {_whole("r.new_products_4w")} as new_products_4w,
    {_whole("r.stores_ever")} as stores_ever,
    {_ratio("r.private_12w", "r.spend_12w")} as private_share_12w,
    {_ratio("r.grocery_12w", "r.spend_12w")} as grocery_share_12w,
    {_ratio("r.drug_12w", "r.spend_12w")} as drug_share_12w,
    {_ratio("r.fuel_12w", "r.spend_12w")} as fuel_share_12w,
    {_ratio("r.produce_12w", "r.spend_12w")} as produce_share_12w,
    {_ratio("r.meat_12w", "r.spend_12w")} as meat_share_12w,
    {_ratio("r.loyalty_12w", "r.spend_12w + r.loyalty_12w")} as loyalty_discount_rate_12w,
    {_number("r.coupon_12w")} as coupon_value_12w,
    {_whole("r.coupon_visits_12w")} as coupon_visits_12w,
    {_whole("c.campaigns_received")} as campaigns_received,
    {_whole("c.campaigns_active")} as campaigns_active,
    {_whole("d.campaigns_redeemed")} as campaigns_redeemed,
    {_whole("d.redemptions_12w")} as redemptions_12w,
    {_whole("d.redemptions_ever")} as redemptions_ever
from rolled as r
left join campaigns as c on c.household_id = r.household_id and c.week_start = r.week_start
left join redemptions as d on d.household_id = r.household_id and d.week_start = r.week_start
where r.week_start > r.first_week
"""

COLUMNS = (
    Column("household_id", "bigint", "Household", False),
    Column("week_start", "date", "Monday of the week before which all else was known", False),
    Column("visits_1w", "bigint", "Baskets in the last week"),
    Column("visits_4w", "bigint", "Baskets in the last 4 weeks"),
    Column("visits_12w", "bigint", "Baskets in the last 12 weeks"),
    Column("active_weeks_12w", "bigint", "Weeks with a basket among the last 12"),
    Column("spend_1w", "double", "Spend in the last week, USD"),
    Column("spend_4w", "double", "Spend in the last 4 weeks, USD"),
    Column("spend_12w", "double", "Spend in the last 12 weeks, USD"),
    Column("spend_trend", "double", "Spend of the last 4 weeks over the mean 4 weeks of the last 12; 1 is steady"),
    Column("basket_value_12w", "double", "Mean spend of a basket in the last 12 weeks, USD"),
    Column("basket_lines_12w", "double", "Mean lines of a basket in the last 12 weeks"),
    Column("recency_days", "bigint", "Days since the last basket"),
    Column("tenure_weeks", "bigint", "Weeks since the week of the first basket in the data"),
    Column("products_ever", "bigint", "Different products bought so far"),
    Column("new_products_4w", "bigint", "Products bought for the first time in the last 4 weeks"),
    Column("stores_ever", "bigint", "Different stores visited so far"),
    Column("private_share_12w", "double", "Share of spend on the retailer's own label in the last 12 weeks"),
    Column("grocery_share_12w", "double", "Share of spend in GROCERY in the last 12 weeks"),
    Column("drug_share_12w", "double", "Share of spend in DRUG GM in the last 12 weeks"),
    Column("fuel_share_12w", "double", "Share of spend in FUEL in the last 12 weeks"),
    Column("produce_share_12w", "double", "Share of spend in PRODUCE in the last 12 weeks"),
    Column("meat_share_12w", "double", "Share of spend in MEAT and MEAT-PCKGD in the last 12 weeks"),
    Column("loyalty_discount_rate_12w", "double", "Loyalty discount over the undiscounted value, last 12 weeks"),
    Column("coupon_value_12w", "double", "Coupon discount in the last 12 weeks, USD, with the store's match"),
    Column("coupon_visits_12w", "bigint", "Baskets with a manufacturer coupon in the last 12 weeks"),
    Column("campaigns_received", "bigint", "Campaigns received so far"),
    Column("campaigns_active", "bigint", "Campaigns received whose coupons are still valid"),
    Column("campaigns_redeemed", "bigint", "Campaigns of which a coupon was redeemed so far"),
    Column("redemptions_12w", "bigint", "Coupons redeemed in the last 12 weeks"),
    Column("redemptions_ever", "bigint", "Coupons redeemed so far"),
)
