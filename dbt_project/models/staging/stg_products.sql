select
    product_id,
    manufacturer_id,
    coalesce(nullif(trim(department), ''), 'UNKNOWN') as department,
    brand,
    nullif(trim(product_category), '') as product_category,
    nullif(trim(product_type), '') as product_type,
    nullif(trim(package_size), '') as package_size
from {{ source('raw_retail', 'products') }}
