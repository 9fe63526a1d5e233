"""The shared warehouse: PostgreSQL, written by COPY from Arrow batches."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import StoreError
from core.naming import TableName
from core.schema import Column, TableInfo
from core.settings import scrub
from resources.quoting import identifier, literal, qualified
from resources.rows import rows_of

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    from adbc_driver_manager.dbapi import Connection, Cursor

BATCH_ROWS = 50_000
Partition = tuple[str, Sequence[Any]]


class PostgresWarehouse:
    """See ports.Warehouse. Each call is one connection and one transaction.

    A table whose columns stay the same is emptied and filled again, so that views over it live on; when its columns
    change it is dropped with the views over it, which their own assets build again.
    """

    dialect = "postgres"

    def __init__(self, url: str, memory: str) -> None:
        self.url = url
        self.memory = memory
        self.name = urlsplit(url).path.lstrip("/") or "postgres"

    @classmethod
    def from_url(cls, url: str, memory: str) -> "PostgresWarehouse":
        """Open postgresql://user@host:port/database; `memory` bounds the DuckDB that reads Parquet files."""
        return cls(url, memory)

    @contextmanager
    def connect(self) -> Iterator["Connection"]:
        """A connection with a transaction that commits when the block ends well and rolls back otherwise."""
        from adbc_driver_postgresql import dbapi

        try:
            with dbapi.connect(self.url) as connection:
                yield connection
                connection.commit()
        except dbapi.Error as error:
            told = scrub(str(error), self.url)
            raise StoreError(f"the warehouse {self.name} refused: {told}", _advice(error)) from None

    def query(self, sql: str, params: Sequence[Any] = ()) -> "pl.DataFrame":
        """See ports.Warehouse. A numeric with a declared scale is a Decimal, any other (sums, means) a Float64."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql, tuple(params) or None)
            return _frame(cursor.fetch_arrow_table())

    def query_beside(self, sql: str, frame: "pl.DataFrame") -> "pl.DataFrame":
        """See ports.Warehouse."""
        from resources.types_postgres import postgres_columns

        with self._reader() as reader:
            reader.register("heddle_frame", frame)
            rows = reader.sql("select * from heddle_frame")
            columns = postgres_columns(rows)
            shape = ", ".join(f"{identifier(c.name)} {c.type}" for c in columns)
            batches = rows.project(", ".join(c.expression for c in columns)).to_arrow_reader(BATCH_ROWS)
            with self.connect() as connection, connection.cursor() as cursor:
                cursor.execute(f"create temporary table heddle_frame ({shape}) on commit drop")
                cursor.adbc_ingest("heddle_frame", batches, mode="append", temporary=True)
                cursor.execute("analyze heddle_frame")
                cursor.execute(sql)
                return _frame(cursor.fetch_arrow_table())

    def batches(self, sql: str, params: Sequence[Any] = (), rows: int = 100_000) -> Iterator["pl.DataFrame"]:
        """See ports.Warehouse."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql, tuple(params) or None)
            for batch in cursor.fetch_record_batch():
                yield from _frame(batch).iter_slices(rows)

    def replace(self, table: TableName, select: str, *, partition: Partition | None = None) -> int:
        """See ports.Warehouse."""
        with self.connect() as connection, connection.cursor() as cursor:
            # first into a temporary table: the SELECT may read the table it replaces
            cursor.execute(f"create temporary table heddle_new on commit drop as {select}")
            _make_room(cursor, table, partition)
            names = ", ".join(identifier(name) for name in _columns(cursor, "heddle_new"))
            cursor.execute(f"insert into {qualified(table)} ({names}) select {names} from heddle_new")
            cursor.execute(f"analyze {qualified(table)}")  # a join planned without statistics can take minutes
            return int(_value(cursor, "select count(*) from heddle_new"))

    def load_parquet(
        self, table: TableName, files: Sequence[Path], select: str, *, partition: Partition | None = None
    ) -> int:
        """See ports.Warehouse."""
        with self._reader() as reader:
            names = ", ".join(literal(str(f)) for f in files)
            reader.execute(
                "create temp view source as"
                f" select * from read_parquet([{names}], union_by_name = true, filename = true)"
            )
            with self.connect() as connection, connection.cursor() as cursor:
                return _copy(cursor, reader.sql(select), table, partition)

    def write(self, table: TableName, frame: "pl.DataFrame") -> int:
        """See ports.Warehouse."""
        with self._reader() as reader, self.connect() as connection, connection.cursor() as cursor:
            return _copy(cursor, reader.sql(rows_of(reader, frame)), table, None)

    def write_all(self, tables: "Mapping[TableName, pl.DataFrame | Path]") -> None:
        """See ports.Warehouse."""
        with self._reader() as reader, self.connect() as connection, connection.cursor() as cursor:
            for table, rows in tables.items():
                _copy(cursor, reader.sql(rows_of(reader, rows)), table, None)
                cursor.execute("drop table heddle_new")

    def info(self, table: TableName) -> TableInfo:
        """See ports.Warehouse."""
        with self.connect() as connection, connection.cursor() as cursor:
            if not _columns(cursor, qualified(table)):
                raise StoreError(f"no table {table} in {self.name}", "materialize its asset first")
            cursor.execute(
                "select attname, format_type(atttypid, atttypmod), coalesce(col_description(attrelid, attnum), ''),"
                " not attnotnull from pg_attribute"
                " where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum",
                (qualified(table),),
            )
            columns = tuple(Column(*row) for row in cursor.fetchall())
            return TableInfo(columns, int(_value(cursor, f"select count(*) from {qualified(table)}")))

    def exists(self, table: TableName) -> bool:
        """See ports.Warehouse."""
        return bool(self.query("select to_regclass($1) is not null as found", [qualified(table)]).item())

    @contextmanager
    def _reader(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """An embedded DuckDB that turns files and frames into Arrow batches within the memory bound."""
        import tempfile

        import duckdb

        try:
            with tempfile.TemporaryDirectory() as spill:
                config: dict[str, Any] = {"memory_limit": self.memory, "temp_directory": spill}
                with duckdb.connect(config=config) as connection:
                    yield connection
        except duckdb.Error as error:
            raise StoreError(f"reading for the warehouse {self.name} failed: {error}", _advice(error)) from error


def _copy(cursor: "Cursor", rows: "duckdb.DuckDBPyRelation", table: TableName, partition: Partition | None) -> int:
    from resources.types_postgres import postgres_columns

    columns = postgres_columns(rows)
    shape = ", ".join(f"{identifier(c.name)} {c.type}" for c in columns)
    ready = rows.project(", ".join(c.expression for c in columns))
    cursor.execute(f"create temporary table heddle_new ({shape}) on commit drop")
    _make_room(cursor, table, partition)
    batches = ready.to_arrow_reader(BATCH_ROWS)
    written = cursor.adbc_ingest(table.name, batches, mode="append", db_schema_name=table.schema)
    cursor.execute(f"analyze {qualified(table)}")
    return int(written)


def _make_room(cursor: "Cursor", table: TableName, partition: Partition | None) -> None:
    """Let the table exist with the columns of heddle_new, without the rows that are about to be written."""
    name = qualified(table)
    cursor.execute(f"create schema if not exists {identifier(table.schema)}")
    new, old = _columns(cursor, "heddle_new"), _columns(cursor, name)
    if partition is None and old and new != old:
        cursor.execute(f"drop table {name} cascade")
        old = {}
    if not old:
        cursor.execute(f"create table {name} (like heddle_new)")
    elif partition is None:
        cursor.execute(f"truncate {name}")
    else:
        column, values = partition
        marks = ", ".join(f"cast(${i + 1} as {old.get(column, 'text')})" for i in range(len(values)))
        cursor.execute(f"delete from {name} where {identifier(column)} in ({marks})", tuple(map(str, values)))


def _columns(cursor: "Cursor", name: str) -> dict[str, str]:
    """Column -> type of a table or view, given as quoted SQL; empty when it does not exist."""
    cursor.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum",
        (name,),
    )
    return {str(column): str(kind) for column, kind in cursor.fetchall()}


def _value(cursor: "Cursor", sql: str) -> Any:
    cursor.execute(sql)
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def _frame(rows: Any) -> "pl.DataFrame":
    import polars as pl

    from resources.types_postgres import numerics

    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    plain = [
        n for n, kind in frame.schema.items() if isinstance(kind, pl.BaseExtension)
    ]  # text behind a PostgreSQL type
    frame = frame.with_columns(pl.col(name).ext.storage() for name in plain)
    return frame.with_columns(pl.col(name).cast(kind) for name, kind in numerics(rows.schema).items())


def _advice(error: Exception) -> str:
    text = str(error).lower()
    if "no space left" in text or "disk full" in text:
        return "free disk space on the database server; the former table is unchanged"
    if "could not connect" in text or "connection to server" in text:
        return "start the database or correct HEDDLE_WAREHOUSE"
    if "out of memory" in text:
        return "raise HEDDLE_MEMORY"
    return "the message above is the engine's own; the former state is unchanged"
