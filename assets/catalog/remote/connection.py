"""A source's database, opened for writing: transactions with bound parameters and quoted names, on any engine."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import unquote, urlsplit

from assets.catalog.scan.references import Address, address, scheme_of
from assets.catalog.scan.sources import Source, load_sources
from core.errors import ConflictError, HeddleError, SourceError
from core.settings import Settings

LOCK_SECONDS = 20.0
CHUNK_CELLS = 8_000  # parameters of one statement; SQLite takes 32,766, SQL Server 2,100 would need less
DIALECTS = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite", "duckdb": "duckdb"}
Row = Sequence[Any]


class Driver(Protocol):
    """What differs between SQLAlchemy's engines and DuckDB."""

    mark: str

    def run(self, sql: str, params: Row) -> Any:
        """Executes; has fetchall and rowcount."""
        ...

    def bulk(self, head: str, columns: Sequence[str], rows: Sequence[Row], tail: str) -> None:
        """`head` VALUES rows `tail`."""
        ...

    def savepoint(self) -> Any:
        """A context in which a failure undoes only what ran in it, or None where the engine has none."""
        ...


class Session:
    """One transaction.

    Attributes:
        dialect: sqlglot's name.
        mark: of a parameter.
    """

    def __init__(self, driver: Driver, dialect: str) -> None:
        self.driver, self.dialect, self.mark = driver, dialect, driver.mark

    def name(self, *names: str) -> str:
        """Names quoted and joined by dots, ready for `query` and `execute`."""
        from assets.catalog.changes.ddl import quoted  # sqlglot, which definitions do without

        return self.text(".".join(quoted(n, self.dialect) for n in names if n))

    def text(self, sql: str) -> str:
        """SQL without parameters of its own, as the driver wants it."""
        return sql.replace("%", "%%") if self.mark == "%s" else sql

    def query(self, sql: str, params: Row = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        return [tuple(row) for row in self.driver.run(sql, params).fetchall()]

    def execute(self, sql: str, params: Row = ()) -> None:
        """Runs one statement."""
        self.driver.run(sql, params)

    def bulk(self, head: str, columns: Sequence[str], rows: Sequence[Row], tail: str = "") -> None:
        """Inserts many rows: `head` is `INSERT INTO t (…)`, `tail` what follows the values."""
        self.driver.bulk(head, columns, rows, tail)


class Remote:
    """An open database. Raises SourceErrors without secrets for whatever its driver raises."""

    def __init__(self, source: str, where: Address) -> None:
        self.source, self.where = source, where
        scheme = scheme_of(where.url)
        self.dialect = dialect_of(scheme, source)
        self._engine: Any = None if scheme == "duckdb" else _engine(where, source)

    @classmethod
    def of(cls, settings: Settings, name: str, environ: Mapping[str, str] | None = None) -> Self:
        """The database of a source of sources.yaml.

        Raises:
            HeddleError: there is no such source, or it is no database that takes changes.
        """
        source = source_of(settings, name)
        return cls(name, address(source.url, name, settings, os.environ if environ is None else environ))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commits at the end, undoes all where something is raised.

        Raises:
            ConflictError: another transaction changed the same rows.
            SourceError: the database refuses.
        """
        from sqlalchemy.exc import SQLAlchemyError

        if self._engine is None:
            yield from self._duckdb()
            return
        try:
            with self._engine.begin() as connection:
                yield Session(_Alchemy(connection), self.dialect)
        except SQLAlchemyError as error:
            raise self._refused(getattr(error, "orig", None) or error) from None

    @contextmanager
    def autocommit(self) -> Iterator[Any]:
        """A connection of SQLAlchemy without a transaction, for statements that cannot be in one; not of DuckDB.

        Raises:
            SourceError: the database refuses.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._refused(getattr(error, "orig", None) or error) from None

    def close(self) -> None:
        """Frees the connections."""
        if self._engine is not None:
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _duckdb(self) -> Iterator[Session]:
        import duckdb

        try:
            with _duckdb_file(self.where, self.source) as connection:
                connection.begin()
                try:
                    yield Session(_Duck(connection), self.dialect)
                    connection.commit()
                except BaseException:
                    connection.rollback()
                    raise
        except duckdb.TransactionException as error:
            raise ConflictError(f"source {self.source}: {self.where.clean(error)}", "repeat the change") from None
        except duckdb.Error as error:
            raise self._refused(error) from None

    def _refused(self, error: Any) -> SourceError:
        return SourceError(f"source {self.source}: {self.where.clean(error)}")


def source_of(settings: Settings, name: str) -> Source:
    """A source of sources.yaml. Raises HeddleError when there is none of this name."""
    known = {s.name: s for s in load_sources(settings)}
    if name not in known:
        raise HeddleError(
            f"source {name} has no connection in {settings.catalog_files / 'sources.yaml'}",
            f"add it there; there are: {', '.join(known) or 'none'}",
        )
    return known[name]


def spoken(settings: Settings, source: Source) -> str:
    """sqlglot's name of a source's SQL; nothing is connected to, and a secret is asked for where it is the whole URL.

    Raises:
        HeddleError: it is no database that takes changes.
    """
    url = source.url
    if url.startswith("$"):
        url = address(url, source.name, settings, os.environ).url
    return dialect_of(scheme_of(url), source.name)


def dialect_of(scheme: str, source: str) -> str:
    """sqlglot's name of a URL's scheme. Raises HeddleError when it is no database that takes changes."""
    from assets.catalog.scan.databases.generic import DRIVERS

    found = DIALECTS.get(scheme) or DRIVERS.get(scheme, ("", "", ""))[2]
    if not found:
        raise HeddleError(f"source {source}: {scheme} is no database that takes changes", f"use {', '.join(DIALECTS)}")
    return found


class _Alchemy:
    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.mark = "%s" if connection.dialect.paramstyle in ("format", "pyformat") else "?"
        self.adapt = connection.dialect.name == "sqlite"

    def run(self, sql: str, params: Row) -> Any:
        return self.connection.exec_driver_sql(sql, tuple(map(_plain, params) if self.adapt else params))

    def bulk(self, head: str, columns: Sequence[str], rows: Sequence[Row], tail: str) -> None:
        one = f"({', '.join([self.mark] * len(columns))})"
        size = max(1, CHUNK_CELLS // len(columns))
        for start in range(0, len(rows), size):
            chunk = rows[start : start + size]
            values = ", ".join([one] * len(chunk))
            self.run(f"{head} VALUES {values}{tail}", [v for row in chunk for v in row])

    def savepoint(self) -> Any:
        return self.connection.begin_nested()


class _Duck:
    mark = "?"

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def run(self, sql: str, params: Row) -> Any:
        return self.connection.execute(sql, list(params))

    def bulk(self, head: str, columns: Sequence[str], rows: Sequence[Row], tail: str) -> None:
        import pyarrow as pa

        data = [pa.array([row[i] for row in rows]) for i in range(len(columns))]
        self.connection.register("incoming", pa.table(data, names=[f"c{i}" for i in range(len(columns))]))
        try:
            # without a condition the ON of ON CONFLICT would read as that of a join
            self.connection.execute(f"{head} SELECT * FROM incoming WHERE true{tail}")
        finally:
            self.connection.unregister("incoming")

    def savepoint(self) -> None:
        return None


def _plain(value: Any) -> Any:
    """A value as SQLite keeps it: dates and exact numbers as text."""
    import datetime as dt
    from decimal import Decimal

    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value) if isinstance(value, dt.date | Decimal) else value


def _engine(where: Address, source: str) -> Any:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    from assets.catalog.scan.databases.generic import DRIVERS
    from assets.catalog.scan.databases.patience import patient

    scheme, _, rest = where.url.partition(":")
    driver, package, _ = DRIVERS.get(scheme, (scheme, scheme, ""))
    if scheme == "sqlite" and not Path(rest.removeprefix("///")).is_file():
        raise SourceError(f"source {source}: there is no file {rest.removeprefix('///')}", "correct its url")
    try:
        engine = create_engine(patient(f"{driver}:{rest}", reads=False))
    except (NoSuchModuleError, ModuleNotFoundError):
        raise SourceError(f"source {source}: no driver for {scheme} is installed", f"pip install '{package}'") from None
    except ArgumentError:
        raise SourceError(f"source {source}: field url is no SQLAlchemy URL", "write scheme://host/database") from None
    if scheme == "sqlite":

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # the begin below decides, not the driver
            connection.execute("pragma foreign_keys = on")

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("begin immediate")

    return engine


@contextmanager
def _duckdb_file(where: Address, source: str) -> Iterator[Any]:
    """The file, waiting while another process has it."""
    import duckdb

    path = Path("/" + unquote(urlsplit(where.url).path).lstrip("/"))
    if not path.is_file():
        raise SourceError(f"source {source}: there is no file {path}", "correct its url")
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection = duckdb.connect(str(path), config={"enable_external_access": "false"})
            break
        except duckdb.Error as error:
            busy = "lock" in str(error).lower() or "different configuration" in str(error)
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    with connection:
        yield connection
