"""Types on the way into and out of PostgreSQL."""

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from core.errors import StoreError
from resources.quoting import identifier

if TYPE_CHECKING:
    import duckdb

# DuckDB type -> PostgreSQL type with the same Arrow form
SAME = {
    "BOOLEAN": "boolean",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "BLOB": "bytea",
}
# DuckDB type without a PostgreSQL twin -> the DuckDB type to cast it to
CAST = {
    "TINYINT": "SMALLINT",
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20,0)",
    "HUGEINT": "DECIMAL(38,0)",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "UUID": "VARCHAR",
}
_DECIMAL = re.compile(r"DECIMAL\(\d+,\s*\d+\)")


class PostgresColumn(NamedTuple):
    """A column to write: its name, PostgreSQL type, and the DuckDB expression that gives it that type."""

    name: str
    type: str
    expression: str


def postgres_columns(rows: "duckdb.DuckDBPyRelation") -> list[PostgresColumn]:
    """How to write the columns of a DuckDB relation.

    Raises:
        StoreError: a column's type has no PostgreSQL counterpart.
    """
    return [_column(name, str(kind)) for name, kind in zip(rows.columns, rows.types, strict=True)]


def _column(name: str, kind: str) -> PostgresColumn:
    quoted = identifier(name)
    target = "VARCHAR" if kind.startswith("ENUM") else CAST.get(kind, kind)
    expression = quoted if target == kind else f"cast({quoted} as {target}) as {quoted}"
    if _DECIMAL.fullmatch(target):
        return PostgresColumn(name, target.replace("DECIMAL", "numeric"), expression)
    if target not in SAME:
        raise StoreError(
            f"column {name} has type {kind}, which has no PostgreSQL counterpart",
            f"cast {name} to one of {', '.join(SAME)} in the SELECT",
        )
    return PostgresColumn(name, SAME[target], expression)


def numerics(schema: Any) -> dict[str, Any]:
    """Column -> polars type for the `numeric` columns of an Arrow schema, which the driver delivers as text.

    A declared numeric(p, s) is Decimal(38, s); one without a scale (a sum, a mean) is Float64.
    """
    import polars as pl

    found: dict[str, Any] = {}
    for field in schema:
        metadata = field.metadata or {}
        if metadata.get(b"POSTGRESQL:type") == b"numeric":
            modifier = int(metadata.get(b"POSTGRESQL:typmod", b"-1"))
            # PostgreSQL packs precision and scale into one number, offset by 4
            found[field.name] = pl.Float64 if modifier < 0 else pl.Decimal(38, (modifier - 4) & 0xFFFF)
    return found
