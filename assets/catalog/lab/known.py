"""The tables of a source that a person may query: those that the catalogue knows and does not hide from them."""

from collections.abc import Collection, Iterable, Iterator

from assets.catalog.changes.entry import TABLE, TableEntry
from assets.catalog.facts import KIND as ASSET
from assets.catalog.lab.model import WAREHOUSE, QueryError, Table
from assets.catalog.people import sees, teams
from assets.catalog.scan.references import scheme_of
from assets.catalog.scan.sources import Source, load_sources
from assets.catalog.searchable import assets_of_tables, some
from assets.catalog.semantics import registry
from assets.catalog.store.versions import Versions
from core.errors import HeddleError
from core.naming import Key, table_name
from core.settings import Settings

FILES = ("file", "logs", "s3", "gs", "gcs", "az", "abfs", "hdfs", "sftp", "ftp", "memory", "zip", "http", "https",
         "openapi")  # fmt: skip
FOLDERS = ("${heddle:retail}", "${heddle:kettle_files}", "${heddle:drops}", "${heddle:handbook}", "${heddle:home}")
IN_WAREHOUSE = ("raw", "table", "feature", "report")


def sources(settings: Settings) -> list[Source]:
    """What can be queried: the warehouse, and the databases of sources.yaml."""
    named = [s for s in load_sources(settings) if scheme_of(s.url) not in FILES and s.url != "${heddle:retail}"]
    own = [] if any(s.name == WAREHOUSE for s in named) else [_warehouse()]
    return [
        *own,
        *(s for s in named if not s.url.startswith(("${heddle:kettle", "${heddle:drops", "${heddle:handbook"))),
    ]


def source_of(settings: Settings, name: str) -> Source:
    """The source of a name. Raises QueryError when nothing of that name can be queried."""
    known = {s.name: s for s in sources(settings)}
    if name not in known:
        raise QueryError(f"no source {name!r} can be queried", f"there are: {', '.join(known)}")
    return known[name]


def tables(
    settings: Settings, versions: Versions, source: str, person: str, hidden: Collection[str] | None = None
) -> list[Table]:
    """The tables of a source that a person may see, by path.

    A table is hidden when the scanned table or the asset that it is is private to others.

    Args:
        hidden: keys of both kinds that the person may not see, where they are known; otherwise worked out here.
    """
    assets = assets_of_tables(versions)
    found = {table.path: table for table in _all(settings, versions, source, assets)}
    unseen = hidden_from(settings, versions, found.values(), person) if hidden is None else hidden
    return [t for path, t in sorted(found.items()) if t.key not in unseen and t.asset not in unseen]


def _all(settings: Settings, versions: Versions, source: str, assets: dict[str, str]) -> Iterator[Table]:
    if _is_warehouse(settings, source):
        yield from _of_assets(versions)
    for version in versions.latest(TABLE, f"{source}/"):
        made = TableEntry.model_validate(version.document).table
        columns = tuple((c.name, c.type) for c in made.columns)
        asset = assets.get(version.key, "")
        yield Table(version.key, asset, made.schema_name, made.name, columns, made.comment)


def _of_assets(versions: Versions) -> Iterator[Table]:
    """Assets whose runs told of columns; whether the table is there still, the engine says."""
    for version in versions.latest(ASSET):
        document = version.document or {}
        columns = tuple((c["name"], c.get("type", "")) for c in document.get("columns", []))
        try:
            key = Key.parse(version.key)
        except HeddleError:
            continue
        if key.layer in IN_WAREHOUSE and columns:
            place = table_name(key)
            yield Table(version.key, version.key, place.schema, place.name, columns, document.get("description", ""))


def hidden_from(settings: Settings, versions: Versions, found: Iterable[Table], person: str) -> set[str]:
    """Keys of these tables, of assets and of scanned tables, that are private to others now."""
    assets = assets_of_tables(versions)
    may = sees(person, teams(settings.catalog_files))
    scanned: dict[str, list[str]] = {}
    for key, asset in assets.items():
        scanned.setdefault(asset, []).append(key)
    both = {k for t in found for k in (t.key, t.asset, *scanned.get(t.asset, ())) if k}
    hidden: set[str] = set()
    for entry in some(versions, registry.load(settings.catalog_files), both):
        if not may(entry.tags, entry.owner.split(", ")):
            hidden |= {entry.key, assets.get(entry.key, entry.key), *scanned.get(entry.key, ())}
    return hidden


def _is_warehouse(settings: Settings, name: str) -> bool:
    return name == WAREHOUSE or source_of(settings, name).url == _warehouse().url


def _warehouse() -> Source:
    return Source.model_validate({"name": WAREHOUSE, "url": "${heddle:warehouse}"})
