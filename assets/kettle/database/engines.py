"""The engines that have a way of their own: SQLite, PostgreSQL, MySQL; and the choice of an engine."""

import io
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import polars as pl

from assets.kettle.database.connection import FETCH, Database, DatabaseError, Rows
from assets.kettle.database.engine_duckdb import DuckDb, StandIn
from assets.kettle.database.sql import without_end
from assets.kettle.database.trace import origins
from assets.kettle.database.types import Column, declared_column, field_of, mysql_column, postgres_column
from assets.kettle.database.urls import Target
from assets.kettle.database.values import frame_of
from assets.kettle.values.fields import Layout, ValueType


class Sqlite(Database):
    """SQLite. Types are those that the columns declare; text in DATE and TIMESTAMP columns is read as ISO dates."""

    def connect(self) -> None:
        """Opens the file; transactions are begun by hand so that DDL belongs to them."""
        import sqlite3

        self.errors = (sqlite3.Error,)
        self.style = "qmark"
        try:
            self.raw = sqlite3.connect(self.target.url.database or ":memory:", isolation_level=None)
        except sqlite3.Error as error:
            raise DatabaseError(
                f"connection {self.name!r}: {self.reason(error)}", "check the database's path"
            ) from None
        self.begin()

    def begin(self) -> None:
        """One transaction until commit."""
        self.raw.execute("BEGIN")

    def query(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Runs a query; types that no column declares come from the first rows."""
        self.settle()
        cursor = self.raw.cursor()
        self.run(cursor, without_end(sql), values)
        first = cursor.fetchmany(FETCH)
        layout = Layout(field_of(c) for c in self._columns(sql, [d[0] for d in cursor.description or ()], first))

        def batches() -> Iterator[pl.DataFrame]:
            rows = first
            while rows:
                yield frame_of(rows, layout)
                rows = cursor.fetchmany(FETCH)

        rows = Rows(layout, batches(), self.memory)
        self._open = [rows]
        return rows

    def layout(self, sql: str, values: Sequence[Any] = ()) -> Layout:
        """The layout by declared types and the first rows; the rest is not read."""
        layout = self.query(sql, values).layout
        self._open = []
        return layout

    def _columns(self, sql: str, names: list[str], rows: list[tuple[Any, ...]]) -> list[Column]:
        declared: dict[str, dict[str, str]] = {}

        def known(table: str) -> list[str]:
            info = self.raw.execute("SELECT name, type FROM pragma_table_info(?)", (table.split(".")[-1],)).fetchall()
            declared[table.upper()] = {str(name).upper(): str(kind) for name, kind in info}
            return [str(name) for name, _ in info]

        found = origins(sql, "sqlite", known)
        out = []
        for number, name in enumerate(names):
            source = found[number].only if number < len(found) else None
            text = declared.get(source[0].upper(), {}).get(source[1].upper(), "") if source else ""
            values = (row[number] for row in rows if row[number] is not None)
            out.append(declared_column(name, text or _SQLITE_TYPES.get(type(next(values, "")), "VARCHAR")))
        return out

    def adapt(self, values: Sequence[Any]) -> Any:
        """Decimals as numbers, dates as ISO text."""
        return tuple(_sqlite_value(value) for value in values)

    def truncate(self, table: str) -> None:
        """SQLite has no TRUNCATE."""
        self.execute(f"DELETE FROM {table}")

    def catalog(self, schema: str = "") -> list[tuple[str, str, str]]:
        """Tables and views."""
        found = self.raw.execute(
            "SELECT name, upper(type) FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY 1"
        )
        return [("main", str(name), str(kind)) for name, kind in found.fetchall()]

    def commit(self) -> None:
        """Commits; a new transaction begins."""
        self.settle()
        self.raw.execute("COMMIT")
        self.begin()

    def rollback(self) -> None:
        """Rolls back; a new transaction begins."""
        self._open = []
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")
        self.begin()


_SQLITE_TYPES = {int: "BIGINT", float: "DOUBLE", bytes: "BLOB", str: "VARCHAR"}


def _sqlite_value(value: Any) -> Any:
    from datetime import datetime
    from decimal import Decimal

    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)
    return value.isoformat(" ") if isinstance(value, datetime) else value


class Postgres(Database):
    """PostgreSQL and its relatives over psycopg2: reads by server-side cursors, writes by COPY."""

    def cursor(self, *, streaming: bool = False) -> Any:
        """A server-side cursor for streaming."""
        if not streaming:
            return self.raw.cursor()
        self._number = getattr(self, "_number", 0) + 1
        cursor = self.raw.cursor(f"heddle_{self._number}")
        cursor.itersize = FETCH
        return cursor

    def query(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """A SELECT by a server-side cursor; other statements that return rows by a plain one."""
        streaming = without_end(sql).lstrip("( \r\n\t").lower().startswith(("select", "with", "values", "table"))
        returning = " returning " in sql.lower()
        cursor = self.cursor(streaming=streaming and not returning)
        self.run(cursor, without_end(sql), values)
        first = cursor.fetchmany(FETCH)
        layout = self.layout_of(cursor, sql)

        def batches() -> Iterator[pl.DataFrame]:
            rows = first
            while rows:
                yield frame_of(rows, layout)
                rows = cursor.fetchmany(FETCH)
            cursor.close()

        return Rows(layout, batches(), self.memory)

    def layout(self, sql: str, values: Sequence[Any] = ()) -> Layout:
        """The layout of the query as it stands, run without rows; a statement that is no query is run and undone."""
        self.settle()
        cursor = self.cursor()
        self.execute("SAVEPOINT heddle_layout")
        try:
            self.run(cursor, f"SELECT * FROM (\n{without_end(sql)}\n) AS heddle_query LIMIT 0", values)
        except DatabaseError:
            self.execute("ROLLBACK TO SAVEPOINT heddle_layout")
            self.run(cursor, without_end(sql), values)
        layout = self.layout_of(cursor, sql)
        cursor.close()
        self.execute("ROLLBACK TO SAVEPOINT heddle_layout")
        return layout

    def describe(self, cursor: Any) -> list[Column]:
        """Type oid, and precision and scale or length."""
        return [self._column(item) for item in cursor.description or ()]

    @staticmethod
    def _column(item: Any) -> Column:
        size = item.precision if item.precision is not None else item.internal_size
        if item.type_code in (1114, 1184):
            size = -1
        return postgres_column(item.name, item.type_code, size if size is not None else -1, item.scale or 0)

    def insert(self, table: str, frame: pl.DataFrame, layout: Layout) -> None:
        """COPY FROM as CSV; null is an empty unquoted value, text is always quoted."""
        columns = ", ".join(self.quote(f.name) for f in layout)
        ready = frame.select(
            pl.format("\\x{}", pl.col(f.name).bin.encode("hex")).alias(f.name)
            if f.type is ValueType.BINARY
            else pl.col(f.name)
            for f in layout
        )
        columns_there = self.table_layout(table)
        whole = [
            f.name
            for f in layout
            if f.type in (ValueType.NUMBER, ValueType.BIGNUMBER)
            and f.name in columns_there
            and columns_there[f.name].type is ValueType.INTEGER
        ]  # COPY takes no "1.0" for an integer column, where a bound number would be cast
        ready = ready.with_columns(pl.col(name).cast(pl.Float64).round().cast(pl.Int64) for name in whole)
        ready = ready.with_columns(
            pl.col(f.name).str.replace_all("\x00", "", literal=True) for f in layout if f.type is ValueType.STRING
        )
        buffer = io.BytesIO()
        ready.write_csv(buffer, include_header=False, quote_style="necessary", null_value=_PG_NULL)
        buffer.seek(0)
        cursor = self.raw.cursor()
        try:
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, NULL '{_PG_NULL}')", buffer)
        except self.errors as error:
            raise self.failed(error) from None
        cursor.close()

    def insert_returning(self, table: str, columns: Sequence[str], values: Sequence[Any], key: str = "") -> int:
        """By RETURNING: the named column, else the first."""
        names = ", ".join(self.quote(name) for name in columns)
        marks = ", ".join("?" for _ in columns)
        back = self.quote(key) if key else "*"
        rows = self.rows(f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING {back}", values)
        return int(rows[0][0])

    def exists(self, schema: str, table: str) -> bool:
        """By to_regclass."""
        found = self.rows("SELECT to_regclass(?) IS NOT NULL", (self.table(schema, table),))
        return bool(found[0][0])


_PG_NULL = "\x1dNULL\x1d"  # a control character no text holds by chance


class MySql(Database):
    """MySQL and MariaDB over PyMySQL: reads unbuffered, several rows per INSERT. LOAD DATA LOCAL stays off."""

    def cursor(self, *, streaming: bool = False) -> Any:
        """An unbuffered cursor for streaming."""
        cursors = import_module("pymysql.cursors")
        return self.raw.driver_connection.cursor(cursors.SSCursor if streaming else cursors.Cursor)

    def describe(self, cursor: Any) -> list[Column]:
        """Type codes, lengths and flags of the protocol."""
        unsigned = 32
        return [
            mysql_column(f.name, f.type_code, f.length, f.scale, f.charsetnr, bool(f.flags & unsigned))
            for f in cursor._result.fields  # the description lacks charset and flags
        ]

    def truncate(self, table: str) -> None:
        """DELETE: TRUNCATE would commit."""
        self.execute(f"DELETE FROM {table}")


class Other(Database):
    """Any other database that SQLAlchemy reaches."""

    def adapt(self, values: Sequence[Any]) -> Any:
        """By number where the driver names parameters."""
        if self.style in ("named", "numeric"):
            return {str(i + 1): value for i, value in enumerate(values)} if self.style == "named" else list(values)
        return tuple(values)


_ENGINES: dict[str, type[Database]] = {"duckdb": DuckDb, "sqlite": Sqlite, "postgresql": Postgres, "mysql": MySql}


def open_database(name: str, target: Target) -> Database:
    """Connects. Raises DatabaseError."""
    if target.standin:
        return StandIn(name, target)
    return _ENGINES.get(target.url.get_backend_name(), Other)(name, target)
