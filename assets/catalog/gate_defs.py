"""A blocking check on every raw asset: what is built from it waits while its source has a breaking change."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.catalog.keys import asset_of
from assets.catalog.model import TableInfo
from assets.kit import specs_of
from core.errors import HeddleError
from core.naming import Key
from core.settings import Settings
from core.slug import slug

if TYPE_CHECKING:
    from assets.catalog.changes.diff import Difference

GATE = "source_is_as_accepted"
RAW = "raw"


def definitions(settings: Settings, others: Iterable[dg.Definitions] = ()) -> dg.Definitions:
    """The checks.

    Args:
        others: all other definitions; those with raw assets get a check for each, tables that nothing here makes too.
    """
    keys = {spec.key for found in others for spec in specs_of(found) if spec.key.path[0] == RAW}
    return dg.Definitions(asset_checks=[_check(key) for key in sorted(keys)])


def _check(key: dg.AssetKey) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=key,
        name=GATE,
        blocking=True,
        description="The scanned source has no breaking change that waits for `heddle catalog accept`.",
    )
    def check(settings: dg.ResourceParam[Any]) -> dg.AssetCheckResult:
        found = waiting(settings, Key(*key.path))
        fix = " ".join(dict.fromkeys(table for table, _ in found))
        said = "; ".join(f"{table}: {change}" for table, change in found)
        return dg.AssetCheckResult(
            passed=not found,
            description=f"{said}\nIf what reads it can go on: `heddle catalog accept {fix}`" if found else None,
            metadata={"differences": dg.MetadataValue.json([str(change) for _, change in found])},
        )

    return check


def waiting(settings: Settings, key: Key) -> "list[tuple[str, Difference]]":
    """The entries and changes for which readers of an asset wait."""
    from assets.catalog.record import PENDING, pending
    from assets.catalog.store.versions import Versions

    versions = Versions(settings.catalog)
    entries = [v.key for v in versions.latest(PENDING)]
    mine = [entry for entry in entries if key in _assets(entry)]
    return [(entry, d) for entry in mine for d in pending(versions, entry) if d.breaks == "readers"]


def _assets(entry: str) -> Iterator[Key]:
    """The assets that a scanned table may be: by the table's name, or by a file's name without its ending."""
    source, _, path = entry.partition("/")
    schema, _, name = path.rpartition(".")
    tables = [TableInfo(name=name, schema_name=schema), TableInfo(name=path)]
    for table in tables:
        try:
            yield asset_of(source, table)
        except HeddleError:
            continue
    stem = PurePosixPath(path).stem
    if stem != path:
        yield Key(RAW, slug(source), slug(stem))
