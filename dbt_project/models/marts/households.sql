with shopped as (
    select
        household_id,
        min(basket_date) as first_sale_date,
        max(basket_date) as last_sale_date,
        count(*) as baskets,
        {{ sum_money('sales_value') }} as sales_value
    from {{ ref('baskets') }}
    group by household_id
)

select
    shopped.household_id,
    about.household_id is not null as has_demographics,
    about.age,
    about.income,
    about.home_ownership,
    about.marital_status,
    about.household_size,
    about.household_comp,
    about.kids_count,
    shopped.first_sale_date,
    shopped.last_sale_date,
    shopped.baskets,
    shopped.sales_value
from shopped
left join {{ ref('stg_households') }} as about on shopped.household_id = about.household_id
