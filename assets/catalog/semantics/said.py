"""A person's word about what a column means: kept in meanings.yaml, and at once in the catalogue."""

from assets.catalog.changes.entry import TABLE, TableEntry, document
from assets.catalog.model import Meaning
from assets.catalog.semantics import corrections, registry
from assets.catalog.semantics.corrections import Correction
from assets.catalog.store.versions import Change, Versions, insist
from core.errors import HeddleError
from core.settings import Settings


def say(settings: Settings, versions: Versions, key: str, column: str, type_: str, who: str, note: str = "") -> None:
    """Says what a column of a scanned table means; `type_` "" says that no type fits.

    Args:
        key: SOURCE/TABLE.

    Raises:
        HeddleError: there is no such table or column.
        SemanticsError: there is no such type.
    """
    types = registry.load(settings.catalog_files)
    _known(versions, key, column)
    source, table = key.split("/", 1)
    entry = Correction(source=source, table=table, column=column, type=type_, who=who, when="", note=note)
    kept = corrections.correct(settings.catalog_files, entry, types)

    def write() -> None:
        found, version = _known(versions, key, column)
        meant = kept.apply(source, table, column, found.meanings.get(column))
        _put(versions, key, found, column, meant, Change(who, f"{column} means {type_ or 'nothing known'}"), version)

    insist(write)


def unsay(settings: Settings, versions: Versions, key: str, column: str, who: str) -> bool:
    """Takes a person's word back; False where there is none. The next scan judges the column again by its values."""
    types = registry.load(settings.catalog_files)
    source, _, table = key.partition("/")
    gone = corrections.remove(settings.catalog_files, (source, table, column), types)
    entry = versions.get(TABLE, key)
    if entry is None:
        return gone
    found = TableEntry.model_validate(entry.document)
    given = found.meanings.get(column)
    if given is not None and given.by == "user":
        change = Change(who, f"took back what {column} means")
        former = Meaning(type=given.others[0][0], confidence=given.others[0][1]) if given.others else None
        _put(versions, key, found, column, former, change, entry.number)
        return True
    return gone


def _known(versions: Versions, key: str, column: str) -> tuple[TableEntry, int]:
    version = versions.get(TABLE, key)
    if version is None:
        raise HeddleError(f"no scanned table {key}", "write SOURCE/TABLE as `heddle catalog search` shows it")
    found = TableEntry.model_validate(version.document)
    names = [c.name for c in found.table.columns]
    if column not in names:
        raise HeddleError(f"{key} has no column {column!r}", f"its columns are {', '.join(names)}")
    return found, version.number


def _put(
    versions: Versions,
    key: str,
    found: TableEntry,
    column: str,
    meaning: Meaning | None,
    change: Change,
    expected: int,
) -> None:
    meanings = {c: m for c, m in found.meanings.items() if c != column}
    changed = found.model_copy(update={"meanings": meanings | ({column: meaning} if meaning else {})})
    versions.put(TABLE, key, document(changed), change, expected=expected)
