"""Every version of every entry: what it said, who changed it, when, and why (the run that did)."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from assets.catalog.store.database import create, open_engine
from core.errors import ConflictError, StoreError
from core.hashing import digest

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

Document = Mapping[str, Any]
Entry = tuple[str, str, Document | None]  # kind, key, and what it says: None removes it
Expected = int | Mapping[tuple[str, str], int] | None  # number that entries are at, 0 for new ones
LAST = 2**31 - 1  # the greatest number a version can have
TRIES = 6  # of a change, when others write the same entries
T = TypeVar("T")
KEPT_MEASURES = 50  # measurements of one entry that are kept


@dataclass(frozen=True)
class Change:
    """Who changed an entry and why: `run` is Dagster's run id, "" when a person did it."""

    author: str
    cause: str
    run: str = ""
    at: str = ""

    def moment(self) -> str:
        """`at`, or now in UTC."""
        return self.at or datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Version:
    """One version of an entry; `document` is None for the version that removed it."""

    kind: str
    key: str
    number: int
    document: dict[str, Any] | None
    change: Change


class Versions:
    """Entries by (kind, key), each a JSON document with all its versions.

    Writing what is there already changes nothing.

    Args:
        url: of HEDDLE_CATALOG.
    """

    def __init__(self, url: str) -> None:
        from assets.catalog.store import tables

        self.engine = open_engine(url)
        self.writing = self.engine.execution_options(writes=True)
        self.tables = tables
        create(self.engine, tables.METADATA)

    def put(
        self, kind: str, key: str, document: Document, change: Change, *, expected: int | None = None
    ) -> Version | None:
        """A new version, or None when the document says what the last one says.

        Args:
            expected: number of the version that was edited; 0 for a new entry.

        Raises:
            ConflictError: somebody else changed the entry since `expected`.
        """
        made = self.put_all([(kind, key, document)], change, expected=expected)
        return made[0] if made else None

    def put_all(
        self,
        entries: Iterable[Entry],
        change: Change,
        *,
        expected: Expected = None,
        then: Callable[[Sequence[Version]], Iterable[Entry]] | None = None,
    ) -> list[Version]:
        """New versions of all entries that changed, in one transaction; a document of None removes the entry.

        Args:
            expected: the number that each of `entries` is at, or the numbers by kind and key.
            then: what follows from the new versions and is written with them, or not at all.

        Raises:
            ConflictError: an entry is not at `expected`.
            StoreError: a text cannot be stored.
        """
        from sqlalchemy.exc import IntegrityError

        given = list(entries)
        try:
            return self._put_all(given, change, expected, then)
        except IntegrityError:  # two made the same entry at once: now it is there, and the second waits for its row
            return self._put_all(given, change, expected, then)

    def _put_all(
        self,
        entries: list[Entry],
        change: Change,
        expected: Expected,
        then: Callable[[Sequence[Version]], Iterable[Entry]] | None,
    ) -> list[Version]:
        def number(kind: str, key: str) -> int | None:
            return expected.get((kind, key)) if isinstance(expected, Mapping) else expected

        with self.writing.begin() as connection:
            puts = (self._put(connection, *entry, change, number(*entry[:2])) for entry in entries)
            made = [version for version in puts if version is not None]
            for entry in then(made) if then is not None else ():
                self._put(connection, *entry, change, None)
            return made

    def get(self, kind: str, key: str, number: int | None = None) -> Version | None:
        """The given version, or the last one; None when there is none or it was removed."""
        from sqlalchemy import select

        v, e = self.tables.VERSIONS, self.tables.ENTRIES
        query = select(v).where(v.c.kind == kind, v.c.key == key)
        if number is not None and not 0 < number <= LAST:
            return None
        query = query.where(v.c.number == number) if number else query.join(e).where(v.c.number == e.c.number)
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None or row.document is None else _version(row)

    def history(self, kind: str, key: str) -> list[Version]:
        """All versions, the oldest first; empty when the entry never was."""
        from sqlalchemy import select

        v = self.tables.VERSIONS
        query = select(v).where(v.c.kind == kind, v.c.key == key).order_by(v.c.number)
        with self.engine.connect() as connection:
            return [_version(row) for row in connection.execute(query)]

    def latest(self, kind: str = "", prefix: str = "") -> Iterator[Version]:
        """The last version of every entry that is not removed, ordered by kind and key.

        Args:
            kind: "" for all.
            prefix: what the key begins with.
        """
        from sqlalchemy import select

        v, e = self.tables.VERSIONS, self.tables.ENTRIES
        query = select(v).join(e).where(v.c.number == e.c.number, e.c.removed.is_(False)).order_by(v.c.kind, v.c.key)
        if kind:
            query = query.where(v.c.kind == kind)
        if prefix:
            query = query.where(v.c.key.startswith(prefix, autoescape=True))
        with self.engine.connect().execution_options(yield_per=1000) as connection:
            for row in connection.execute(query):
                yield _version(row)

    def measure(self, kind: str, measured: Mapping[str, Document], run: str, at: str = "") -> None:
        """Records measurements (profiles, counts, scores) by key; the last 50 of an entry are kept."""
        from sqlalchemy import delete, insert, select

        m = self.tables.MEASURES
        moment = at or datetime.now(UTC).isoformat(timespec="seconds")
        with self.writing.begin() as connection:
            for key, document in measured.items():
                connection.execute(
                    insert(m).values(kind=kind, key=key, at=moment, run=run, document=canonical(document))
                )
                mine = select(m.c.id).where(m.c.kind == kind, m.c.key == key).order_by(m.c.id.desc())
                last = connection.execute(mine.offset(KEPT_MEASURES - 1).limit(1)).scalar()
                if last is not None:
                    connection.execute(delete(m).where(m.c.kind == kind, m.c.key == key, m.c.id < last))

    def measured(self, kind: str, key: str, limit: int = 1) -> list[tuple[str, str, dict[str, Any]]]:
        """The last measurements of an entry as (moment, run, document), the newest first."""
        from sqlalchemy import select

        m = self.tables.MEASURES
        query = select(m).where(m.c.kind == kind, m.c.key == key).order_by(m.c.id.desc()).limit(limit)
        with self.engine.connect() as connection:
            return [(r.at, r.run, json.loads(r.document)) for r in connection.execute(query)]

    def last_measured(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The last measurement of every entry of a kind, in one pass: (key, document)."""
        from sqlalchemy import func, select

        m = self.tables.MEASURES
        last = select(func.max(m.c.id)).where(m.c.kind == kind).group_by(m.c.key)
        query = select(m.c.key, m.c.document).where(m.c.id.in_(last))
        with self.engine.connect().execution_options(yield_per=1000) as connection:
            for row in connection.execute(query):
                yield row.key, json.loads(row.document)

    def numbers(self, kind: str = "", prefix: str = "") -> dict[tuple[str, str], int]:
        """(kind, key) -> number of the last version, for every entry that ever was.

        Args:
            kind: "" for all.
            prefix: what the key begins with.
        """
        from sqlalchemy import select

        e = self.tables.ENTRIES
        query = select(e.c.kind, e.c.key, e.c.number).where(e.c.key.startswith(prefix, autoescape=True))
        query = query.where(e.c.kind == kind) if kind else query
        with self.engine.connect() as connection:
            return {(r.kind, r.key): r.number for r in connection.execute(query)}

    def mark(self) -> tuple[int, int, int]:
        """Differs when something was changed or measured since; the last number is that of `measured_since`."""
        from sqlalchemy import func, select

        e, m = self.tables.ENTRIES, self.tables.MEASURES
        with self.engine.connect() as connection:
            count, versions = connection.execute(select(func.count(), func.sum(e.c.number))).one()
            return count, versions or 0, connection.execute(select(func.max(m.c.id))).scalar() or 0

    def measured_since(self, number: int) -> set[tuple[str, str]]:
        """(kind, key) of what was measured after a mark's last number."""
        from sqlalchemy import select

        m = self.tables.MEASURES
        with self.engine.connect() as connection:
            found = connection.execute(select(m.c.kind, m.c.key).where(m.c.id > number).distinct())
            return {(r.kind, r.key) for r in found}

    def _put(
        self,
        connection: "Connection",
        kind: str,
        key: str,
        document: Document | None,
        change: Change,
        expected: int | None,
    ) -> Version | None:
        from sqlalchemy import insert, select, update

        v, e = self.tables.VERSIONS, self.tables.ENTRIES
        # the lock first and alone: a join that waited for it would pair the new number with the old version
        locked = select(e.c.number).where(e.c.kind == kind, e.c.key == key).with_for_update()
        number = connection.execute(locked).scalar() or 0
        if expected is not None and expected != number:
            raise ConflictError(
                f"{kind} {key} is at version {number}, not {expected}: somebody changed it meanwhile",
                "read it again and repeat the change",
            )
        text = None if document is None else canonical(document)
        said = digest([text or ""])
        last = select(v.c.digest).where(v.c.kind == kind, v.c.key == key, v.c.number == number)
        if said == connection.execute(last).scalar() or (not number and document is None):
            return None
        number += 1
        if number > 1:
            connection.execute(
                update(e).where(e.c.kind == kind, e.c.key == key).values(number=number, removed=document is None)
            )
        else:
            connection.execute(insert(e).values(kind=kind, key=key, number=number, removed=False))
        at = change.moment()
        row = {"kind": kind, "key": key, "number": number, "digest": said, "document": text, "at": at}
        connection.execute(insert(v).values(**row, author=change.author, cause=change.cause, run=change.run))
        kept = Change(change.author, change.cause, change.run, at)
        return Version(kind, key, number, json.loads(text) if text else None, kept)


def insist(change: Callable[[], T]) -> T:
    """Repeats a change that begins with reading until nobody else wrote in between; what they wrote is in it then.

    Raises:
        ConflictError: others wrote each time.
    """
    for _ in range(TRIES - 1):
        try:
            return change()
        except ConflictError:
            continue
    return change()


def canonical(document: Document) -> str:
    """The same text for the same content: keys sorted, nothing lost of other alphabets.

    Raises:
        StoreError: a text in it is no Unicode, such as an argument with bytes that are no UTF-8.
    """
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        where = ascii(text[max(0, error.start - 20) : error.end])
        raise StoreError(f"a text is not UTF-8: {where}", "write it in UTF-8 (look at LANG)") from None
    return text


def _version(row: "Row[Any]") -> Version:
    document = json.loads(row.document) if row.document is not None else None
    return Version(row.kind, row.key, row.number, document, Change(row.author, row.cause, row.run, row.at))
