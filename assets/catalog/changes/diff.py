"""The difference of two versions of a table, or of two scans of a source, entry by entry."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal

from assets.catalog.changes import renames
from assets.catalog.changes.entry import TableEntry
from assets.catalog.changes.widening import widens
from assets.catalog.model import ColumnInfo, Profile, ScannedTable, TableInfo, Value
from assets.catalog.scan.templates.drain import unlike

Who = Literal["", "readers", "writers"]


class What(StrEnum):
    """What kind of change it is."""

    TABLE_ADDED = "table added"
    TABLE_REMOVED = "table removed"
    TABLE_RENAMED = "table renamed"
    COLUMN_ADDED = "column added"
    COLUMN_REMOVED = "column removed"
    COLUMN_RENAMED = "column renamed"
    TYPE = "type"
    NULLABLE = "nullable"
    DEFAULT = "default"
    COMMENT = "comment"
    PLACE = "place"
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique"
    FOREIGN_KEYS = "foreign keys"
    INDEXES = "indexes"
    MEANING = "semantic type"
    DESCRIPTION = "description"
    TAGS = "tags"
    OWNER = "owner"
    ATTRIBUTE = "attribute"
    TEMPLATE = "log template added"


class Difference(Value):
    """One change of a table.

    Attributes:
        column: "" where it is about the table.
        before, after: in words; "" for nothing.
        breaks: who cannot go on as before: those who read the table, those who write it, or nobody ("").
        confidence: of a rename, 0 to 1; 1 for what is plainly so.
        why: evidence of a rename.
    """

    what: What
    table: str
    column: str = ""
    before: str = ""
    after: str = ""
    breaks: Who = ""
    confidence: float = 1.0
    why: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.table}.{self.column}" if self.column else self.table
        change = " -> ".join(filter(None, (self.before, self.after)))
        said = f"{place}: {self.what}" + (f": {change}" if change else "")
        said += f" ({self.confidence:.0%}: {', '.join(self.why)})" if self.why else ""
        return said + (f" [breaks {self.breaks}]" if self.breaks else "")


Profiles = Mapping[str, Profile]


def of_entries(
    before: TableEntry, after: TableEntry, profiles: Profiles | None = None, newer: Profiles | None = None
) -> list[Difference]:
    """What changed of one table.

    Args:
        profiles, newer: of the columns then and now; renames are found with more certainty when both are given.
    """
    old = ScannedTable(table=before.table, profiles=dict(profiles or {}), meanings=before.meanings)
    new = ScannedTable(table=after.table, profiles=dict(newer or {}), meanings=after.meanings)
    renamed = {r.before: r for r in renames.columns(old, new)}
    table = after.table.path
    pairs = {"description": What.DESCRIPTION, "owner": What.OWNER}
    found = [*_structure(old.table, new.table, renamed), *_meanings(before, after, renamed)]
    for name, what in pairs.items():
        one, other = getattr(before, name), getattr(after, name)
        found += [Difference(what=what, table=table, before=one, after=other)] if one != other else []
    found += _attributes(before, after, renamed)
    if before.templates:  # the first ones are no change
        fresh = unlike(after.templates, before.templates)
        found += [Difference(what=What.TEMPLATE, table=table, after=text) for text in fresh]
    if set(before.tags) != set(after.tags):
        tags = [", ".join(sorted(e.tags)) for e in (before, after)]
        found.append(Difference(what=What.TAGS, table=table, before=tags[0], after=tags[1]))
    return found


def _attributes(before: TableEntry, after: TableEntry, renamed: Mapping[str, renames.Rename]) -> Iterator[Difference]:
    """Attributes of the table and its columns, and the columns' owners."""
    columns = [(c.name, renamed[c.name].after if c.name in renamed else c.name) for c in before.table.columns]
    kept = {c.name for c in after.table.columns}
    pairs = [("", before.attributes, after.attributes)]
    pairs += [(b, before.column_attributes.get(a, {}), after.column_attributes.get(b, {})) for a, b in columns]
    for column, one, other in pairs:
        for name in sorted({**one, **other}) if not column or column in kept else ():
            if one.get(name) != other.get(name):
                said = [f"{name}={v}" if (v := values.get(name)) is not None else "" for values in (one, other)]
                yield Difference(
                    what=What.ATTRIBUTE, table=after.table.path, column=column, before=said[0], after=said[1]
                )
    for a, b in columns:
        owners = before.column_owners.get(a, ""), after.column_owners.get(b, "")
        if b in kept and owners[0] != owners[1]:
            yield Difference(what=What.OWNER, table=after.table.path, column=b, before=owners[0], after=owners[1])


def of_scans(before: Sequence[ScannedTable], after: Sequence[ScannedTable]) -> list[Difference]:
    """What changed of a source: its tables, and of each table that is in both (renamed ones too) what changed in it."""
    olds, news = {t.table.path: t for t in before}, {t.table.path: t for t in after}
    renamed = {r.before: r for r in renames.tables(before, after)}
    come = {r.after for r in renamed.values()}
    found = [_rename(What.TABLE_RENAMED, r, table=r.before) for r in renamed.values()]
    found += [
        Difference(what=What.TABLE_REMOVED, table=p, breaks="readers")
        for p in olds
        if p not in news and p not in renamed
    ]
    found += [Difference(what=What.TABLE_ADDED, table=p) for p in news if p not in olds and p not in come]
    for path, table in olds.items():
        other = news.get(renamed[path].after if path in renamed else path)
        if other is not None and not (table.table.error or other.table.error):
            found += of_entries(_entry(table), _entry(other), table.profiles, other.profiles)
    return found


def _rename(what: What, rename: renames.Rename, *, table: str, column: str = "") -> Difference:
    before, after, sure, why = rename
    return Difference(
        what=what, table=table, column=column, before=before, after=after, breaks="readers", confidence=sure, why=why
    )


def _entry(scanned: ScannedTable) -> TableEntry:
    templates = tuple(template.text for template in scanned.templates)
    return TableEntry(table=scanned.table, meanings=scanned.meanings, templates=templates)


def _structure(before: TableInfo, after: TableInfo, renamed: Mapping[str, renames.Rename]) -> Iterator[Difference]:
    table = after.path
    new = {c.name: c for c in after.columns}
    come = {r.after for r in renamed.values()}
    old = {c.name for c in before.columns}
    for column in before.columns:
        if column.name in renamed:
            yield _rename(What.COLUMN_RENAMED, renamed[column.name], table=table, column=column.name)
            yield from _column(table, column, new[renamed[column.name].after])
        elif column.name in new:
            yield from _column(table, column, new[column.name])
        else:
            gone = What.COLUMN_REMOVED
            yield Difference(what=gone, table=table, column=column.name, before=column.type, breaks="readers")
    for column in after.columns:
        if column.name not in old and column.name not in come:
            needed = not column.nullable and not column.default
            yield Difference(
                what=What.COLUMN_ADDED, table=table, column=column.name, after=column.type,
                breaks="writers" if needed else "",
            )  # fmt: skip
    if before.comment != after.comment:
        yield Difference(what=What.COMMENT, table=table, before=before.comment, after=after.comment)
    yield from _keys(before, after, {r.before: r.after for r in renamed.values()})


def _column(table: str, before: ColumnInfo, after: ColumnInfo) -> Iterator[Difference]:
    place: dict[str, Any] = {"table": table, "column": after.name}
    if before.type != after.type:
        who: Who = "" if widens(before, after) else "readers"
        yield Difference(what=What.TYPE, **place, before=before.type, after=after.type, breaks=who)
    if before.nullable != after.nullable:
        said = ["may be null" if c.nullable else "not null" for c in (before, after)]
        who = "readers" if after.nullable else "writers"
        yield Difference(what=What.NULLABLE, **place, before=said[0], after=said[1], breaks=who)
    if before.default != after.default:
        yield Difference(what=What.DEFAULT, **place, before=before.default, after=after.default)
    if before.comment != after.comment:
        yield Difference(what=What.COMMENT, **place, before=before.comment, after=after.comment)


def _keys(before: TableInfo, after: TableInfo, renamed: Mapping[str, str]) -> Iterator[Difference]:
    old, new = _constraints(before, renamed), _constraints(after, {})
    for what in old:
        if old[what] != new[what]:
            breaks: Who = "readers" if what is What.PRIMARY_KEY else ""
            one, other = "; ".join(old[what]), "; ".join(new[what])
            yield Difference(what=what, table=after.path, before=one, after=other, breaks=breaks)


def _constraints(info: TableInfo, renamed: Mapping[str, str]) -> dict[What, list[str]]:
    """The keys in words and in an order of their own, with the columns' new names, so that only real changes differ."""

    def now(columns: Sequence[str]) -> str:
        return f"({', '.join(renamed.get(c, c) for c in columns)})"

    return {
        What.PRIMARY_KEY: [now(info.primary_key)] if info.primary_key else [],
        What.UNIQUE: sorted(now(u) for u in info.unique),
        What.FOREIGN_KEYS: sorted(f"{now(f.columns)} of {f.table}({', '.join(f.targets)})" for f in info.foreign_keys),
        What.INDEXES: sorted(f"{'unique ' if i.unique else ''}{now(i.columns)}" for i in info.indexes),
    }


def _meanings(before: TableEntry, after: TableEntry, renamed: Mapping[str, renames.Rename]) -> Iterator[Difference]:
    kept = {c.name for c in after.table.columns}
    for column in before.table.columns:
        name = renamed[column.name].after if column.name in renamed else column.name
        if name not in kept:
            continue
        one, other = before.meanings.get(column.name), after.meanings.get(name)
        types = [m.type if m else "" for m in (one, other)]
        if types[0] != types[1]:
            breaks: Who = "readers" if all(types) else ""
            yield Difference(
                what=What.MEANING, table=after.table.path, column=name, before=types[0], after=types[1], breaks=breaks
            )
        texts = [before.columns.get(column.name, ""), after.columns.get(name, "")]
        if texts[0] != texts[1]:
            yield Difference(
                what=What.DESCRIPTION, table=after.table.path, column=name, before=texts[0], after=texts[1]
            )
