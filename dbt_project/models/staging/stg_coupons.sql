-- The source repeats some coupon x product x campaign rows.
select distinct
    coupon_upc,
    product_id,
    campaign_id
from {{ source('raw_retail', 'coupons') }}
