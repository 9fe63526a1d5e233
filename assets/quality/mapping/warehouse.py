"""A mapping over a table of the warehouse: both results replaced, each in one transaction."""

import tempfile
from pathlib import Path

import polars as pl
from sqlglot import exp

from assets.quality.mapping.apply import Counts
from assets.quality.mapping.apply import write as write_files
from assets.quality.mapping.model import Mapping_
from assets.quality.rules.reading import from_warehouse
from core.naming import Key, table_name
from resources.ports import Warehouse


def write(warehouse: Warehouse, mapping: Mapping_, key: str, rejects: str) -> Counts:
    """Writes the reject table, then the target's table. Raises SourceError as `apply`."""
    with tempfile.TemporaryDirectory(prefix="heddle-map-") as folder:
        rows, failed = Path(folder) / "rows.parquet", Path(folder) / "rejects.parquet"
        counts = write_files(mapping, from_warehouse(warehouse, mapping.source, Path(folder)), rows, failed)
        for target, path in ((rejects, failed), (key, rows)):
            names = [exp.column(name, quoted=True) for name in pl.read_parquet_schema(path)]
            columns = ", ".join(name.sql("duckdb") for name in names)
            warehouse.load_parquet(table_name(Key.parse(target)), [path], f"select {columns} from source")
    return counts
