{{ config(meta={'dagster': {'ref': {'name': 'coupon_funnel'}}}) }}
-- Redemptions by households that were never sent the campaign; the funnel would count them on one side only.
select redeemed.household_id, redeemed.campaign_id
from {{ ref('stg_redemptions') }} as redeemed
left join {{ ref('stg_campaigns') }} as sent
    on redeemed.household_id = sent.household_id and redeemed.campaign_id = sent.campaign_id
where sent.household_id is null and redeemed.campaign_id in (select campaign_id from {{ ref('coupon_funnel') }})
