"""What Superset's OpenAPI document says about the calls that Heddle makes, as JSON Schema.

Nullable texts are written as two types. Unknown fields are refused, as marshmallow does by default.
"""

from typing import Any

Shape = dict[str, Any]
TEXT: Shape = {"type": "string"}
MAYBE: Shape = {"type": ["string", "null"]}
WHOLE: Shape = {"type": "integer"}
FLAG: Shape = {"type": "boolean"}
MAYBE_FLAG: Shape = {"type": ["boolean", "null"]}
MAYBE_WHOLE: Shape = {"type": ["integer", "null"]}
WHOLES: Shape = {"type": "array", "items": WHOLE}


def sized(most: int, least: int = 0, null: bool = True) -> Shape:
    return {"type": ["string", "null"] if null else "string", "minLength": least, "maxLength": most}


def closed(properties: Shape, *required: str) -> Shape:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


COLUMN = closed(
    {
        "id": WHOLE,
        "column_name": sized(255, 1, null=False),
        "type": MAYBE,
        "advanced_data_type": sized(255, 1),
        "verbose_name": MAYBE,
        "description": MAYBE,
        "expression": MAYBE,
        "extra": MAYBE,
        "filterable": FLAG,
        "groupby": FLAG,
        "is_active": MAYBE_FLAG,
        "is_dttm": MAYBE_FLAG,
        "python_date_format": sized(255, 1),
        "uuid": MAYBE,
    },
    "column_name",
)
LOGIN = closed(
    {"username": TEXT, "password": TEXT, "provider": {"enum": ["db", "ldap"]}, "refresh": FLAG},
    "username",
    "password",
)
DATASET_POST = closed(
    {
        "always_filter_main_dttm": FLAG,
        "catalog": sized(250),
        "database": WHOLE,
        "external_url": MAYBE,
        "is_managed_externally": MAYBE_FLAG,
        "normalize_columns": FLAG,
        "owners": WHOLES,
        "schema": sized(250),
        "sql": MAYBE,
        "table_name": sized(250, 1, null=False),
        "template_params": MAYBE,
        "uuid": MAYBE,
    },
    "database",
    "table_name",
)
DATASET_PUT = closed(
    {
        "always_filter_main_dttm": FLAG,
        "cache_timeout": MAYBE_WHOLE,
        "catalog": sized(250),
        "columns": {"type": "array", "items": COLUMN},
        "currency_code_column": sized(250),
        "database_id": WHOLE,
        "default_endpoint": MAYBE,
        "description": MAYBE,
        "external_url": MAYBE,
        "extra": MAYBE,
        "fetch_values_predicate": sized(1000),
        "filter_select_enabled": MAYBE_FLAG,
        "folders": {"type": "array"},
        "is_managed_externally": MAYBE_FLAG,
        "is_sqllab_view": MAYBE_FLAG,
        "main_dttm_col": MAYBE,
        "metrics": {"type": "array"},
        "normalize_columns": MAYBE_FLAG,
        "offset": MAYBE_WHOLE,
        "owners": WHOLES,
        "schema": sized(255),
        "sql": MAYBE,
        "table_name": sized(250, 1),
        "template_params": MAYBE,
        "uuid": MAYBE,
    }
)
# Flask-AppBuilder's get_list_schema, of the query parameter q
FILTER = closed(
    {
        "col": TEXT,
        "opr": TEXT,
        "value": {"type": ["number", "string", "boolean", "array"]},
    },
    "col",
    "opr",
    "value",
)
LIST = closed(
    {
        "keys": {"type": "array", "items": TEXT},
        "columns": {"type": "array", "items": TEXT},
        "select_columns": {"type": "array", "items": TEXT},
        "order_column": TEXT,
        "order_direction": {"enum": ["asc", "desc"]},
        "page": WHOLE,
        "page_size": WHOLE,
        "filters": {"type": "array", "items": FILTER},
    }
)
# column -> operator that Heddle may filter by, of those that the API's search columns allow
FILTERS = {
    "database": {"database_name": "eq"},
    "dataset": {"table_name": "eq", "schema": "eq", "database": "rel_o_m"},
}
