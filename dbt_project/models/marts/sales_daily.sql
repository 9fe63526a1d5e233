{{ config(materialized='incremental', incremental_strategy='weeks', unique_key='week_start', on_schema_change='fail') }}

select
    sold.sale_date,
    sold.store_id,
    coalesce(about.department, 'UNKNOWN') as department,
    {{ sum_money('sold.sales_value') }} as sales_value,
    cast(sum(sold.quantity) as bigint) as quantity,
    count(distinct sold.basket_id) as baskets,
    {{ sum_money('sold.retail_disc + sold.coupon_disc + sold.coupon_match_disc') }} as discount_value,
    sold.week_start
from {{ ref('stg_transactions') }} as sold
left join {{ ref('stg_products') }} as about on sold.product_id = about.product_id
where {{ in_chosen_weeks('sold.week_start') }}
group by sold.sale_date, sold.store_id, coalesce(about.department, 'UNKNOWN'), sold.week_start
