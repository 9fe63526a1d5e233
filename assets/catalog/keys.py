"""Asset keys of scanned tables: the same ones that Kettle files and Heddle's own assets have for them."""

from assets.catalog.model import TableInfo
from core.errors import HeddleError
from core.naming import Key, TableName, table_key
from core.slug import slug


def asset_of(source: str, table: TableInfo) -> Key:
    """The key under which Dagster knows a table: Heddle's own where it is named as Heddle names tables.

    Other tables are `raw/<source>/<schema and table>`, as Kettle files call what they read by a connection of the
    same name. A default schema is not said.
    """
    try:
        return table_key(TableName(table.schema_name.lower(), table.name.lower()))
    except HeddleError:
        return Key("raw", slug(source), slug(table.path.lower()))


def entry_key(source: str, table: TableInfo) -> str:
    """The key of a table's entry in the catalogue: `source/schema.table`, in the source's own spelling."""
    return f"{source}/{table.path}"
