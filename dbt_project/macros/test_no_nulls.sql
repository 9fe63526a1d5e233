{#- One scan for all columns that must be filled: a row per column that holds nulls. -#}
{% test no_nulls(model, columns) %}
with counted as (
    select
        {%- for column in columns %}
        count(*) - count({{ column }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ model }}
)
{% for column in columns %}
select '{{ column }}' as column_name, {{ column }} as nulls from counted where {{ column }} > 0
{{ "union all" if not loop.last }}
{%- endfor %}
{% endtest %}
