"""Which tables are traced: `trace.yaml` in the folder of protection.

    tables:
      table/shop/customer: {key: [id]}                 # a table of the warehouse, by its asset key
      raw/crm/city: {dimension: city}                  # a dimension: source, table and key are its own
      erp/orders: {source: erp, table: public.orders}  # a table of sources.yaml
    anchor: /var/backups/heddle-trace.jsonl            # heads are written there too; optional

Without `key` the key that the last scan found counts; without one the whole row does.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from assets.documents import loaded, shaped
from assets.security.trace.model import Traced
from core.address import local_path
from core.errors import HeddleError, SettingsError
from core.naming import Key
from core.settings import Settings

FILE = "trace.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Said(_Strict):
    """What the file says of one table."""

    key: tuple[str, ...] = ()
    source: str = ""
    table: str = ""
    dimension: str = ""


class TraceFile(_Strict):
    """The whole file; `anchor` is a path, "" for none."""

    tables: dict[str, Said] = Field(default_factory=dict)
    anchor: str = ""


def read(settings: Settings) -> TraceFile:
    """The file, empty where there is none.

    Raises:
        SettingsError: it is malformed; names the field.
    """
    path = settings.protection / FILE
    if not path.exists():
        return TraceFile()
    return shaped(loaded(path, SettingsError) or {}, TraceFile, str(path), "see docs/trace.md", SettingsError)


def traced(settings: Settings) -> dict[str, Traced]:
    """The traced tables by name.

    Raises:
        SettingsError: the file is malformed, or a name is neither an asset key nor has a source.
    """
    return {name: _traced(settings, name, said) for name, said in read(settings).tables.items()}


def _traced(settings: Settings, name: str, said: Said) -> Traced:
    if said.dimension:
        from assets.catalog.dimensions.book import DimensionBook
        from assets.catalog.store.versions import Versions

        book = DimensionBook(settings, Versions(settings.catalog))
        dimension = book.records.get(said.dimension).record
        path = dimension.info(book.dialect(dimension)).path
        return Traced(name, said.key or dimension.key, dimension.source, path, said.dimension)
    if said.source:
        table = said.table or name.rpartition("/")[2]
        return Traced(name, said.key or _scanned_key(settings, f"{said.source}/{table}"), said.source, table)
    try:
        Key.parse(name)
    except HeddleError:
        where = settings.protection / FILE
        fix = "add `source:` or name layer/domain/noun"
        raise SettingsError(f"{where}: tables.{name} is no asset key", fix) from None
    return Traced(name, said.key or _asset_key(settings, name))


def _asset_key(settings: Settings, name: str) -> tuple[str, ...]:
    """The key of a warehouse table, as a scan of the warehouse knows it."""
    from assets.catalog.searchable import assets_of_tables
    from assets.catalog.store.versions import Versions

    tables = assets_of_tables(Versions(settings.catalog))
    return next(
        (key for table, asset in tables.items() if asset == name and (key := _scanned_key(settings, table))), ()
    )


def _scanned_key(settings: Settings, table: str) -> tuple[str, ...]:
    from assets.catalog.store.versions import Versions

    versions = Versions(settings.catalog)
    found = versions.get("table", table)
    document: dict[str, Any] = (found.document or {}) if found else {}
    structure = document.get("table", document)
    unique = structure.get("unique") or [()]
    return tuple(structure.get("primary_key") or unique[0])


def folder(settings: Settings) -> Path:
    """Where the trace is kept."""
    return local_path(settings.trace)
