"""The scanned columns of tables that are assets of the warehouse, as standards look at them."""

from collections.abc import Iterator

from assets.catalog.record import SOURCE, known
from assets.catalog.standards.propose import Field
from assets.catalog.store.versions import Versions


def scanned(versions: Versions) -> Iterator[Field]:
    """Every profiled column; those whose values are withheld have no top values, so no code set comes of them."""
    for source in versions.latest(SOURCE):
        assets = (source.document or {}).get("tables", {})
        for table in known(versions, source.key):
            for column in table.table.columns:
                if column.name in table.profiles:
                    meaning = table.meanings.get(column.name)
                    yield Field(assets[table.table.path], column, table.profiles[column.name], meaning)
