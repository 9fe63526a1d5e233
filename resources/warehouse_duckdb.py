"""The embedded warehouse: one DuckDB file."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import StoreError
from core.naming import TableName
from core.schema import Column, TableInfo
from resources.quoting import identifier, literal, qualified
from resources.rows import rows_of

if TYPE_CHECKING:
    import duckdb
    import polars as pl

LOCK_SECONDS = 60.0


class DuckdbWarehouse:
    """See ports.Warehouse. Only one process may have the file open, so each call opens, works and closes."""

    dialect = "duckdb"

    def __init__(self, path: Path, memory: str, lock_seconds: float = LOCK_SECONDS) -> None:
        self.path = path
        self.memory = memory
        self.lock_seconds = lock_seconds

    @classmethod
    def from_url(cls, url: str, memory: str) -> "DuckdbWarehouse":
        """Open duckdb:///absolute/file."""
        return cls(Path(urlsplit(url).path), memory)

    @contextmanager
    def connect(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A connection with the memory bound set; waits while another process holds the file."""
        import duckdb

        self.path.parent.mkdir(parents=True, exist_ok=True)
        config: dict[str, Any] = {
            "memory_limit": self.memory,
            "temp_directory": str(self.path.parent / "spill"),
            "preserve_insertion_order": True,
        }
        deadline = time.monotonic() + self.lock_seconds
        while True:
            try:
                connection = duckdb.connect(str(self.path), config=config)
                break
            except duckdb.IOException as error:
                if "lock" not in str(error).lower():
                    raise StoreError(f"cannot open the warehouse {self.path}: {error}", "check the file") from error
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"the warehouse {self.path} is held by another process: {error}",
                        "close the other program, or move to postgresql:// to share the warehouse",
                    ) from None
                time.sleep(0.05)
        try:
            with connection:
                yield connection
        except duckdb.Error as error:
            raise StoreError(f"the warehouse {self.path.name} refused: {error}", _advice(error)) from error

    def query(self, sql: str, params: Sequence[Any] = ()) -> "pl.DataFrame":
        """See ports.Warehouse."""
        import polars as pl

        with self.connect() as connection:
            frame = pl.from_arrow(connection.sql(sql, params=list(params)).to_arrow_table())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def query_beside(self, sql: str, frame: "pl.DataFrame") -> "pl.DataFrame":
        """See ports.Warehouse."""
        import polars as pl

        with self.connect() as connection:
            connection.register("heddle_frame", frame)
            found = pl.from_arrow(connection.sql(sql).to_arrow_table())
        assert isinstance(found, pl.DataFrame)
        return found

    def batches(self, sql: str, params: Sequence[Any] = (), rows: int = 100_000) -> Iterator["pl.DataFrame"]:
        """See ports.Warehouse."""
        import polars as pl

        with self.connect() as connection:
            reader: Any = connection.sql(sql, params=list(params)).to_arrow_reader(rows)
            for batch in reader:
                yield pl.DataFrame(batch)

    def replace(self, table: TableName, select: str, *, partition: tuple[str, Sequence[Any]] | None = None) -> int:
        """See ports.Warehouse."""
        with self.connect() as connection:
            return _replaced(connection, table, select, partition)

    def load_parquet(
        self,
        table: TableName,
        files: Sequence[Path],
        select: str,
        *,
        partition: tuple[str, Sequence[Any]] | None = None,
    ) -> int:
        """See ports.Warehouse."""
        with self.connect() as connection:
            names = ", ".join(literal(str(f)) for f in files)
            connection.execute(
                "create or replace temp view source as"
                f" select * from read_parquet([{names}], union_by_name = true, filename = true)"
            )
            return _replaced(connection, table, select, partition)

    def write(self, table: TableName, frame: "pl.DataFrame") -> int:
        """See ports.Warehouse."""
        with self.connect() as connection:
            return _replaced(connection, table, rows_of(connection, frame), None)

    def write_all(self, tables: "Mapping[TableName, pl.DataFrame | Path]") -> None:
        """See ports.Warehouse."""
        with self.connect() as connection:
            connection.execute("begin")
            for table, rows in tables.items():
                _replace(connection, table, rows_of(connection, rows), None)
            connection.execute("commit")

    def info(self, table: TableName) -> TableInfo:
        """See ports.Warehouse."""
        if not self.exists(table):
            raise StoreError(f"no table {table} in {self.path.name}", "materialize its asset first")
        found = self.query(
            "select column_name, lower(data_type), coalesce(comment, ''), is_nullable from duckdb_columns()"
            " where schema_name = $1 and table_name = $2 order by column_index",
            [table.schema, table.name],
        )
        rows = int(self.query(f"select count(*) from {qualified(table)}").item())
        return TableInfo(tuple(Column(*row) for row in found.iter_rows()), rows)

    def exists(self, table: TableName) -> bool:
        """See ports.Warehouse."""
        sql = "select count(*) from information_schema.tables where table_schema = $1 and table_name = $2"
        return bool(self.query(sql, [table.schema, table.name]).item())


def _replaced(
    connection: "duckdb.DuckDBPyConnection",
    table: TableName,
    select: str,
    partition: tuple[str, Sequence[Any]] | None,
) -> int:
    connection.execute("begin")
    rows = _replace(connection, table, select, partition)
    connection.execute("commit")
    return rows


def _replace(
    connection: "duckdb.DuckDBPyConnection",
    table: TableName,
    select: str,
    partition: tuple[str, Sequence[Any]] | None,
) -> int:
    """Within a transaction of the caller's."""
    name = qualified(table)
    connection.execute(f"create schema if not exists {identifier(table.schema)}")
    if partition is None:
        connection.execute(f"create or replace table {name} as {select}")
        rows = connection.execute(f"select count(*) from {name}").fetchall()
    else:
        column, values = partition
        connection.execute(f"create table if not exists {name} as select * from ({select}) limit 0")
        marks = ", ".join(f"${i + 1}" for i in range(len(values)))
        connection.execute(f"delete from {name} where {identifier(column)} in ({marks})", list(values))
        rows = connection.execute(f"insert into {name} by name {select}").fetchall()
    return int(rows[0][0])


def _advice(error: Exception) -> str:
    text = str(error).lower()
    if "no space left" in text or "file too large" in text:
        return "free disk space; the former table is unchanged"
    if "out of memory" in text:
        return "raise HEDDLE_MEMORY"
    return "the message above is the engine's own; the former state is unchanged"
