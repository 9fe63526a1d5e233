"""The engines that have a way of their own: DuckDB (also for H2, HSQLDB, Derby), SQLite, PostgreSQL, MySQL."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import polars as pl

from assets.kettle.database.connection import FETCH, Database, DatabaseError, Rows
from assets.kettle.database.sql import qualified, without_end
from assets.kettle.database.trace import origins
from assets.kettle.database.translate import translate
from assets.kettle.database.types import (
    Column,
    declared_column,
    duckdb_column,
    field_of,
    h2_column,
    mysql_column,
    postgres_column,
)
from assets.kettle.database.urls import Target
from assets.kettle.database.values import conform, frame_of
from assets.kettle.values.fields import Layout, ValueType

_KEEPERS: dict[str, Any] = {}


class DuckDb(Database):
    """DuckDB by its own API: rows go through Arrow. It has no savepoints: a failed statement ends the transaction."""

    savepoints: ClassVar[bool] = False
    style = "qmark"

    def connect(self) -> None:
        """Opens or makes the file, or the in-memory database of that name that this process shares."""
        import duckdb

        self.errors = (duckdb.Error,)
        database = self.target.url.database or ":memory:"
        try:
            self.raw = duckdb.connect(database)
            if self.target.keep and database.startswith(":memory:"):
                _KEEPERS.setdefault(database, self.raw.cursor())
            self.begin()
        except duckdb.Error as error:
            raise DatabaseError(
                f"connection {self.name!r}: {self.reason(error)}", "check the database's path; close other programs"
            ) from None

    def begin(self) -> None:
        """One transaction until commit."""
        self.raw.execute("BEGIN TRANSACTION")

    def cursor(self, *, streaming: bool = False) -> Any:
        """The connection itself: a second cursor would be a second transaction."""
        return self.raw

    def run(self, cursor: Any, sql: str, values: Sequence[Any]) -> None:
        """Executes with parameters as a list."""
        try:
            cursor.execute(sql, list(values)) if values else cursor.execute(sql)
        except self.errors as error:
            raise self.failed(error) from None

    def query(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Runs a query; its layout is found first, since the connection holds one result at a time."""
        return self._stream(without_end(sql), values, self.layout(sql, values))

    def _stream(self, sql: str, values: Sequence[Any], layout: Layout) -> Rows:
        try:
            relation = self.raw.sql(sql, params=list(values)) if values else self.raw.sql(sql)
        except self.errors as error:
            raise self.failed(error) from None
        rows = Rows(layout, self.fetch(relation, layout), self.memory)
        self._open = [rows]
        return rows

    def fetch(self, cursor: Any, layout: Layout) -> Iterator[pl.DataFrame]:
        """Record batches as frames."""
        try:
            for batch in cursor.to_arrow_reader(FETCH):
                yield conform(pl.DataFrame(pl.from_arrow(batch.rename_columns(layout.names))), layout)
        except self.errors as error:
            raise self.failed(error) from None

    def layout(self, sql: str, values: Sequence[Any] = ()) -> Layout:
        """By running it without rows."""
        timestamps = self.target.attributes.get("SUPPORTS_TIMESTAMP_DATA_TYPE", "Y").upper() != "N"
        self.settle()
        self.run(self.raw, f"SELECT * FROM ({without_end(sql)}) LIMIT 0", values)
        described = [(item[0], str(item[1])) for item in self.raw.description or ()]
        return Layout(field_of(column, timestamps=timestamps) for column in self.columns(sql, described))

    def columns(self, sql: str, described: list[tuple[str, str]]) -> list[Column]:
        """What the JDBC driver would say of the result's columns (name and DuckDB type)."""
        return [duckdb_column(name, type_name) for name, type_name in described]

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Runs one statement; the rows it changed."""
        self.settle()
        self.run(self.raw, without_end(sql), values)
        return self._changed()

    def _changed(self) -> int:
        described = self.raw.description
        if described and described[0][0] == "Count":
            row = self.raw.fetchone()
            return int(row[0]) if row else 0
        return 0

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """Row by row."""
        return sum(self.execute(sql, row) for row in rows)

    def insert(self, table: str, frame: pl.DataFrame, layout: Layout) -> None:
        """All rows in one statement from Arrow memory."""
        columns = ", ".join(self.quote(f.name) for f in layout)
        with self._registered(frame.select(layout.names), layout) as (name, picked):
            self.execute(f"INSERT INTO {table} ({columns}) SELECT {', '.join(picked)} FROM {name}")

    def update(self, table: str, frame: pl.DataFrame, values: Layout, keys: Layout) -> None:
        """One joined UPDATE; of several rows with the same key the last counts."""
        key_names = [f"key {f.name}" for f in keys]
        both = Layout([*values, *(f.but(name=n) for f, n in zip(keys, key_names, strict=True))])
        last = frame.select(both.names).unique(key_names, keep="last", maintain_order=True)
        with self._registered(last, both) as (name, picked):
            sets = ", ".join(f"{self.quote(f.name)} = {name}.{c}" for f, c in zip(values, picked, strict=False))
            where = " AND ".join(
                f"{table}.{self.quote(f.name)} = {name}.{c}" for f, c in zip(keys, picked[len(values) :], strict=True)
            )
            self.execute(f"UPDATE {table} SET {sets} FROM {name} WHERE {where}")

    def delete(self, table: str, frame: pl.DataFrame, keys: Layout) -> None:
        """One joined DELETE."""
        with self._registered(frame.select(keys.names), keys) as (name, picked):
            on = " AND ".join(f"{table}.{self.quote(f.name)} = {name}.{c}" for f, c in zip(keys, picked, strict=True))
            self.execute(f"DELETE FROM {table} USING {name} WHERE {on}")

    def matching(
        self,
        table: str,
        columns: Sequence[str],
        keys: Sequence[str],
        frame: pl.DataFrame,
        layout: Layout,
        order: str = "",
    ) -> Rows:
        """A join with the keys in Arrow memory."""
        with self._registered(frame, layout) as (name, picked):
            on = " AND ".join(f"t.{key} = {name}.{c}" for key, c in zip(keys, picked, strict=True))
            chosen = ", ".join(f"t.{c}" for c in columns)
            layout = self.layout(f"SELECT {', '.join(columns)} FROM {table}")
            rows = self.query(f"SELECT {chosen} FROM {table} t JOIN {name} ON {on} ORDER BY {order or 't.rowid'}")
            rows.detach()
        rows.layout = layout
        return rows

    def insert_returning(self, table: str, columns: Sequence[str], values: Sequence[Any], key: str = "") -> int:
        """By RETURNING: the named column, else the first."""
        names = ", ".join(self.quote(name) for name in columns)
        marks = ", ".join("?" for _ in columns)
        back = self.quote(key) if key else "*"
        self.settle()
        self.run(self.raw, f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING {back}", values)
        return int(self.raw.fetchone()[0])

    @contextmanager
    def _registered(self, frame: pl.DataFrame, layout: Layout) -> Iterator[tuple[str, list[str]]]:
        """A frame as a view with columns C0, C1...; BigNumber as text that the table's type casts."""
        self.settle()
        names = [f"C{i}" for i in range(len(layout))]
        plain = frame.rename(dict(zip(frame.columns, names, strict=True)))
        texts = [
            n for n, f in zip(names, layout, strict=True) if f.type is ValueType.BOOLEAN and not self.target.booleans
        ]
        plain = plain.with_columns(
            pl.when(pl.col(n)).then(pl.lit("Y")).when(~pl.col(n)).then(pl.lit("N")).alias(n) for n in texts
        )
        self.raw.register("HEDDLE_ROWS", plain.to_arrow())
        try:
            yield "HEDDLE_ROWS", names
        finally:
            self.raw.unregister("HEDDLE_ROWS")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """None here: a failure ends the transaction, so rows are checked before they are written (write.py)."""
        yield

    def catalog(self, schema: str = "") -> list[tuple[str, str, str]]:
        """Tables and views of the database."""
        self.settle()
        self.run(
            self.raw,
            "SELECT table_schema, table_name, CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END"
            " FROM information_schema.tables WHERE table_catalog = current_database() ORDER BY 1, 2",
            (),
        )
        found = [(str(a), str(b), str(c)) for a, b, c in self.raw.fetchall()]
        return [row for row in found if not schema or row[0].upper() == schema.upper()]

    def exists(self, schema: str, table: str) -> bool:
        """By the catalog: a failed query would end the transaction."""
        *front, name = [part.strip('"') for part in table.split(".")]
        where = schema or (front[-1] if front else "")
        return any(
            n.upper() == name.upper() and (not where or s.upper() == where.upper()) for s, n, _ in self.catalog()
        )

    def columns_of(self, table: str) -> list[tuple[str, str, str]]:
        """Name, type and comment of the columns of a table."""
        self.settle()
        name = table.split(".")[-1].strip('"')
        self.run(
            self.raw,
            "SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns() WHERE upper(table_name) = upper(?)"
            " ORDER BY column_index",
            [name],
        )
        return [(str(a), str(b), str(c)) for a, b, c in self.raw.fetchall()]

    def constraints(self, table: str) -> list[tuple[str, list[str]]]:
        """Kind (PRIMARY KEY, UNIQUE, NOT NULL, CHECK) and columns of a table's constraints."""
        self.settle()
        name = table.split(".")[-1].strip('"')
        self.run(
            self.raw,
            "SELECT constraint_type, constraint_column_names FROM duckdb_constraints() WHERE upper(table_name) = upper(?)",
            [name],
        )
        return [(str(kind), list(columns)) for kind, columns in self.raw.fetchall()]

    def close(self) -> None:
        """Closes the connection."""
        self._open = []
        self.raw.close()
        self.memory.close()

    def rollback(self) -> None:
        """Rolls back; the transaction may have ended by a failure already."""
        self._open = []
        self.raw.execute("ROLLBACK")
        self.begin()

    def commit(self) -> None:
        """Commits; a new transaction begins."""
        self.settle()
        self.raw.execute("COMMIT")
        self.begin()


class StandIn(DuckDb):
    """DuckDB in place of H2, HSQLDB or Derby: SQL is translated, names fold to upper case, lengths are remembered."""

    def connect(self) -> None:
        """Opens the file with a schema PUBLIC in use, as these databases have."""
        super().connect()
        self.raw.execute('CREATE SCHEMA IF NOT EXISTS "PUBLIC"')
        self.commit()
        self.raw.execute('USE "PUBLIC"')

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Runs a statement after translation."""
        return sum(super(StandIn, self).execute(part, values if "?" in part else ()) for part in translate(sql))

    def query(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Runs a query after translation."""
        return self._stream(self._one(sql), values, self.layout(sql, values))

    def layout(self, sql: str, values: Sequence[Any] = ()) -> Layout:
        """The layout that H2's driver would report."""
        return super().layout(self._one(sql), values)

    def _one(self, sql: str) -> str:
        translated = translate(sql)
        if len(translated) != 1:
            raise DatabaseError(f"connection {self.name!r}: {sql[:80]!r} is not one query", "give one SELECT")
        return translated[0]

    def columns(self, sql: str, described: list[tuple[str, str]]) -> list[Column]:
        """Types by DuckDB, declared lengths by the table's columns that the result's columns come from."""
        declared: dict[str, dict[str, str]] = {}
        types: dict[tuple[str, str], str] = {}

        def known(table: str) -> list[str]:
            found = self.columns_of(table)
            declared[table.upper()] = {name.upper(): comment for name, _, comment in found}
            types.update({(table.upper(), name.upper()): kind for name, kind, _ in found})
            return [name for name, _, _ in found]

        found = origins(sql, "duckdb", known)
        out = []
        for number, (name, type_name) in enumerate(described):
            source = found[number].only if number < len(found) else None
            text = declared.get(source[0].upper(), {}).get(source[1].upper(), "") if source else ""
            below = {types.get((t.upper(), c.upper()), "") for t, c in found[number].sources} if found else set()
            if type_name == "HUGEINT" and below and below <= {"INTEGER", "SMALLINT", "TINYINT"}:
                type_name = "BIGINT"  # H2's sum of an INT
            out.append(h2_column(name, type_name, text))
        return out

    def quote(self, name: str) -> str:
        """Always quoted in upper case unless it comes quoted: unquoted names fold so in H2."""
        return name if name.startswith('"') else '"' + name.upper().replace('"', '""') + '"'

    def table(self, schema: str, table: str) -> str:
        """The table's name in upper case, quoted."""
        plain = qualified(schema, table, "duckdb")
        return ".".join(self.quote(part) for part in plain.split("."))


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
        """The layout by declared types and the first rows."""
        return self.query(sql, values).layout

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
    """MySQL and MariaDB over PyMySQL: reads unbuffered, writes several rows per statement. LOAD DATA LOCAL stays off."""

    folds: ClassVar[bool] = True

    def cursor(self, *, streaming: bool = False) -> Any:
        """An unbuffered cursor for streaming."""
        from pymysql.cursors import Cursor, SSCursor  # type: ignore[import-untyped]

        return self.raw.driver_connection.cursor(SSCursor if streaming else Cursor)

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
