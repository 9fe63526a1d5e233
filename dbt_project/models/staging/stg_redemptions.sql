select
    household_id,
    campaign_id,
    coupon_upc,
    cast(redemption_date as date) as redemption_date
from {{ source('raw_retail', 'coupon_redemptions') }}
