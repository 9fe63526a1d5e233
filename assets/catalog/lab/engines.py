"""Engines as the lab uses them: one read-only statement, its first rows, and a way to stop it from another thread."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Protocol

from sqlalchemy.exc import SQLAlchemyError

from assets.catalog.lab.model import QueryError
from assets.catalog.scan.databases.duckdb import DuckdbReader
from assets.catalog.scan.databases.generic import DatabaseReader
from assets.catalog.scan.references import Address, address
from assets.catalog.scan.registry import open_reader
from assets.catalog.scan.sources import Source
from core.settings import Settings

_SQLITE = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_UNSAFE = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"}


class Rows(NamedTuple):
    """The first rows of a statement."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Engine(Protocol):
    """An open database.

    Attributes:
        dialect: sqlglot's name.
    """

    dialect: str

    @property
    def stops(self) -> bool:
        """Whether `stop` surely ends the statement; otherwise who waits has to go on without it."""
        ...

    def fetch(self, sql: str, rows: int, seconds: float) -> Rows:
        """Runs a statement and takes so many rows; `seconds` for engines that can stop by themselves."""
        ...

    def stop(self) -> None:
        """Ends the running statement; called from another thread."""
        ...

    def reason(self, error: Exception) -> str:
        """The engine's message, without secrets."""
        ...


@contextmanager
def opened(source: Source, settings: Settings) -> Iterator[Engine]:
    """The engine of a source, opened as scans open it: read-only, DuckDB without access to anything outside its file.

    Raises:
        SourceError: it cannot be reached.
        QueryError: it is no database.
    """
    where = address(source.url, source.name, settings, os.environ)
    reader: Any = open_reader(where, source)
    try:
        if isinstance(reader, DatabaseReader):
            with reader.engine.connect() as connection:
                yield _engine(reader, connection)
        elif isinstance(reader, DuckdbReader):
            yield _Duck(reader.connection, where)
        else:
            raise QueryError(f"source {source.name} is no database", "query the table that was made from it")
    finally:
        reader.close()


class _Duck:
    dialect = "duckdb"
    stops = True

    def __init__(self, connection: Any, where: Address) -> None:
        self.connection, self.where = connection, where

    def fetch(self, sql: str, rows: int, seconds: float) -> Rows:
        cursor = self.connection.execute(sql)
        return Rows(tuple(d[0] for d in cursor.description or ()), cursor.fetchmany(rows))

    def stop(self) -> None:
        self.connection.interrupt()

    def reason(self, error: Exception) -> str:
        return self.where.clean(error)


class _Alchemy:
    def __init__(self, reader: DatabaseReader, connection: Any) -> None:
        self.reader, self.connection = reader, connection
        self.dialect = reader.dialect
        self.driver: Any = connection.connection.driver_connection

    def fetch(self, sql: str, rows: int, seconds: float) -> Rows:
        name = self.connection.dialect.name
        if name in _READ_ONLY:
            self.connection.exec_driver_sql(_READ_ONLY[name])
        for statement in _LIMITS.get(name, ()):
            with suppress(SQLAlchemyError):  # MariaDB and MySQL name it differently, and one driver reaches both
                self.connection.exec_driver_sql(statement.format(seconds=seconds, milliseconds=int(1000 * seconds)))
        formats = self.connection.dialect.paramstyle in ("format", "pyformat")
        ready = sql.replace("%", "%%") if formats and name != "druid" else sql
        options = _OPTIONS.get(name, {})
        result = self.connection.execution_options(**options).exec_driver_sql(ready)
        if not result.returns_rows:
            return Rows((), [])
        return Rows(tuple(result.keys()), [tuple(r) for r in result.fetchmany(rows)])

    def stop(self) -> None:
        with suppress(Exception):  # of whatever driver: the query is through, or the connection gone already
            self._way()

    @property
    def stops(self) -> bool:
        """MySQL and MariaDB are told by a second connection, PostgreSQL and SQLite by the driver."""
        return self._way != self._broken

    @property
    def _way(self) -> Callable[[], object]:
        own = (getattr(self.driver, name, None) for name in ("cancel", "interrupt"))
        return next((w for w in own if w), self._killed if hasattr(self.driver, "thread_id") else self._broken)

    def reason(self, error: Exception) -> str:
        return self.reader.reason(error)

    def _killed(self) -> None:
        """MySQL and MariaDB take it from a second connection."""
        with self.reader.engine.connect() as other:
            other.exec_driver_sql(f"KILL QUERY {int(self.driver.thread_id())}")

    def _broken(self) -> None:
        """Drivers that cannot cancel lose their connection: most servers end what nobody waits for."""
        transport = getattr(self.driver, "_transport", None)
        if transport is not None:  # of Hive: to close the session would wait for the query, now and at the end
            self.driver.close = transport.close
        self.driver.close()


_OPTIONS: dict[str, dict[str, Any]] = {"clickhouse": {"settings": {"readonly": 1}}}
_READ_ONLY = {
    "postgresql": "SET default_transaction_read_only = on",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}
# the servers' own limits hold where our timer does not reach
_LIMITS: dict[str, tuple[str, ...]] = {
    "postgresql": ("SET statement_timeout = {milliseconds}",),
    "mysql": ("SET SESSION max_statement_time = {seconds}", "SET SESSION max_execution_time = {milliseconds}"),
    "mariadb": ("SET SESSION max_statement_time = {seconds}",),
}


def _engine(reader: DatabaseReader, connection: Any) -> Engine:
    if connection.dialect.name == "sqlite":
        connection.connection.driver_connection.set_authorizer(_only_reads)
    return _Alchemy(reader, connection)


def _only_reads(action: int, _one: str | None, name: str | None, _db: str | None, _by: str | None) -> int:
    """SQLite asks before each thing that a statement does."""
    allowed = action in _SQLITE and not (action == sqlite3.SQLITE_FUNCTION and (name or "").lower() in _UNSAFE)
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY
