"""The rows of a traced table as texts, in batches, whichever engine has them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assets.security.trace.model import Traced
from assets.security.trace.state import BATCH
from core.errors import StoreError
from core.naming import Key, table_name
from core.settings import Settings
from resources.quoting import identifier, qualified

if TYPE_CHECKING:
    import polars as pl


def rows(settings: Settings, table: Traced) -> "Iterator[pl.DataFrame]":
    """All rows; one frame without rows where there are none.

    Raises:
        StoreError: there is no such table.
    """
    yield from _of_source(settings, table) if table.source else _of_warehouse(settings, table)


def exists(settings: Settings, table: Traced) -> bool:
    """Whether the table is there."""
    from resources.open import warehouse

    return bool(table.source) or warehouse(settings).exists(table_name(Key.parse(table.name)))


def _of_warehouse(settings: Settings, table: Traced) -> "Iterator[pl.DataFrame]":
    import polars as pl

    from resources.open import warehouse

    engine, name = warehouse(settings), table_name(Key.parse(table.name))
    columns = [column.name for column in engine.info(name).columns]
    # the engine's own texts: every type has one, also those that no library knows
    select = ", ".join(f"cast({identifier(c)} as text) as {identifier(c)}" for c in columns)
    yield pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    yield from engine.batches(f"select {select} from {qualified(name)}", rows=BATCH)


def _of_source(settings: Settings, table: Traced) -> "Iterator[pl.DataFrame]":
    import os

    import polars as pl

    from assets.catalog.remote.connection import source_of
    from assets.catalog.scan.references import address
    from assets.catalog.scan.registry import open_reader

    source = source_of(settings, table.source)
    reader = open_reader(address(source.url, source.name, settings, os.environ), source)
    try:
        found = next((f.table for f in reader.tables(lambda path: path == table.table)), None)
        if found is None:
            raise StoreError(f"{table.name}: source {table.source} has no table {table.table}", "correct trace.yaml")
        with reader.read(found, 0) as content:
            columns = [c.name for c in content.columns]
            yield pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
            for batch in content.batches:
                frame = pl.DataFrame(pl.from_arrow(batch))
                yield pl.DataFrame([_text(c.alias(n)) for c, n in zip(frame.get_columns(), columns, strict=True)])
    finally:
        reader.close()


def _text(column: "pl.Series") -> "pl.Series":
    import polars as pl

    if column.dtype == pl.Binary:
        return column.bin.encode("hex")
    if column.dtype.is_nested():
        return pl.Series(column.name, [None if v is None else str(v) for v in column.to_list()], pl.String)
    return column.cast(pl.String)
