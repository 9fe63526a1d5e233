"""A TableSample per engine, each by one streaming pass: SQLite, DuckDB, polars."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from assets.catalog.relations.model import TableSample
from assets.catalog.relations.sketch import Builder

if TYPE_CHECKING:
    import duckdb
    import polars as pl

_PLAIN_TEXT = """
    BOOLEAN TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE VARCHAR BLOB DATE TIME UUID
"""
_PLAIN = frozenset(_PLAIN_TEXT.split())  # DuckDB types that polars reads from Arrow
BATCH = 50_000  # rows at a time


def sample_frame(source: str, table: str, frames: "pl.DataFrame | Iterable[pl.DataFrame]") -> TableSample:
    """The sample of a polars frame, or of frames that together are the table."""
    import polars as pl

    builder = Builder(source, table)
    for frame in [frames] if isinstance(frames, pl.DataFrame) else frames:
        for start in range(0, max(frame.height, 1), BATCH):
            builder.add(frame.slice(start, BATCH))
    return builder.finish()


def sample_sqlite(source: str, table: str, connection: sqlite3.Connection) -> TableSample:
    """The sample of a SQLite table; values of several types in one column are compared by their text."""
    quoted = '"' + table.replace('"', '""') + '"'
    types = {str(row[1]): str(row[2]) for row in connection.execute(f"PRAGMA table_info({quoted})")}
    builder = Builder(source, table, types)
    cursor = connection.execute(f"SELECT * FROM {quoted}")
    names = [item[0] for item in cursor.description]
    for rows in _batches(cursor):
        builder.add(_frame(names, rows))
    return builder.finish()


def sample_duckdb(
    source: str, table: str, connection: "duckdb.DuckDBPyConnection", schema: str = "main"
) -> TableSample:
    """The sample of a DuckDB table or view."""
    import polars as pl

    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, table))
    path = table if schema == "main" else f"{schema}.{table}"
    relation = connection.sql(f"SELECT * FROM {quoted}")
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    chosen = ", ".join(_projected(name, kind) for name, kind in types.items())
    relation = connection.sql(f"SELECT {chosen} FROM {quoted}")
    builder = Builder(source, path, types)
    empty = True
    for batch in cast(Any, relation).to_arrow_reader(BATCH):
        frame = pl.from_arrow(batch)
        assert isinstance(frame, pl.DataFrame)
        builder.add(frame)
        empty = False
    if empty:
        builder.add(pl.DataFrame({name: [] for name in types}))
    return builder.finish()


def _projected(name: str, kind: str) -> str:
    """A column as polars can take it: intervals, unions and what else it does not know as text."""
    quoted = '"' + name.replace('"', '""') + '"'
    if kind in ("HUGEINT", "UHUGEINT"):
        return f"TRY_CAST({quoted} AS DECIMAL(38, 0)) AS {quoted}"  # Arrow would make them inexact
    plain = kind.partition("(")[0] in _PLAIN or (kind.startswith(("TIMESTAMP", "ENUM", "DECIMAL")) and "[" not in kind)
    return quoted if plain else f"CAST({quoted} AS VARCHAR) AS {quoted}"


def _batches(cursor: sqlite3.Cursor) -> Iterator[list[Any]]:
    """At least one batch, empty where the table is."""
    rows = cursor.fetchmany(BATCH)
    yield rows
    while len(rows) == BATCH:
        rows = cursor.fetchmany(BATCH)
        yield rows


def _frame(names: Sequence[str], rows: list[Any]) -> "pl.DataFrame":
    import polars as pl

    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pl.DataFrame([_series(name, values) for name, values in zip(names, columns, strict=True)])


def _series(name: str, values: Sequence[Any]) -> "pl.Series":
    import polars as pl

    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {int}:
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    if kinds <= {str}:
        return pl.Series(name, values, dtype=pl.String)
    if kinds <= {bytes}:
        return pl.Series(name, values, dtype=pl.Binary)
    return pl.Series(name, [None if v is None else v.hex() if isinstance(v, bytes) else _plain(v) for v in values])


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
