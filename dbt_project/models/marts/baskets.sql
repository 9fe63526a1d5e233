{{ config(materialized='incremental', incremental_strategy='weeks', unique_key='week_start', on_schema_change='fail') }}

select
    basket_id,
    household_id,
    store_id,
    week_start,
    min(sale_date) as basket_date,
    min(sold_at) as sold_at,
    count(*) as lines,
    count(distinct product_id) as products,
    cast(sum(quantity) as bigint) as quantity,
    {{ sum_money('sales_value') }} as sales_value,
    {{ sum_money('retail_disc') }} as retail_disc,
    {{ sum_money('coupon_disc') }} as coupon_disc,
    {{ sum_money('coupon_match_disc') }} as coupon_match_disc
from {{ ref('stg_transactions') }}
where {{ in_chosen_weeks() }}
group by basket_id, household_id, store_id, week_start
