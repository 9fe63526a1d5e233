select
    household_id,
    store_id,
    basket_id,
    product_id,
    quantity,
    sales_value,
    retail_disc,
    coupon_disc,
    coupon_match_disc,
    cast(week as integer) as week,
    week_start,
    transaction_timestamp as sold_at_utc,
    {{ store_time('transaction_timestamp') }} as sold_at,
    cast({{ store_time('transaction_timestamp') }} as date) as sale_date
from {{ source('raw_retail', 'transactions') }}
