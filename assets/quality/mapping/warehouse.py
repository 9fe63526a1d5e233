"""A mapping over a table of the warehouse: both results replaced in one transaction."""

from pathlib import Path

from assets.quality.mapping.apply import Counts
from assets.quality.mapping.apply import write as write_files
from assets.quality.mapping.model import Mapping_
from assets.quality.rules.reading import from_warehouse
from core.naming import Key, table_name
from core.scratch import scratch
from resources.ports import Warehouse


def write(warehouse: Warehouse, mapping: Mapping_, key: str, rejects: str, home: Path) -> Counts:
    """Writes the target's table and the reject table, through files under `home`. Raises SourceError as `apply`."""
    with scratch(home, "map-") as folder:
        made, failed = folder / "rows.parquet", folder / "rejects.parquet"
        counts = write_files(mapping, from_warehouse(warehouse, mapping.source, folder), made, failed)
        warehouse.write_all({table_name(Key.parse(key)): made, table_name(Key.parse(rejects)): failed})
    return counts
