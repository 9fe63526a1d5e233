select
    sent.household_id,
    sent.campaign_id,
    about.campaign_type,
    cast(about.start_date as date) as start_date,
    cast(about.end_date as date) as end_date
from {{ source('raw_retail', 'campaigns') }} as sent
inner join {{ source('raw_retail', 'campaign_descriptions') }} as about on sent.campaign_id = about.campaign_id
