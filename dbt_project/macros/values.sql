{#- Sums of money are exact: cents are added as decimals, so that the order of the rows cannot change the result. -#}
{% macro sum_money(expression) -%}
    cast(sum(cast({{ expression }} as numeric(18, 2))) as double precision)
{%- endmacro %}

{#- UTC timestamp without zone -> local timestamp of the stores. -#}
{% macro store_time(column) -%}
    timezone('America/New_York', timezone('UTC', {{ column }}))
{%- endmacro %}
