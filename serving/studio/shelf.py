"""The list of all entries with their search index: kept between requests, brought up to date after changes."""

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from assets.catalog.attributes.model import FILE as ATTRIBUTES
from assets.catalog.attributes.model import readable
from assets.catalog.changes.entry import TABLE
from assets.catalog.facts import KIND as ASSET
from assets.catalog.kinds import KINDS, MARK, records, stamp
from assets.catalog.people import FILE, sees, teams
from assets.catalog.record import SOURCE
from assets.catalog.search.model import Entry, Hit
from assets.catalog.searchable import assets_of_tables, entries, some
from assets.catalog.semantics import registry
from assets.catalog.store.versions import Versions
from assets.catalog.tags.kept import KIND as TAGS
from core.settings import Settings

if TYPE_CHECKING:
    from assets.catalog.search.index import Index

FRESH_SECONDS = 1.0  # in which nobody asks whether something changed
TEXT = 200  # characters of a description that a list shows
PART = 5  # one in so many changed: everything is read again


class Row(NamedTuple):
    """An entry in the list; `score` is None for what no run measured."""

    key: str
    kind: str
    source: str
    text: str
    owners: tuple[str, ...]
    tags: tuple[str, ...]
    columns: int
    changed: str
    score: int | None
    upstream: tuple[str, ...]


class Listing(NamedTuple):
    """All entries at one moment.

    Attributes:
        rows: those that the reader may see, the most valuable first.
        hidden: keys that the reader may not see, of assets and of scanned tables.
        tables: scanned table -> asset.
        below: asset -> the assets made from it.
        lookup: the index of all entries.
        memo: what a page worked out from the rows, by what it was asked; gone with the listing.
    """

    rows: tuple[Row, ...]
    by_key: Mapping[str, Row]
    hidden: frozenset[str]
    tables: Mapping[str, str]
    below: Mapping[str, list[str]]
    lookup: "Index"
    memo: dict[Any, Any]

    def sees(self, key: str) -> bool:
        """Whether the reader may see a key: of an entry, or a scanned table's own; all that no entry has is open."""
        return key not in self.hidden

    def find(self, question: str, limit: int, wanted: "Wanted") -> list[Hit]:
        """The entries that fit a question best, of those that the reader may see and wants."""
        return self.lookup.search(question, limit, lambda key: self.sees(key) and wanted.has(self.by_key[key]))

    def near(self, key: str, most: int = 5) -> list[str]:
        """Keys like one that does not exist."""
        noun = key.rstrip("/").rsplit("/", 1)[-1][:200].replace("_", " ").replace(".", " ")
        return [hit.key for hit in self.lookup.search(noun, most, self.sees)] if noun.strip() else []


class Wanted(NamedTuple):
    """What a list is narrowed down to; "" is any."""

    kind: str = ""
    source: str = ""
    owner: str = ""
    tag: str = ""

    def has(self, row: Row) -> bool:
        """Whether an entry is wanted."""
        return (
            (not self.kind or row.kind == self.kind)
            and (not self.source or row.source == self.source)
            and (not self.owner or self.owner in row.owners)
            and (not self.tag or self.tag in row.tags)
        )


class Shelf:
    """Keeps the listing of one reader.

    Args:
        who: the reader, whose eyes decide what is hidden.
    """

    def __init__(self, settings: Settings, versions: Versions, who: str) -> None:
        self._settings, self._versions, self._who = settings, versions, who
        self._lock = threading.Lock()
        self._listing: Listing | None = None
        self._numbers: dict[tuple[str, str], int] = {}
        self._mark = (0, 0, 0)
        self._people: tuple[float, ...] = ()
        self._written: tuple[float, ...] = ()
        self._asked = 0.0

    def listing(self) -> Listing:
        """The present listing; the first call reads everything, later ones what changed.

        Raises:
            HeddleError: teams.yaml or a file of semantic types is wrong, or the catalogue's database refuses.
        """
        with self._lock:
            if self._listing is None or time.monotonic() - self._asked > FRESH_SECONDS:
                self._refresh()
                self._asked = time.monotonic()
            assert self._listing is not None
            return self._listing

    def outdated(self) -> None:
        """Something was written just now: the next listing has it."""
        self._asked = 0.0

    def _refresh(self) -> None:
        mark, people, written = self._versions.mark(), self._stamp(), stamp(self._settings.catalog_files)
        if self._listing is not None and (mark, people, written) == (self._mark, self._people, self._written):
            return
        numbers = self._versions.numbers()
        if self._listing is None or people != self._people:
            self._listing = self._read()
        else:
            changed = {entry for entry, number in numbers.items() if self._numbers.get(entry) != number}
            changed |= self._versions.measured_since(self._mark[2])
            self._listing = self._after(self._listing, changed)
            if written != self._written:
                self._listing = self._with_records(self._listing)
        self._numbers, self._mark, self._people, self._written = numbers, mark, people, written

    def _after(self, old: Listing, changed: Collection[tuple[str, str]]) -> Listing:
        keys = {key for kind, key in changed if kind in (ASSET, TABLE, TAGS)}
        moved = any(kind == SOURCE for kind, _ in changed)  # which asset a table is may be another one now
        return self._read() if moved or len(keys) * PART > len(old.rows) else self._updated(old, keys)

    def _stamp(self) -> tuple[float, ...]:
        """Differs when the file of teams or that of attributes was written: everything is read again then."""
        paths = (self._settings.catalog_files / name for name in (FILE, ATTRIBUTES))
        return tuple(path.stat().st_mtime if path.exists() else 0.0 for path in paths)

    def _read(self) -> Listing:
        from assets.catalog.search.index import Index

        types = registry.load(self._settings.catalog_files)
        folder = self._settings.catalog_files
        found = [*entries(self._versions, types, readable(folder)), *records(folder, types)]
        scores = {key: document.get("score") for key, document in self._versions.last_measured(ASSET)}
        return self._made(_rows(found, scores), self._hidden(found), Index.build(found))

    def _with_records(self, old: Listing) -> Listing:
        """With the metrics, dimensions, standards and code tables read again."""
        found = list(records(self._settings.catalog_files, registry.load(self._settings.catalog_files)))
        former = {r.key for r in old.rows if r.kind in KINDS}
        rows = [r for r in old.rows if r.key not in former]
        hidden = {k for k in old.hidden if k.partition(MARK)[0] not in KINDS} | self._hidden(found)
        index = old.lookup.update(found, former - {e.key for e in found})
        return self._made([*rows, *_rows(found, {})], hidden, index)

    def _updated(self, old: Listing, keys: set[str]) -> Listing:
        """With these assets and scanned tables read again."""
        asset = old.tables
        table = {a: t for t, a in asset.items()}
        keys |= {asset[k] for k in keys if k in asset} | {table[k] for k in keys if k in table}
        folder = self._settings.catalog_files
        found = list(some(self._versions, registry.load(folder), keys, readable(folder)))
        gone = keys - {e.key for e in found}
        scores = {e.key: last[0][2].get("score") for e in found if (last := self._versions.measured(ASSET, e.key))}
        rows = [r for r in old.rows if r.key not in keys]
        return self._made(
            [*rows, *_rows(found, scores)], (old.hidden - keys) | self._hidden(found), old.lookup.update(found, gone)
        )

    def _made(self, rows: Iterable[Row], hidden: Collection[str], index: "Index") -> Listing:
        tables = assets_of_tables(self._versions)
        both = {t for t, a in tables.items() if a in hidden} | {a for t, a in tables.items() if t in hidden}
        unseen = frozenset(hidden) | both
        shown = (r for r in rows if r.key not in unseen)
        ordered = tuple(sorted(shown, key=lambda r: (r.score is None, -(r.score or 0), r.key)))
        return Listing(ordered, {r.key: r for r in ordered}, unseen, tables, _below(ordered, tables), index, {})

    def _hidden(self, found: Iterable[Entry]) -> set[str]:
        may = sees(self._who, teams(self._settings.catalog_files))
        return {e.key for e in found if not may(e.tags, e.owner.split(", "))}


def _rows(found: Iterable[Entry], scores: Mapping[str, int | None]) -> Iterator[Row]:
    for e in found:
        owners = tuple(filter(None, e.owner.split(", ")))
        text, columns = e.description[:TEXT], len(e.columns)
        yield Row(e.key, e.kind, e.source, text, owners, e.tags, columns, e.changed, scores.get(e.key), e.related)


def _below(rows: Iterable[Row], tables: Mapping[str, str]) -> dict[str, list[str]]:
    """Asset -> assets made from it; what scanned tables refer to is no lineage."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for key in row.upstream if row.key not in tables and row.kind not in KINDS else ():
            found.setdefault(key, []).append(row.key)
    return found
