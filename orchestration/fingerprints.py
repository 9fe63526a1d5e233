"""Which assets are made from files, with the present fingerprint of those files, and which are not in their store."""

from collections.abc import Collection, Iterable
from functools import partial

import dagster as dg

from assets.partitions import add_weeks
from core.naming import Key, TableName, table_name
from core.settings import Settings
from orchestration.staleness import Fingerprint, Partition
from resources import open as ports

TRANSACTIONS = dg.AssetKey(["raw", "retail", "transactions"])
HANDBOOK = dg.AssetKey(["doc", "retail", "handbook"])
INDEX = dg.AssetKey(["index", "retail", "handbook"])
# layer of versioned folders -> the alias that its last materialization set; all other layers are tables
ALIASES = {"dataset": "current", "doc": "current", "index": "candidate", "model": "challenger", "endpoint": "live"}


def fingerprints(settings: Settings) -> dict[dg.AssetKey, Fingerprint]:
    """Asset key -> function from partition to the fingerprint that a load of it would record now."""
    from assets.knowledge import documents, index
    from assets.sources import retail_files, retail_tables

    found: dict[dg.AssetKey, Fingerprint] = {
        dg.AssetKey(["raw", "retail", table.name]): partial(
            retail_files.source_version, settings, f"raw/retail/{table.name}"
        )
        for table in retail_tables.TABLES
    }
    found[TRANSACTIONS] = partial(_week, settings)
    found[HANDBOOK] = lambda _partition: documents.source_version(settings)
    found[INDEX] = lambda _partition: index.source_version(settings)
    return found


def _week(settings: Settings, week: Partition) -> str | None:
    from assets.sources import retail_files

    if week not in retail_files.weeks(settings):  # its dropped file was removed: sensor drops__changed says so
        return None
    return retail_files.source_version(settings, "raw/retail/transactions", week)


def gone(settings: Settings, keys: Iterable[dg.AssetKey], outside: Collection[dg.AssetKey] = ()) -> set[dg.AssetKey]:
    """Those of the assets whose table or versioned folder the stores of these settings do not hold.

    Args:
        outside: assets that lie elsewhere, such as Kettle's outputs in other databases; none of these is gone.
    """
    known = {key: Key(*key.path) for key in keys if key not in outside}
    named = {key: table_name(parsed) for key, parsed in known.items() if parsed.layer not in ALIASES}
    tables = _tables(settings) if named else set()
    objects = ports.objects(settings)
    return {
        key
        for key, parsed in known.items()
        if (
            named[key] not in tables
            if key in named
            else objects.alias(parsed, ALIASES[parsed.layer]) not in objects.versions(parsed)
        )
    }


def _tables(settings: Settings) -> set[TableName]:
    found = ports.warehouse(settings).query("select table_schema, table_name from information_schema.tables")
    return {TableName(*row) for row in found.iter_rows()}


def register_weeks(settings: Settings, instance: dg.DagsterInstance) -> list[str]:
    """Add a partition for each week that the source or the drop folder holds; returns those that are new."""
    from assets.sources import retail_files

    return add_weeks(instance, retail_files.weeks(settings))
