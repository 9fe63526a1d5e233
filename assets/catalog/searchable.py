"""The catalogue's entries as search sees them: assets and scanned tables, each once."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from assets.catalog.attributes.model import Known, words
from assets.catalog.changes.entry import TABLE, TableEntry
from assets.catalog.facts import KIND as ASSET
from assets.catalog.model import Base
from assets.catalog.record import SOURCE
from assets.catalog.search.model import Column, Entry
from assets.catalog.store.versions import Version, Versions
from assets.catalog.tags.kept import Tags, all_tags, of_asset

if TYPE_CHECKING:
    from assets.catalog.semantics.registry import Registry

FEW = 30  # different values up to which they are words to search for
DATES = {Base.DATE, Base.TIMESTAMP}


def entries(versions: Versions, types: "Registry", known: Known | None = None) -> Iterator[Entry]:
    """All entries; a scanned table that is an asset too is found as the asset, with what the scan knows of it."""
    scanned = {v.key: v for v in versions.latest(TABLE)}
    asset_of = assets_of_tables(versions)
    by_asset = {asset: scanned[table] for table, asset in asset_of.items() if table in scanned}
    made = {key: document.get("made", "") for key, document in versions.last_measured(ASSET)}
    tagged, shown = all_tags(versions), set()
    for version in versions.latest(ASSET):
        table = by_asset.get(version.key)
        shown.add(table.key if table else "")
        about = _About(types, tagged.get(version.key, Tags()), known or {})
        yield _of_asset(versions, version, table, about, made.get(version.key, ""))
    for version in scanned.values():
        if version.key not in shown:
            about = _About(types, tagged.get(asset_of.get(version.key, version.key), Tags()), known or {})
            yield _of_table(versions, version, about)


def some(versions: Versions, types: "Registry", keys: Collection[str], known: Known | None = None) -> Iterator[Entry]:
    """The entries that `entries` has for these assets and scanned tables; nothing for those that are gone."""
    of_tables = assets_of_tables(versions)
    tables = {asset: table for table, asset in of_tables.items()}
    asked = {key: of_tables[key] for key in keys if key in of_tables}
    asked |= {tables.get(key, key): key for key in keys if key not in of_tables}
    shown = set()
    for key, asset in asked.items():  # several tables may have one asset key
        made, table = versions.get(ASSET, asset), versions.get(TABLE, key)
        if made is not None and asset in shown:
            continue
        shown.add(asset)
        about = _About(types, of_asset(versions, asset).tags, known or {})
        if made is not None:
            last = versions.measured(ASSET, asset)
            yield _of_asset(versions, made, table, about, last[0][2].get("made", "") if last else "")
        elif table is not None:
            yield _of_table(versions, table, about)


def assets_of_tables(versions: Versions) -> dict[str, str]:
    """Key of a scanned table -> the asset key of the same thing, whether there is such an asset or not."""
    return {
        f"{source.key}/{path}": asset
        for source in versions.latest(SOURCE)
        for path, asset in (source.document or {}).get("tables", {}).items()
    }


class _About(NamedTuple):
    """What else is known of an entry: the semantic types, its tags, and the attributes that are defined."""

    types: "Registry"
    tags: Tags
    attributes: Known

    def names(self) -> tuple[str, ...]:
        """The tags that count, each once."""
        return tuple(dict.fromkeys(tag for tags in self.tags.in_force().values() for tag in tags))


def _of_asset(versions: Versions, version: Version, table: Version | None, about: _About, made: str) -> Entry:
    document = version.document or {}
    written = document.get("written", {})
    scanned = TableEntry.model_validate(table.document) if table else None
    columns = {c.name: c for c in _columns(versions, table, about)} if table else {}
    for c in document.get("columns", []):
        column = columns.get(c["name"], Column(name=c["name"], date=c.get("base") in DATES))
        columns[c["name"]] = column.model_copy(update={"comment": c.get("comment", "") or column.comment})
    columns |= {
        name: columns[name].model_copy(update={"comment": f"{text} {columns[name].comment}".strip()})
        for name, text in written.get("columns", {}).items()
        if name in columns
    }
    layer, domain, noun = version.key.split("/")
    return Entry(
        key=version.key,
        kind=layer,
        title=noun.replace("_", " "),
        description=" ".join(filter(None, (written.get("description", ""), document.get("description", "")))),
        source=domain,
        columns=tuple(columns.values()),
        tags=(*written.get("tags", []), *document.get("tags", {}), *(scanned.tags if scanned else ()), *about.names()),
        owner=", ".join(written.get("owners", []) or document.get("owners", [])) or (scanned.owner if scanned else ""),
        related=tuple(document.get("upstream", [])),
        changed=made,
        attributes=_attributes(about, written, scanned.model_dump() if scanned else {}),
    )


def _of_table(versions: Versions, version: Version, about: _About) -> Entry:
    made = TableEntry.model_validate(version.document)
    source = version.key.split("/", 1)[0]
    last = versions.measured(TABLE, version.key)
    return Entry(
        key=version.key,
        kind=str(made.table.kind),
        title=made.table.name,
        description=" ".join(filter(None, (made.description, made.table.comment))),
        source=source,
        columns=tuple(_columns(versions, version, about)),
        tags=(*made.tags, *about.names()),
        owner=made.owner,
        related=tuple(f"{source}/{f.table}" for f in made.table.foreign_keys),
        changed=last[0][2].get("changed", "") if last else "",
        attributes=_attributes(about, version.document or {}),
    )


def _attributes(about: _About, *said: dict[str, Any]) -> tuple[str, ...]:
    """The words of the attributes of an entry and its columns, each once."""
    found: dict[str, None] = {}
    for document in said:
        for values in (document.get("attributes", {}), *document.get("column_attributes", {}).values()):
            found |= dict.fromkeys(words(about.attributes, values))
    return tuple(found)


def _columns(versions: Versions, version: Version, about: _About) -> Iterator[Column]:
    types, guarded = about.types, about.tags.guarded()
    made = TableEntry.model_validate(version.document)
    last = versions.measured(TABLE, version.key)
    profiles = last[0][2].get("profiles", {}) if last else {}
    for column in made.table.columns:
        meaning = made.meanings.get(column.name)
        label = types.types[meaning.type].label if meaning and meaning.type in types.types else None
        profile = profiles.get(column.name, {})
        hidden = column.name in guarded or (meaning is not None and types.sensitive(meaning.type))
        few = 0 < profile.get("distinct", 0) <= FEW and column.base is Base.TEXT and not hidden
        yield Column(
            name=column.name,
            comment=made.columns.get(column.name, "") or column.comment,
            labels=(label.en, label.zh) if label else (),
            values=tuple(t["value"] for t in profile.get("top", [])) if few else (),
            date=column.base in DATES,
        )
