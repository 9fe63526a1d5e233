"""Tables that are protected: assets in the warehouse, or files. Read in batches and never copied raw."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from assets.quality.rules.apply import HEAD, MEMORY, rows_within
from assets.quality.rules.reading import is_file, scan, size
from assets.security.protect.apply import Batches
from core.naming import Key, table_name

if TYPE_CHECKING:
    from assets.catalog.tags.kept import Tags
    from core.settings import Settings
    from resources.ports import WarehouseReader


LEAST, MOST = 1_000, 100_000  # rows of a batch


def of_warehouse(warehouse: "WarehouseReader", table: str, memory: int = MEMORY) -> Batches:
    """The rows of an asset's table, in batches that fit into `memory` (bytes). Raises StoreError: it is not there."""
    from sqlglot import exp

    name = table_name(Key.parse(table))
    columns = [exp.column(c.name, quoted=True) for c in warehouse.info(name).columns]
    query = exp.select(*columns).from_(exp.table_(name.name, db=name.schema, quoted=True))
    sql = query.sql(dialect=warehouse.dialect)
    head = warehouse.query(query.limit(HEAD).sql(dialect=warehouse.dialect))
    rows = rows_within(head, memory, LEAST, MOST)
    return lambda: warehouse.batches(sql, rows=rows)


def of_file(path: Path, memory: int = MEMORY) -> Batches:
    """The rows of a CSV or Parquet file, in batches that fit into `memory` (bytes). Raises SourceError."""
    table = scan(path)
    rows = rows_within(table.head(HEAD).collect(), memory, LEAST, MOST)

    def batches() -> Iterator[pl.DataFrame]:
        if path.suffix.lower() == ".parquet":
            yield from _row_groups(path, rows)
        else:
            yield from table.collect_batches(chunk_size=rows, maintain_order=True, engine="streaming")

    return batches


def _row_groups(path: Path, rows: int) -> Iterator[pl.DataFrame]:
    """By pyarrow, which reads no further ahead than the row group that it is in."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(rows, use_threads=False):
            yield pl.DataFrame(batch)


def opened(settings: "Settings", table: str, store: "WarehouseReader | None" = None) -> Batches:
    """A file, or a table of the warehouse; `store` is the warehouse as a person may read it."""
    from resources.open import warehouse

    memory = size(settings.memory)
    if is_file(table):
        return of_file(Path(table), memory)
    return of_warehouse(store or warehouse(settings), table, memory)


def tags_of(settings: "Settings", table: str) -> "Tags | None":
    """What people decided about the columns of an asset; nothing for files."""
    from assets.catalog.store.versions import Versions
    from assets.catalog.tags.kept import of_asset

    return None if is_file(table) else of_asset(Versions(settings.catalog), table).tags
