"""Column lineage of a SELECT over upstream assets, with their columns read from the warehouse."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.naming import Key, table_name
from core.schema import ColumnLineage

if TYPE_CHECKING:
    from resources.ports import Warehouse


def sql_lineage(warehouse: "Warehouse", sql: str, upstream: Sequence[str]) -> ColumnLineage:
    """Trace the columns of a SELECT to those of the assets it reads.

    Args:
        upstream: asset keys of tables that exist in the warehouse.
    """
    from assets.catalog.lineage.sql.select import column_lineage

    tables = {str(table_name(Key.parse(key))): key for key in upstream}
    # names are enough to trace a column; its type is not looked at
    schemas = {t: dict.fromkeys(warehouse.query(f"select * from {t} limit 0").columns, "text") for t in tables}
    return column_lineage(sql, warehouse.dialect, schemas, tables)
