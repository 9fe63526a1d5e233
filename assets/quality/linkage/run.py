"""The golden table of a declaration in the warehouse, with the identifiers of the last run."""

from pathlib import Path

import polars as pl

from assets.quality.linkage.golden import Read, Resolved, resolve
from assets.quality.linkage.labels import labels_path, read_labels
from assets.quality.linkage.link import Said
from assets.quality.linkage.model import Golden, cells_of, links_of, unsure_of
from core.errors import SourceError
from core.naming import Key, table_name
from resources.ports import Warehouse, WarehouseReader


def run(
    golden: Golden, path: Path, warehouse: Warehouse, memory: str, folder: Path, say: Said | None = None
) -> Resolved:
    """Replace the golden table, its cells, its links and its unsure pairs, all of them or none.

    Args:
        memory, folder: as `Limits` has them.

    Raises:
        SourceError: a source or column is not there.
    """
    labels = read_labels(labels_path(path))
    found = resolve(golden, reader(warehouse), labels, before(golden, warehouse), memory, folder, say)
    tables = {
        golden.asset: found.golden,
        cells_of(golden): found.cells.with_columns(_rivals()),
        links_of(golden): found.links,
        unsure_of(golden): found.unsure,
    }
    warehouse.write_all({table_name(Key.parse(key)): frame for key, frame in tables.items()})
    return found


def reader(warehouse: WarehouseReader) -> Read:
    """Reads tables of the warehouse by asset key."""

    def read(table: str) -> pl.DataFrame:
        name = table_name(Key.parse(table))
        if not warehouse.exists(name):
            raise SourceError(f"there is no table {table} in the warehouse", f"run it: heddle run {table}")
        return warehouse.query(f"select * from {name}")

    return read


def before(golden: Golden, warehouse: WarehouseReader) -> dict[str, str]:
    """Identifiers of the last run by `source:id`."""
    name = table_name(Key.parse(links_of(golden)))
    if not warehouse.exists(name):
        return {}
    rows = warehouse.query(f"select source, record, entity from {name}")
    keys = (rows["source"] + ":" + rows["record"]).to_list()
    return dict(zip(keys, rows["entity"].to_list(), strict=True))


def _rivals() -> pl.Expr:
    """Lists as text: not every warehouse has them."""
    return pl.col("rivals").list.join(" | ").alias("rivals")
