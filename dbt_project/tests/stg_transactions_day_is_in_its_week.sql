-- Sales whose local day lies outside the retail week they are filed under: a sign of a wrong time zone.
select basket_id, sale_date, week_start
from {{ ref('stg_transactions') }}
where sale_date < week_start or sale_date >= week_start + 7
