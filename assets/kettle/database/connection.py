"""One open database: queries that stream, statements, bulk writes. Engines differ in `engines.py`.

All work of a run is one transaction: committed by the runtime at the end, or rolled back. (MySQL and Oracle commit by
themselves at each DDL statement; that cannot be taken back.)
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import polars as pl

from assets.kettle.database.sql import bind, limited, qualified, quoted, statements, without_end
from assets.kettle.database.types import Column, declared_column, field_of
from assets.kettle.database.urls import Target
from assets.kettle.database.values import frame_of, parameters_of
from assets.kettle.engine.buffers import Buffer, Memory
from assets.kettle.errors import KettleError
from assets.kettle.values.fields import Layout

FETCH = 65_536
CHUNK = 500
_KEPT_BYTES = 256 << 20


class DatabaseError(KettleError):
    """The database refused a statement or a connection."""


class Rows:
    """An open result: its layout, and its rows in batches. Another statement on the connection may come in between."""

    def __init__(self, layout: Layout, source: Iterator[pl.DataFrame], memory: Memory) -> None:
        self.layout = layout
        self._source = source
        self._memory = memory
        self._kept: Buffer | None = None

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """The batches."""
        while self._kept is None:
            frame = next(self._source, None)
            if frame is None:
                return
            yield frame
        yield from self._kept.batches(FETCH)
        self._kept.clear()

    def detach(self) -> None:
        """Takes all remaining rows in, so that the connection is free."""
        if self._kept is None:
            kept = Buffer(self.layout, self._memory)
            for frame in self._source:
                kept.append(frame)
            self._kept = kept


class Database:
    """A connection by the driver that SQLAlchemy chooses, used through its plain DBAPI.

    Class attributes:
        savepoints: a failed statement can be undone alone.
    """

    savepoints: ClassVar[bool] = True

    def __init__(self, name: str, target: Target) -> None:
        self.name = name
        self.target = target
        self.dialect = target.dialect
        self.folds = target.dialect in ("mysql", "tsql")  # text compares without case by the usual collation
        self.memory = Memory(_KEPT_BYTES, None)
        self._open: list[Rows] = []
        self.connect()
        for statement in statements(target.on_connect, self.dialect):
            self.execute(statement)

    # -- for engines to override

    def connect(self) -> None:
        """Opens the connection. Raises DatabaseError."""
        import sqlalchemy
        from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
        from sqlalchemy.pool import NullPool

        self.errors: tuple[type[BaseException], ...] = ()
        try:
            driver = sqlalchemy.make_url(self.target.url).get_dialect().import_dbapi()
            self.errors = (driver.Error,)  # some drivers refuse the address while the engine is made
            engine = sqlalchemy.create_engine(self.target.url, poolclass=NullPool)
            self.style = engine.dialect.paramstyle
            self.raw: Any = engine.raw_connection()
        except (NoSuchModuleError, ModuleNotFoundError):
            raise self.missing() from None
        except (SQLAlchemyError, OSError, ValueError, *self.errors) as error:
            raise DatabaseError(f"connection {self.name!r} cannot be opened: {self.reason(error)}", _CHECK) from None

    def describe(self, cursor: Any) -> list[Column]:
        """What the driver says of the result's columns."""
        return [self.column(*item) for item in cursor.description or ()]

    def column(self, name: str, code: Any, display: Any, size: Any, precision: Any, scale: Any, null: Any) -> Column:
        """One column of a DBAPI description, by the name of its type code."""
        text = getattr(code, "name", None) or getattr(code, "__name__", None) or str(code)
        if text.upper().endswith("NUMBER") or "DECIMAL" in text.upper():
            return Column(name, "decimal", precision or -1, scale or 0) if precision else Column(name, "bignumber")
        return declared_column(name, f"{_PYTHON_TYPES.get(text, text)}({display or size or ''})")

    def begin(self) -> None:
        """Starts the transaction where the driver does not do so by itself."""

    def cursor(self, *, streaming: bool = False) -> Any:
        """A cursor, one that does not fetch all rows at once where the driver has such."""
        return self.raw.cursor()

    def fetch(self, cursor: Any, layout: Layout) -> Iterator[pl.DataFrame]:
        """The rows of an executed cursor in batches."""
        while rows := cursor.fetchmany(FETCH):
            yield frame_of(rows, layout)
        cursor.close()

    # -- reading

    def query(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Runs a query with `?` parameters. Raises DatabaseError."""
        self.settle()
        cursor = self.cursor(streaming=True)
        self.run(cursor, without_end(sql), values)
        layout = self.layout_of(cursor, sql)
        rows = Rows(layout, self.fetch(cursor, layout), self.memory)
        self._open = [rows]
        return rows

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a small query, values as Kettle types."""
        return [row for frame in self.query(sql, values) for row in frame.rows()]

    def layout(self, sql: str, values: Sequence[Any] = ()) -> Layout:
        """The layout of a query's result; no row is read."""
        short = limited(sql, self.dialect, 0)
        self.settle()
        cursor = self.cursor()
        self.run(cursor, short or without_end(sql), values)
        layout = self.layout_of(cursor, sql)
        cursor.close()
        return layout

    def layout_of(self, cursor: Any, sql: str) -> Layout:
        """The fields of an executed cursor; those of equal names get `_1`, `_2`."""
        timestamps = self.target.attributes.get("SUPPORTS_TIMESTAMP_DATA_TYPE", "Y").upper() != "N"
        return Layout(field_of(column, timestamps=timestamps) for column in self.describe(cursor))

    def table_layout(self, table: str) -> Layout:
        """The fields of a table (name as `table()` gives it)."""
        return self.layout(f"SELECT * FROM {table}")

    # -- writing

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Runs one statement with `?` parameters; the number of rows it changed, 0 when unknown."""
        self.settle()
        cursor = self.cursor()
        self.run(cursor, without_end(sql), values)
        changed = cursor.rowcount
        cursor.close()
        return max(0, changed or 0)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """Runs one statement once per row of parameters; the number of rows changed, as far as the driver says."""
        if not rows:
            return 0
        self.settle()
        cursor = self.cursor()
        try:
            cursor.executemany(bind(sql, self.style, self.dialect), self.adapt_many(rows))
        except self.errors as error:
            raise self.failed(error) from None
        changed = cursor.rowcount
        cursor.close()
        return max(0, changed or 0)

    def insert(self, table: str, frame: pl.DataFrame, layout: Layout) -> None:
        """Adds rows; the layout's names are the table's columns."""
        columns = ", ".join(self.quote(f.name) for f in layout)
        marks = ", ".join("?" for _ in layout)
        rows = parameters_of(frame, layout, booleans=self.target.booleans)
        self.execute_many(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def insert_returning(self, table: str, columns: Sequence[str], values: Sequence[Any], key: str = "") -> int:
        """Adds one row; the key that the database generated, in column `key` (the first when "")."""
        self.settle()
        cursor = self.cursor()
        names = ", ".join(self.quote(name) for name in columns)
        self.run(cursor, f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' for _ in columns)})", values)
        made = getattr(cursor, "lastrowid", None)
        cursor.close()
        if not made:
            raise DatabaseError(f"connection {self.name!r}: the database gives no generated key back", "use a sequence")
        return int(made)

    def next_value(self, sequence: str) -> int:
        """The next value of a sequence."""
        texts = {"postgres": f"SELECT nextval('{sequence}')", "duckdb": f"SELECT nextval('{sequence}')",
                 "oracle": f"SELECT {sequence}.NEXTVAL FROM DUAL"}  # fmt: skip
        return int(self.rows(texts.get(self.dialect, f"SELECT NEXT VALUE FOR {sequence}"))[0][0])

    def update(self, table: str, frame: pl.DataFrame, values: Layout, keys: Layout) -> None:
        """Sets `values` where `keys` match, row by row in order; the names are the table's columns."""
        sets = ", ".join(f"{self.quote(f.name)} = ?" for f in values)
        where = " AND ".join(f"{self.quote(f.name)} = ?" for f in keys)
        both = Layout([*values, *(f.but(name=f"key {f.name}") for f in keys)])
        rows = parameters_of(frame.select(both.names), both, booleans=self.target.booleans)
        self.execute_many(f"UPDATE {table} SET {sets} WHERE {where}", rows)

    def delete(self, table: str, frame: pl.DataFrame, keys: Layout) -> None:
        """Deletes the rows whose columns `keys` equal those of a row of the frame (a null equals nothing)."""
        where = " AND ".join(f"{self.quote(f.name)} = ?" for f in keys)
        rows = parameters_of(frame.select(keys.names), keys, booleans=self.target.booleans)
        self.execute_many(f"DELETE FROM {table} WHERE {where}", rows)

    def matching(
        self,
        table: str,
        columns: Sequence[str],
        keys: Sequence[str],
        frame: pl.DataFrame,
        layout: Layout,
        order: str = "",
    ) -> Rows:
        """The rows of a table whose `keys` equal those of a row of `frame`; `columns` of them.

        The key frame holds one column per key in order, with the types of `layout`, without nulls, distinct.
        """
        picked = ", ".join(columns)
        rows = parameters_of(frame, layout, booleans=self.target.booleans)

        def parts() -> Iterator[pl.DataFrame]:
            for start in range(0, len(rows), CHUNK):
                chunk = rows[start : start + CHUNK]
                sql, values = self._matching(table, picked, keys, chunk)
                yield from self.query(f"{sql} ORDER BY {order}" if order else sql, values)

        return Rows(self.layout(f"SELECT {picked} FROM {table}"), parts(), self.memory)

    @staticmethod
    def _matching(table: str, picked: str, keys: Sequence[str], rows: list[tuple[Any, ...]]) -> tuple[str, list[Any]]:
        if len(keys) == 1:
            where = f"{keys[0]} IN ({', '.join('?' for _ in rows)})"
        else:
            where = " OR ".join("(" + " AND ".join(f"{key} = ?" for key in keys) + ")" for _ in rows)
        return f"SELECT {picked} FROM {table} WHERE {where}", [value for row in rows for value in row]

    def script(self, text: str) -> tuple[list[str], int]:
        """Runs a script's statements in order; the statements and the rows changed."""
        done = statements(text, self.dialect)
        return done, sum(self.execute(statement) for statement in done)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone when it fails with a DatabaseError; the rest of the transaction stays."""
        self.execute("SAVEPOINT heddle_row")
        try:
            yield
        except DatabaseError:
            self.execute("ROLLBACK TO SAVEPOINT heddle_row")
            raise
        self.execute("RELEASE SAVEPOINT heddle_row")

    def truncate(self, table: str) -> None:
        """Empties a table."""
        self.execute(f"TRUNCATE TABLE {table}")

    # -- names

    def quote(self, name: str) -> str:
        """A column's name for SQL."""
        return quoted(name, self.dialect, always=self.target.attributes.get("QUOTE_ALL_FIELDS", "N").upper() == "Y")

    def table(self, schema: str, table: str) -> str:
        """A table's name for SQL."""
        return qualified(schema, table, self.dialect)

    def catalog(self, schema: str = "") -> list[tuple[str, str, str]]:
        """Schema, name and kind (TABLE, VIEW) of the tables and views."""
        import sqlalchemy

        self.settle()
        engine = sqlalchemy.create_engine(self.target.url, creator=lambda: self.raw.driver_connection)
        inspector = sqlalchemy.inspect(engine)
        where = schema or inspector.default_schema_name
        found = [(where or "", name, "TABLE") for name in inspector.get_table_names(where)]
        return found + [(where or "", name, "VIEW") for name in inspector.get_view_names(where)]

    def exists(self, schema: str, table: str) -> bool:
        """Whether the table or view can be read."""
        return self.readable(f"SELECT * FROM {self.table(schema, table)}")

    def readable(self, sql: str) -> bool:
        """Whether a query can be prepared."""
        try:
            with self.savepoint():
                self.layout(sql)
        except DatabaseError:
            return False
        return True

    # -- transaction

    def commit(self) -> None:
        """Commits; a new transaction begins."""
        self.settle()
        self.raw.commit()
        self.begin()

    def rollback(self) -> None:
        """Rolls back; a new transaction begins."""
        self._open = []
        self.raw.rollback()
        self.begin()

    def close(self) -> None:
        """Closes the connection."""
        self._open = []
        self.raw.close()
        self.memory.close()

    # -- inside

    def settle(self) -> None:
        """Frees the connection from a result that is still being read."""
        for rows in self._open:
            rows.detach()
        self._open = []

    def run(self, cursor: Any, sql: str, values: Sequence[Any]) -> None:
        """Executes on a cursor with parameters bound. Raises DatabaseError."""
        try:
            if values:
                cursor.execute(bind(sql, self.style, self.dialect), self.adapt(values))
            else:
                cursor.execute(sql)
        except self.errors as error:
            raise self.failed(error) from None

    def adapt(self, values: Sequence[Any]) -> Any:
        """Parameter values as the driver takes them."""
        return tuple(values)

    def adapt_many(self, rows: Sequence[Sequence[Any]]) -> Any:
        """Many rows of parameter values as the driver takes them."""
        return [self.adapt(row) for row in rows]

    def failed(self, error: BaseException) -> DatabaseError:
        """The driver's error as ours."""
        return DatabaseError(f"connection {self.name!r}: {self.reason(error)}", "correct the statement or the data")

    def missing(self) -> DatabaseError:
        """The driver is not installed."""
        return DatabaseError(
            f"connection {self.name!r} needs the driver for {self.target.url.drivername}, which is not installed",
            f"pip install {self.target.package} (oracle, mssql, clickhouse: the extra heddle[connectors])",
        )

    def reason(self, error: BaseException) -> str:
        """The driver's message in one line, without the password."""
        original = getattr(error, "orig", None) or error
        args = [str(a) for a in getattr(original, "args", ()) if not isinstance(a, int)]
        text = " ".join((args[0] if args else str(original)).split())
        password = self.target.url.password
        return text.replace(str(password), "***") if password else text


_CHECK = "check host, port, database, user and password of the connection"
_PYTHON_TYPES = {"str": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "bytes": "BLOB", "datetime": "TIMESTAMP",
                 "1": "VARCHAR", "2": "BINARY", "3": "BIGINT", "4": "TIMESTAMP", "5": "NUMBER"}  # fmt: skip
