"""A dimension's table in its database: created, its rows read, added, changed and removed under an optimistic lock."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from assets.catalog.dimensions.model import Dimension
from assets.catalog.dimensions.values import Cell, cell, texts, version
from assets.catalog.remote.connection import Remote, Session
from core.errors import ConflictError, HeddleError

if TYPE_CHECKING:
    from assets.catalog.changes.ddl import Statement

MOST_WORDS = 8  # of a search
_SPECIAL = re.compile("[!%_]")  # what LIKE does not take as it is
_LOCKS = {"postgres": " FOR UPDATE", "mysql": " FOR UPDATE"}  # SQLite locks the file, DuckDB sees conflicts at commit


@dataclass(frozen=True)
class DimensionRow:
    """A row as texts, with the version that edits name."""

    values: dict[str, Cell]
    version: str


@dataclass(frozen=True)
class Counts:
    """What a change did, and how many rows there are now."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    rejected: int = 0
    rows: int = 0


class DimensionTable:
    """The table of a dimension.

    Args:
        remote: the database of its source.
        seen: the SELECT of what the reader may see of it, with every column; "" where that is all.
    """

    def __init__(self, dimension: Dimension, remote: Remote, seen: str = "") -> None:
        self.dimension, self.remote, self.seen = dimension, remote, seen
        self.info = dimension.info(remote.dialect)

    def ddl(self) -> "list[Statement]":
        """What `create` runs."""
        return self.dimension.ddl(self.remote.dialect)

    def create(self) -> None:
        """Makes the table. Raises SourceError when it is there already or the database refuses."""
        with self.remote.transaction() as session:
            for statement in self.ddl():
                session.execute(session.text(statement.sql))

    def rows(self, limit: int = 100, offset: int = 0, words: str = "") -> list[DimensionRow]:
        """Rows ordered by key; with words, those that have each of them in some column."""
        with self.remote.transaction() as session:
            order = ", ".join(session.name(k) for k in self.dimension.key)
            where, params = self._having(session, words)
            sql = f"{self._shown(session)}{where} ORDER BY {order} LIMIT {int(limit)} OFFSET {int(offset)}"
            return [self._row(values) for values in session.query(sql, params)]

    def count(self, words: str = "") -> int:
        """How many rows there are, or have the words."""
        with self.remote.transaction() as session:
            where, params = self._having(session, words)
            found: int = session.query(f"SELECT COUNT(*) FROM {self._source(session)}{where}", params)[0][0]
            return found

    def get(self, key: Mapping[str, Cell]) -> DimensionRow:
        """One row. Raises HeddleError when there is none."""
        with self.remote.transaction() as session:
            found = session.query(f"{self._shown(session)}{self._where(session)}", self._key(key))
            return self._row(found[0] if found else self._gone(self._key(key)))

    def add(self, values: Mapping[str, Cell]) -> Counts:
        """A new row.

        Raises:
            HeddleError: a value is wrong; names the column.
            ConflictError: there is a row of this key.
        """
        row = self._parsed(values)
        with self.remote.transaction() as session:
            key = self._key({k: values.get(k) for k in self.dimension.key})
            if session.query(f"{self._select(session)}{self._where(session)}", key):
                raise ConflictError(f"{self.dimension.name}: there is a row {self._told(key)}", "change that one")
            session.bulk(self.head(session), self.dimension.names, [row])
            return Counts(added=1, rows=self.counted(session))

    def change(self, key: Mapping[str, Cell], values: Mapping[str, Cell], expected: str | None) -> Counts:
        """Other values in a row.

        Args:
            expected: version of the row that was edited; None to change whatever is there.

        Raises:
            HeddleError: there is no such row, or a value is wrong.
            ConflictError: somebody else changed it since.
        """
        identity = self._key(key)
        with self.remote.transaction() as session:
            now = self._row(self._one(session, identity, lock=True), expected)
            row = self._parsed(now.values | dict(values))
            if version(texts(self.dimension, row)) == now.version:
                return Counts(unchanged=1, rows=self.counted(session))
            names = self.dimension.names
            sets = ", ".join(f"{session.name(n)} = {session.mark}" for n in names)
            sql = f"UPDATE {self.name(session)} SET {sets}{self._where(session)}"
            session.execute(sql, [*row, *identity])
            return Counts(changed=1, rows=self.counted(session))

    def remove(self, key: Mapping[str, Cell], expected: str | None) -> Counts:
        """Takes a row away. Raises as `change` does."""
        identity = self._key(key)
        with self.remote.transaction() as session:
            self._row(self._one(session, identity, lock=True), expected)
            session.execute(f"DELETE FROM {self.name(session)}{self._where(session)}", identity)
            return Counts(removed=1, rows=self.counted(session))

    def clear(self, confirmed: str) -> Counts:
        """Takes all rows away.

        Args:
            confirmed: the dimension's name, as the person typed it.

        Raises:
            HeddleError: that is another name.
        """
        if confirmed != self.dimension.name:
            raise HeddleError(f"{confirmed!r} is not {self.dimension.name!r}: nothing was cleared", "type its name")
        with self.remote.transaction() as session:
            rows = self.counted(session)
            session.execute(f"DELETE FROM {self.name(session)}")
            return Counts(removed=rows)

    # -- parts of statements, for this table and its imports

    def name(self, session: Session) -> str:
        """The table's quoted name."""
        return session.name(self.info.schema_name, self.info.name)

    def head(self, session: Session) -> str:
        """INSERT INTO with all columns."""
        return f"INSERT INTO {self.name(session)} ({', '.join(session.name(n) for n in self.dimension.names)})"

    def counted(self, session: Session) -> int:
        """Rows, as this transaction sees them."""
        found: int = session.query(f"SELECT COUNT(*) FROM {self.name(session)}")[0][0]
        return found

    def all(self, session: Session) -> Iterable[tuple[Cell, ...]]:
        """Every row as texts."""
        return (texts(self.dimension, row) for row in session.query(self._select(session)))

    def shown(self, session: Session) -> Iterable[tuple[Cell, ...]]:
        """Every row that the reader may see, as texts."""
        return (texts(self.dimension, row) for row in session.query(self._shown(session)))

    def _select(self, session: Session) -> str:
        return f"SELECT {self._columns(session)} FROM {self.name(session)}"

    def _shown(self, session: Session) -> str:
        return f"SELECT {self._columns(session)} FROM {self._source(session)}"

    def _source(self, session: Session) -> str:
        """What is read for people: the table, or what they may see of it."""
        return f"({session.text(self.seen)}) AS seen" if self.seen else self.name(session)

    def _columns(self, session: Session) -> str:
        return ", ".join(session.name(n) for n in self.dimension.names)

    def _where(self, session: Session) -> str:
        return " WHERE " + " AND ".join(f"{session.name(k)} = {session.mark}" for k in self.dimension.key)

    def _having(self, session: Session, words: str) -> tuple[str, list[str]]:
        """The condition that each word is in some column, upper and lower case alike, and its parameters."""
        given = [_SPECIAL.sub(r"!\g<0>", word.lower()) for word in words.split()[:MOST_WORDS]]
        text = "CHAR" if session.dialect == "mysql" else "TEXT"
        names = [
            f"LOWER(CAST({session.name(n)} AS {text})) LIKE {session.mark} ESCAPE '!'" for n in self.dimension.names
        ]
        tests = " AND ".join([f"({' OR '.join(names)})"] * len(given))
        return (f" WHERE {tests}" if given else ""), [f"%{word}%" for word in given for _ in names]

    def _one(self, session: Session, key: Sequence[Any], *, lock: bool = False) -> Sequence[Any]:
        tail = _LOCKS.get(session.dialect, "") if lock else ""
        found = session.query(f"{self._select(session)}{self._where(session)}{tail}", key)
        return found[0] if found else self._gone(key)

    def _gone(self, key: Sequence[Any]) -> NoReturn:
        raise HeddleError(f"{self.dimension.name}: there is no row {self._told(key)}", "list the rows")

    def _row(self, values: Sequence[Any], expected: str | None = None) -> DimensionRow:
        said = texts(self.dimension, values)
        now = DimensionRow(dict(zip(self.dimension.names, said, strict=True)), version(said))
        if expected is not None and now.version != expected:
            told = self._told([now.values[k] for k in self.dimension.key])
            raise ConflictError(
                f"{self.dimension.name}: row {told} was changed meanwhile", "read it again and repeat the change"
            )
        return now

    def _key(self, given: Mapping[str, Cell]) -> list[Any]:
        wrong = [k for k in self.dimension.key if k not in given] or [k for k in given if k not in self.dimension.key]
        if wrong:
            raise HeddleError(f"{self.dimension.name}: key {wrong[0]}", f"name {', '.join(self.dimension.key)}")
        columns = {c.name: c for c in self.dimension.columns}
        return [self._value(columns[k], given[k]) for k in self.dimension.key]

    def _parsed(self, given: Mapping[str, Cell]) -> list[Any]:
        unknown = [n for n in given if n not in self.dimension.names]
        if unknown:
            raise HeddleError(
                f"{self.dimension.name}: no column {unknown[0]!r}", f"there are: {', '.join(self.dimension.names)}"
            )
        return [self._value(c, given.get(c.name)) for c in self.dimension.columns]

    def _value(self, column: Any, text: Cell) -> Any:
        try:
            return cell(text, column, self.dimension.key)
        except ValueError as error:
            raise HeddleError(f"{self.dimension.name}: column {column.name}: {error}", "correct the value") from None

    def _told(self, key: Sequence[Any]) -> str:
        return ", ".join(f"{n}={v}" for n, v in zip(self.dimension.key, key, strict=True))
