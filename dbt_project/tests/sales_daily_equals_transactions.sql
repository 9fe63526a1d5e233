{{ config(meta={'dagster': {'ref': {'name': 'sales_daily'}}}) }}
-- Weeks in which the daily table does not hold exactly the money and units of the sold lines.
with daily as (
    select week_start, sum(cast(sales_value as numeric(18, 2))) as sales_value, sum(quantity) as quantity
    from {{ ref('sales_daily') }}
    group by week_start
),

sold as (
    select week_start, sum(cast(sales_value as numeric(18, 2))) as sales_value, sum(quantity) as quantity
    from {{ ref('stg_transactions') }}
    group by week_start
)

select sold.week_start, sold.sales_value, daily.sales_value as daily_value
from sold
full join daily on sold.week_start = daily.week_start
where daily.week_start is null or sold.week_start is null or daily.sales_value <> sold.sales_value or daily.quantity <> sold.quantity
