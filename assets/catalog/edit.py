"""What people change in the catalogue: descriptions, owners, tags, meanings; and the way back to a former version."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from assets.catalog.attributes.edit import merged
from assets.catalog.attributes.model import Known, Value, kind_of
from assets.catalog.changes.ddl import Statement, restore
from assets.catalog.changes.diff import Difference, of_entries
from assets.catalog.changes.entry import TABLE, TableEntry
from assets.catalog.facts import KIND as ASSET
from assets.catalog.model import TableInfo
from assets.catalog.store.versions import Change, Version, Versions, insist
from core.errors import HeddleError


class Edit(NamedTuple):
    """Changes to one entry; None and empty leave things as they are, "" takes a text away."""

    description: str | None = None
    owners: Sequence[str] | None = None
    tags: Sequence[str] = ()
    untag: Sequence[str] = ()
    columns: Mapping[str, str] = {}
    meanings: Mapping[str, str] = {}
    attributes: Mapping[str, str] = {}
    column_attributes: Mapping[str, Mapping[str, str]] = {}
    column_owners: Mapping[str, str] = {}

    @property
    def columnwise(self) -> bool:
        """It says something of columns alone."""
        whole = (self.description, self.owners, self.tags or None, self.untag or None, self.attributes or None)
        return all(part is None for part in whole)


def edit(
    versions: Versions,
    kind: str,
    key: str,
    wanted: Edit,
    author: str,
    expected: int | None = None,
    known: Known | None = None,
) -> Version | None:
    """Writes a person's words into an entry as a new version; None when it said so already.

    Args:
        expected: number of the version that was edited; without it the words are added to whatever is there.
        known: the attributes that are defined; see attributes.model.read.

    Raises:
        HeddleError: there is no such entry, it has no such column, or an attribute does not fit or is missing.
        StoreError: somebody else changed it since version `expected`.
    """
    if expected is None:
        return insist(lambda: _edit(versions, kind, key, wanted, author, None, known or {}))
    return _edit(versions, kind, key, wanted, author, expected, known or {})


def _edit(
    versions: Versions, kind: str, key: str, wanted: Edit, author: str, expected: int | None, known: Known
) -> Version | None:
    found = versions.get(kind, key)
    if found is None or found.document is None:
        raise HeddleError(f"no {kind} {key} in the catalogue", "`heddle catalog search` finds entries")
    document = found.document
    _known_columns(document if kind == ASSET else document["table"], wanted, key)
    said = _attributes(document.get("written", {}) if kind == ASSET else document, kind, key, wanted, known)
    changed = _asset(document, wanted, said) if kind == ASSET else _table(document, wanted, said)
    number = found.number if expected is None else expected
    return versions.put(kind, key, changed, Change(author, "edited by hand"), expected=number)


def revert(
    versions: Versions, kind: str, key: str, number: int, author: str, expected: int | None = None
) -> Version | None:
    """Makes a former version's description, tags, owner and meanings the present ones. The structure stays what it is.

    Raises:
        HeddleError: there is no such version.
        ConflictError: somebody else changed it since version `expected`.
    """
    old, now = versions.get(kind, key, number), versions.get(kind, key)
    if old is None or old.document is None:
        raise HeddleError(f"{kind} {key} has no version {number}", f"see `heddle catalog history {key}`")
    if now is None or now.document is None:
        document: dict[str, Any] = old.document
    elif kind == TABLE:
        document = {"table": now.document["table"]} | {k: v for k, v in old.document.items() if k != "table"}
    else:  # what the definition says is the definition's to change
        document = {k: v for k, v in now.document.items() if k != "written"}
        document |= {"written": old.document["written"]} if "written" in old.document else {}
    return versions.put(kind, key, document, Change(author, f"restored version {number}"), expected=expected)


def ddl(versions: Versions, key: str, number: int, dialect: str) -> list[Statement]:
    """The statements that give a scanned table the structure it had in a version.

    Raises:
        HeddleError: there is no such version.
        StoreError: the dialect is not known or cannot do it.
    """
    old, now = versions.get(TABLE, key, number), versions.get(TABLE, key)
    if old is None or old.document is None:
        raise HeddleError(f"{key} has no version {number}", f"see `heddle catalog history {key}`")
    wanted = TableEntry.model_validate(old.document)
    if now is None:
        return restore(None, wanted.table, dialect, {})
    present = TableEntry.model_validate(now.document)
    renamed = {d.after: d.before for d in of_entries(wanted, present) if d.what == "column renamed"}
    return restore(present.table, wanted.table, dialect, renamed)


def difference(versions: Versions, kind: str, key: str, one: int, other: int) -> list[Difference]:
    """What differs between two versions of a scanned table or an asset.

    Raises:
        HeddleError: one of them is not there.
    """
    found = [versions.get(kind, key, number) for number in (one, other)]
    for version, number in zip(found, (one, other), strict=True):
        if version is None or version.document is None:
            raise HeddleError(f"{key} has no version {number}", f"see `heddle catalog history {key}`")
    before, after = (_entry(kind, key, v.document) for v in found if v is not None and v.document is not None)
    return of_entries(before, after)


def _entry(kind: str, key: str, document: dict[str, Any]) -> TableEntry:
    """The entry of a table; an asset's as if it were one, so that both are compared alike."""
    if kind == TABLE:
        return TableEntry.model_validate(document)
    written = document.get("written", {})
    return TableEntry(
        table=TableInfo(name=key, columns=document.get("columns", ())),
        description=written.get("description", "") or document.get("description", ""),
        columns=written.get("columns", {}),
        attributes=written.get("attributes", {}),
        column_attributes=written.get("column_attributes", {}),
        column_owners=written.get("column_owners", {}),
        tags=tuple(sorted({*written.get("tags", []), *(f"{k}:{v}" for k, v in document.get("tags", {}).items())})),
        owner=", ".join(written.get("owners", []) or document.get("owners", [])),
    )


def _attributes(former: dict[str, Any], kind: str, key: str, wanted: Edit, known: Known) -> dict[str, Any]:
    """The attributes of the entry and its columns, and the columns' owners, after the edit."""
    mine = kind_of(key.split("/", 1)[0]) if kind == ASSET else TABLE
    own: dict[str, Value] = former.get("attributes", {})
    if not wanted.columnwise:
        own = merged(known, mine, own, wanted.attributes, key)
    columns: dict[str, dict[str, Value]] = dict(former.get("column_attributes", {}))
    touched = dict.fromkeys([*wanted.column_attributes, *wanted.columns, *wanted.column_owners])
    for name in touched:
        typed = wanted.column_attributes.get(name, {})
        columns[name] = merged(known, "column", columns.get(name, {}), typed, f"{key}.{name}")
    owners = former.get("column_owners", {}) | {c: who.strip() for c, who in wanted.column_owners.items()}
    return {
        "attributes": own,
        "column_attributes": {c: values for c, values in columns.items() if values},
        "column_owners": {c: who for c, who in owners.items() if who},
    }


def _asset(document: dict[str, Any], wanted: Edit, said: Mapping[str, Any]) -> dict[str, Any]:
    written = dict(document.get("written", {}))
    given = {"description": wanted.description, "owners": None if wanted.owners is None else list(wanted.owners)}
    written |= {k: v for k, v in given.items() if v is not None}
    written["tags"] = _tags(written.get("tags", []), wanted)
    written["columns"] = written.get("columns", {}) | dict(wanted.columns)
    written["meanings"] = written.get("meanings", {}) | dict(wanted.meanings)
    written |= said
    return document | {"written": {k: v for k, v in written.items() if v}}


def _table(document: dict[str, Any], wanted: Edit, said: Mapping[str, Any]) -> dict[str, Any]:
    entry = TableEntry.model_validate(document)
    given = {name: {"type": type_, "confidence": 1.0, "by": "user"} for name, type_ in wanted.meanings.items()}
    changes: dict[str, Any] = {
        "tags": _tags(entry.tags, wanted),
        "columns": entry.columns | dict(wanted.columns),
        "meanings": document.get("meanings", {}) | given,
        **said,
    }
    if wanted.description is not None:
        changes |= {"description": wanted.description, "described_by": "user" if wanted.description else ""}
    if wanted.owners is not None:
        changes["owner"] = ", ".join(wanted.owners)
    made = TableEntry.model_validate(document | changes)
    return made.model_dump(mode="json", exclude_defaults=True)


def _tags(former: Sequence[str], wanted: Edit) -> list[str]:
    """The tags afterwards; a tag of nothing is none."""
    added = {tag.strip() for tag in wanted.tags} - {""}
    return sorted({*former, *added} - set(wanted.untag))


def _known_columns(table: dict[str, Any], wanted: Edit, key: str) -> None:
    known = {c["name"] for c in table.get("columns", [])}
    for name in [*wanted.columns, *wanted.meanings, *wanted.column_attributes, *wanted.column_owners]:
        if name not in known:
            raise HeddleError(
                f"{key} has no column {name!r}", f"its columns are {', '.join(sorted(known)) or 'not known'}"
            )
