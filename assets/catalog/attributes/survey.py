"""Which entities lack attributes that they need, or have some that do not fit: after a definition changed, say."""

from collections.abc import Iterator, Mapping

from assets.catalog.attributes.edit import problems
from assets.catalog.attributes.model import Known, Value, kind_of
from assets.catalog.changes.entry import TABLE, TableEntry
from assets.catalog.facts import KIND as ASSET
from assets.catalog.kinds import kinds
from assets.catalog.record import SOURCE
from assets.catalog.scan.sources import load_sources
from assets.catalog.searchable import assets_of_tables
from assets.catalog.store.versions import Versions
from assets.documents import read_good
from core.settings import Settings

COLUMN, FEATURE_VIEW = "column", "feature_view"
Problem = tuple[str, str, str]  # key of the entity, attribute, what is wrong with it


def survey(settings: Settings, versions: Versions, known: Known) -> Iterator[Problem]:
    """Every problem of every entity. Raises SourceError where sources.yaml or a feature view is wrong."""
    if not known:
        return
    for kind, key, values in _entities(settings, versions):
        for name, said in problems(known, kind, values).items():
            yield key, name, said


def _entities(settings: Settings, versions: Versions) -> Iterator[tuple[str, str, Mapping[str, Value]]]:
    """Kind, key and attributes of every entity; a scanned table that is an asset counts once."""
    from assets.features.registry.files import load_views

    for source in load_sources(settings):
        yield SOURCE, source.name, source.attributes
    scanned = {v.key: TableEntry.model_validate(v.document) for v in versions.latest(TABLE)}
    table_of = {asset: table for table, asset in assets_of_tables(versions).items() if table in scanned}
    for version in versions.latest(ASSET):
        document = version.document or {}
        written, entry = document.get("written", {}), scanned.pop(table_of.get(version.key, ""), None)
        names = [c["name"] for c in document.get("columns", [])] or _names(entry)
        own = (entry.attributes if entry else {}) | written.get("attributes", {})
        columns = (entry.column_attributes if entry else {}) | written.get("column_attributes", {})
        yield kind_of(version.key.split("/", 1)[0]), version.key, own
        for name in names:
            yield COLUMN, f"{version.key}.{name}", columns.get(name, {})
    for key, entry in scanned.items():
        yield TABLE, key, entry.attributes
        for name in _names(entry):
            yield COLUMN, f"{key}.{name}", entry.column_attributes.get(name, {})
    for name, kind in kinds().items():
        for record in read_good(settings.catalog_files / kind.folder, kind.shape)[0].values():
            yield name, f"{name}:{getattr(record, 'name', '')}", getattr(record, "attributes", {})
    for view in load_views(settings).values():
        yield FEATURE_VIEW, f"{FEATURE_VIEW}:{view.name}", view.attributes


def _names(entry: TableEntry | None) -> list[str]:
    return [c.name for c in entry.table.columns] if entry else []
