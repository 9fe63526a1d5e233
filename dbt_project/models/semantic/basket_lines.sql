-- One row per sold line with what metrics are cut by; a view, so that a metric is always as fresh as its week.
select
    sold.basket_id,
    sold.household_id,
    sold.store_id,
    sold.sale_date,
    coalesce(about.department, 'UNKNOWN') as department,
    coalesce(about.brand, 'UNKNOWN') as brand,
    cast(sold.quantity as bigint) as quantity,
    cast(sold.sales_value as numeric(18, 2)) as sales_value,
    cast(sold.retail_disc + sold.coupon_disc + sold.coupon_match_disc as numeric(18, 2)) as discount_value
from {{ ref('stg_transactions') }} as sold
left join {{ ref('stg_products') }} as about on sold.product_id = about.product_id
