with sent as (
    select
        campaign_id,
        campaign_type,
        start_date,
        end_date,
        count(*) as sent_households
    from {{ ref('stg_campaigns') }}
    group by campaign_id, campaign_type, start_date, end_date
),

offered as (
    select
        campaign_id,
        count(distinct coupon_upc) as coupons_offered,
        count(distinct product_id) as products_offered
    from {{ ref('stg_coupons') }}
    group by campaign_id
),

redeemed as (
    select
        campaign_id,
        count(distinct household_id) as redeemed_households,
        count(*) as coupons_redeemed
    from {{ ref('stg_redemptions') }}
    group by campaign_id
)

select
    sent.campaign_id,
    sent.campaign_type,
    sent.start_date,
    sent.end_date,
    coalesce(offered.coupons_offered, 0) as coupons_offered,
    coalesce(offered.products_offered, 0) as products_offered,
    sent.sent_households,
    coalesce(redeemed.redeemed_households, 0) as redeemed_households,
    coalesce(redeemed.coupons_redeemed, 0) as coupons_redeemed,
    cast(coalesce(redeemed.redeemed_households, 0) as double precision) / sent.sent_households as conversion
from sent
left join offered on sent.campaign_id = offered.campaign_id
left join redeemed on sent.campaign_id = redeemed.campaign_id
