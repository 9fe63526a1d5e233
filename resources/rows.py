"""Rows that a DuckDB connection reads: of frames and of Parquet files."""

from pathlib import Path
from typing import TYPE_CHECKING

from resources.quoting import literal

if TYPE_CHECKING:
    import duckdb
    import polars as pl


def rows_of(connection: "duckdb.DuckDBPyConnection", rows: "pl.DataFrame | Path") -> str:
    """A select of the rows of a frame, which is registered under one name at a time, or of a Parquet file."""
    if isinstance(rows, Path):
        return f"select * from read_parquet({literal(str(rows))})"
    connection.register("heddle_frame", rows)
    return "select * from heddle_frame"
