"""The platform's own databases: catalogue with its profiles and histories, query history, event log, tracking.

Their texts and JSON documents stay, with the identifiers taken out of them.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.security.erasure.fold import holding, pattern, prepare
from assets.security.erasure.model import LISTED, NAMED, Found, Subject
from core.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_HEADER = b"SQLite format 3\x00"
_open: dict[tuple[int, int], int] = {}  # device and inode of databases -> their descriptor
_WORDS = ("CHAR", "TEXT", "CLOB", "JSON", "STRING")


class Database:
    """One of the platform's databases.

    Args:
        name: for people.
        url: sqlite:/// or postgresql://.
    """

    def __init__(self, name: str, url: str) -> None:
        self.name, self.url = name, url

    def find(self, subject: Subject) -> Iterator[Found]:
        """See Store."""
        with self._opened() as connection:
            for table, column, text in self._columns(connection):
                cells = [c for (c,) in self._cells(connection, table, column, subject) if self._holds(c, subject)]
                if cells:
                    how, note = (NAMED, "") if text else (LISTED, "bytes that the platform does not change")
                    yield Found(self.name, table, (column,), how, len(cells), note)

    def records(self, subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
        """See Store."""
        with self._opened() as connection:
            for table, column, text in self._columns(connection):
                for (cell,) in self._cells(connection, table, column, subject) if text else ():
                    if self._holds(cell, subject):
                        yield table, {column: cell}

    def erase(self, subject: Subject) -> None:
        """See Store."""
        touched = set()
        with self._opened() as connection:
            for table, column, text in list(self._columns(connection)):
                for (cell,) in list(self._cells(connection, table, column, subject)) if text else ():
                    if self._holds(cell, subject):
                        self._redact(connection, table, column, cell, subject)
                        touched.add(table)
            engine = connection.engine
        if touched:
            with told(self.name):
                self._purge(engine, sorted(touched))

    @contextmanager
    def _opened(self) -> "Iterator[Connection]":
        """A transaction."""
        from assets.catalog.store.database import open_engine

        with told(self.name), open_engine(self.url).execution_options(writes=True).begin() as connection:
            yield connection

    def _redact(self, connection: "Connection", table: str, column: str, cell: Any, subject: Subject) -> None:
        from sqlalchemy import text

        q = connection.dialect.identifier_preparer.quote
        sql = text(f"UPDATE {q(table)} SET {q(column)} = :new WHERE {q(column)} = :old")
        connection.execute(sql, {"new": subject.needles.redacted(str(cell)), "old": cell})

    def _columns(self, connection: "Connection") -> Iterator[tuple[str, str, bool]]:
        from sqlalchemy import inspect

        found = inspect(connection)
        for table in found.get_table_names():
            for column in found.get_columns(table):
                kind = str(column["type"]).upper()
                if any(word in kind for word in _WORDS):
                    yield table, column["name"], True
                elif kind in ("BLOB", "BYTEA", "NULL") or not kind:
                    yield table, column["name"], False

    def _cells(self, connection: "Connection", table: str, column: str, subject: Subject) -> Iterator[Any]:
        from sqlalchemy import text

        cores = subject.needles.cores
        if not cores:
            return iter(())
        q, dialect = connection.dialect.identifier_preparer.quote, connection.dialect.name
        marks = [f":v{n}" for n in range(len(cores))]
        held = holding(q(column), dialect.replace("postgresql", "postgres"), cores, marks, escapes=True)
        params = {mark[1:]: pattern(core) for mark, core in zip(marks, cores, strict=True)}
        prepare(connection)
        sql = text(f"SELECT DISTINCT {q(column)} FROM {q(table)} WHERE {held}")
        return iter(connection.execute(sql, params).fetchall())

    def _holds(self, cell: Any, subject: Subject) -> bool:
        if isinstance(cell, bytes | memoryview):
            return subject.needles.in_bytes(bytes(cell))
        return subject.needles.within(cell)

    def _purge(self, engine: "Engine", tables: Sequence[str]) -> None:
        from assets.security.erasure.stores.purge import vacuum

        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if engine.dialect.name == "sqlite":
                connection.rollback()
                vacuum(connection.connection.driver_connection)
                return
            for table in tables:
                connection.exec_driver_sql(f"VACUUM (FULL) {connection.dialect.identifier_preparer.quote(table)}")


@contextmanager
def told(name: str) -> Iterator[None]:
    """Raises what SQLAlchemy raises as StoreError, without the statement, which has identifiers."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"{name}: {getattr(error, 'orig', None) or type(error).__name__}", "run it again") from None


def is_sqlite(path: Path) -> bool:
    """Whether a file is a SQLite database.

    A database stays open here: closing it would take away the locks that SQLite holds on it in this process (POSIX
    locks are of the process), and another one that writes at that moment would destroy it. Logs of databases are none.
    """
    if path.name.endswith(("-wal", "-shm", "-journal")):
        return False
    known = path.stat()
    if (known.st_dev, known.st_ino) in _open:
        return True
    handle = os.open(path, os.O_RDONLY)
    found = os.read(handle, len(_HEADER)) == _HEADER
    if found:
        _open[known.st_dev, known.st_ino] = handle
    else:
        os.close(handle)
    return found
