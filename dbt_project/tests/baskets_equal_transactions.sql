{{ config(meta={'dagster': {'ref': {'name': 'baskets'}}}) }}
-- Weeks in which the basket table does not hold exactly the baskets and money of the sold lines.
with built as (
    select week_start, count(*) as baskets, sum(cast(sales_value as numeric(18, 2))) as sales_value
    from {{ ref('baskets') }}
    group by week_start
),

sold as (
    select week_start, count(distinct basket_id) as baskets, sum(cast(sales_value as numeric(18, 2))) as sales_value
    from {{ ref('stg_transactions') }}
    group by week_start
)

select sold.week_start, sold.baskets, built.baskets as built_baskets
from sold
full join built on sold.week_start = built.week_start
where built.week_start is null or sold.week_start is null
    or built.baskets <> sold.baskets or built.sales_value <> sold.sales_value
