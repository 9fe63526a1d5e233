"""Takes a scan into the catalogue: new versions of what changed, measurements of everything, and what broke.

A change that breaks nobody becomes the accepted structure by itself. A breaking one stays *pending* against the last
accepted structure until a person accepts it or the source changes back; `pending` is what gates ask.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from assets.catalog.changes.diff import Difference, What, of_scans
from assets.catalog.changes.entry import TABLE, TableEntry, document, entry
from assets.catalog.facts import KIND as ASSET
from assets.catalog.keys import asset_of, entry_key
from assets.catalog.model import LogTemplate, Profile, Scan, ScannedTable
from assets.catalog.store.versions import Change, Entry, Version, Versions, insist

SOURCE = "source"  # kind of the entry of a source
ACCEPTED = "accepted"  # kind of the entry that says which version of a table is accepted
PENDING = "pending"  # kind of the entry with the breaking changes since then
SHOWN = 200  # templates of a log that are kept with their counts
MEASURED = ("rows", "rows_exact", "size", "changed")


class Recorded(NamedTuple):
    """What came of a scan: the entries' new versions, all differences to the scan before, and the broken tables."""

    versions: list[Version]
    differences: list[Difference]
    broken: dict[str, list[Difference]]


def record(versions: Versions, scan: Scan, run: str = "", author: str = "scan", cause: str = "") -> Recorded:
    """Takes a scan in. What could not be read keeps its entry; a source that was down changes nothing.

    Args:
        run: Dagster's run id, the cause that every version of it names.
        cause: what it was besides a scan, in words.
    """
    change = Change(author, cause or f"scan of {scan.source}", run)
    if any(not table for table, _ in scan.errors):
        return Recorded([], [], {})
    return insist(lambda: _record(versions, scan, change))


def _record(versions: Versions, scan: Scan, change: Change) -> Recorded:
    numbers = versions.numbers(TABLE, f"{scan.source}/")
    before = {t.table.path: t for t in known(versions, scan.source)}
    read = {t.table.path: t for t in scan.tables if not t.table.error}
    unread = {path for path, _ in scan.errors if path in read and not read[path].profiles}
    read |= {path: _remembered(read[path], before[path]) for path in unread if path in before}
    kept = {p: t for p, t in before.items() if p in scan.unchanged or p in {t for t, _ in scan.errors} - read.keys()}
    differences = of_scans(list(before.values()), [*read.values(), *kept.values()]) if before else []
    moved = {d.after: d.table for d in differences if d.what is What.TABLE_RENAMED}
    entries: list[Entry] = [_source(scan, {**kept, **read})]
    for path, table in read.items():
        former = current(versions, f"{scan.source}/{moved.get(path, path)}")
        entries.append((TABLE, f"{scan.source}/{path}", document(entry(table, former))))
    entries += [(TABLE, f"{scan.source}/{path}", None) for path in before if path not in read and path not in kept]
    broken: dict[str, list[Difference]] = {}

    def judged(made: Sequence[Version]) -> list[Entry]:
        # with the versions or not at all: killed in between, a breaking change would be known and never wait
        tables = [v for v in made if v.kind == TABLE]
        found, writes = _judge(versions, scan.source, tables, before, read, differences)
        broken.update(found)
        return writes

    expected = {(kind, key): numbers.get((kind, key), 0) for kind, key, _ in entries if kind == TABLE}
    made = versions.put_all(entries, change, expected=expected, then=judged)
    measure(versions, scan, [t for path, t in read.items() if path not in unread], change.run)
    return Recorded(made, differences, broken)


def _remembered(table: ScannedTable, former: ScannedTable) -> ScannedTable:
    """A table whose structure was read and its rows were not, with what its columns meant before."""
    types = {c.name: c.type for c in former.table.columns}
    same = {c.name for c in table.table.columns if types.get(c.name) == c.type}
    meanings = {name: meaning for name, meaning in former.meanings.items() if name in same}
    kept = {"meanings": meanings, "profiles": former.profiles, "templates": former.templates}
    return table.model_copy(update=kept)


def known(versions: Versions, source: str) -> list[ScannedTable]:
    """The tables of a source as the catalogue has them, with the last profiles."""
    found = []
    for version in versions.latest(TABLE, f"{source}/"):
        made = TableEntry.model_validate(version.document)
        last = versions.measured(TABLE, version.key)
        measured = last[0][2] if last else {}
        info = made.table.model_copy(update={k: measured[k] for k in MEASURED if k in measured})
        profiles = {c: Profile.model_validate(p) for c, p in measured.get("profiles", {}).items()}
        templates = tuple(LogTemplate(text=text) for text in made.templates)
        found.append(ScannedTable(table=info, profiles=profiles, meanings=made.meanings, templates=templates))
    return found


def current(versions: Versions, key: str) -> TableEntry | None:
    """The entry of a table, None where there is none."""
    version = versions.get(TABLE, key)
    return TableEntry.model_validate(version.document) if version else None


def measure(versions: Versions, scan: Scan, tables: Sequence[ScannedTable], run: str) -> None:
    """Keeps rows, size, last change, profiles and templates of the tables that were read."""
    documents = {}
    for t in tables:
        profiles = {c: p.model_dump(mode="json", exclude_defaults=True) for c, p in t.profiles.items()}
        facts = {k: getattr(t.table, k) for k in MEASURED}
        templates = [template.model_dump(mode="json", exclude_defaults=True) for template in t.templates[:SHOWN]]
        documents[entry_key(scan.source, t.table)] = {
            **facts,
            "profiles": profiles,
            **({"templates": templates} if templates else {}),
        }
    versions.measure(TABLE, documents, run, scan.at)


def pending(versions: Versions, key: str) -> list[Difference]:
    """Breaking changes of a table that nobody accepted yet."""
    found = versions.get(PENDING, key)
    return [Difference.model_validate(d) for d in found.document["differences"]] if found and found.document else []


def accept(versions: Versions, key: str, author: str) -> int | None:
    """Accepts a table as it now is (or that it is gone); the number of the accepted version, None for a removal.

    Args:
        key: of a scanned table, or of an asset whose columns its runs report.

    Raises:
        ConflictError: a scan brought another breaking change meanwhile, which nobody saw.
    """
    waiting = versions.get(PENDING, key)
    now = versions.get(TABLE, key) or versions.get(ASSET, key)
    said: Entry = (ACCEPTED, key, {"number": now.number} if now else None)
    change = Change(author, "accepted by hand")
    if waiting is None:
        versions.put_all([said], change)
    else:
        versions.put_all([(PENDING, key, None)], change, expected=waiting.number, then=lambda _: [said])
    return now.number if now else None


def _judge(
    versions: Versions,
    source: str,
    made: Sequence[Version],
    before: dict[str, ScannedTable],
    read: dict[str, ScannedTable],
    differences: Sequence[Difference],
) -> tuple[dict[str, list[Difference]], list[Entry]]:
    """Which of the changed tables break somebody, against their accepted versions, and what is to be written of it."""
    broken: dict[str, list[Difference]] = {}
    writes: list[Entry] = []
    gone = {d.table: d for d in differences if d.what in (What.TABLE_REMOVED, What.TABLE_RENAMED)}
    for version in made:
        path = version.key.removeprefix(f"{source}/")
        accepted = _accepted(versions, version.key)
        if accepted is None and version.document is not None:
            breaking: list[Difference] = []
        elif version.document is None:
            breaking = [gone.get(path, Difference(what=What.TABLE_REMOVED, table=path, breaks="readers"))]
        else:
            assert accepted is not None
            old = ScannedTable(
                table=accepted.table,
                meanings=accepted.meanings,
                profiles=before[path].profiles if path in before else {},
            )
            breaking = [d for d in of_scans([old], [read[path]]) if d.breaks]
        if breaking:
            broken[version.key] = breaking
            writes.append((PENDING, version.key, {"differences": [d.model_dump(mode="json") for d in breaking]}))
        else:
            writes += [(ACCEPTED, version.key, {"number": version.number}), (PENDING, version.key, None)]
    return broken, writes


def _accepted(versions: Versions, key: str) -> TableEntry | None:
    found = versions.get(ACCEPTED, key)
    if found is None or found.document is None:
        return None
    version = versions.get(TABLE, key, found.document["number"])
    return TableEntry.model_validate(version.document) if version else None


def _source(scan: Scan, tables: dict[str, ScannedTable]) -> tuple[str, str, dict[str, Any]]:
    keys = {p: str(asset_of(scan.source, t.table)) for p, t in sorted(tables.items())}
    return SOURCE, scan.source, {"url": scan.url, "tables": keys}
