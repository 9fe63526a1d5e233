{#- The weeks to build, as quoted dates; empty means all. A value that is no date is an error, never SQL. -#}
{% macro chosen_weeks() -%}
    {%- set found = [] -%}
    {%- for week in var('weeks') -%}
        {%- do found.append("date '" ~ modules.datetime.date.fromisoformat(week | string) ~ "'") -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro in_chosen_weeks(column='week_start') -%}
    {%- set weeks = chosen_weeks() -%}
    {%- if weeks -%} {{ column }} in ({{ weeks | join(', ') }}) {%- else -%} true {%- endif -%}
{%- endmacro %}

{#-
  Incremental strategy `weeks`: the chosen weeks are deleted and inserted in one transaction. Unlike dbt's
  delete+insert it deletes the weeks that were asked for, not those that came back, so that a week that has lost
  all its rows is emptied.
-#}
{% macro get_incremental_weeks_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }} where {{ in_chosen_weeks(arg_dict['unique_key']) }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
