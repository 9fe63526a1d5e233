"""Which assets are made from files, and the present fingerprint of those files."""

from functools import partial

import dagster as dg

from assets.partitions import add_weeks
from core.settings import Settings
from orchestration.staleness import Fingerprint

HANDBOOK = dg.AssetKey(["doc", "retail", "handbook"])
INDEX = dg.AssetKey(["index", "retail", "handbook"])


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
    found[HANDBOOK] = lambda _partition: documents.source_version(settings)
    found[INDEX] = lambda _partition: index.source_version(settings)
    return found


def register_weeks(settings: Settings, instance: dg.DagsterInstance) -> list[str]:
    """Add a partition for each week that the source or the drop folder holds; returns those that are new."""
    from assets.sources import retail_files

    return add_weeks(instance, retail_files.weeks(settings))
