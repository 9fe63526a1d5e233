-- Day, store and department are the key of the daily table.
select sale_date, store_id, department, count(*) as found
from {{ ref('sales_daily') }}
group by sale_date, store_id, department
having count(*) > 1
