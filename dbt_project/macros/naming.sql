{#- The schema of a model is the one it names: an asset table/retail/x is the table table_retail.x in every target. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
