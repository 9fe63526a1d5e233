-- Campaigns with more redeeming households than were sent it, or a conversion outside 0 to 1.
select campaign_id
from {{ ref('coupon_funnel') }}
where redeemed_households > sent_households or conversion < 0 or conversion > 1
