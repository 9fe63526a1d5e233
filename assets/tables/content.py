"""What tables hold: columns, row counts and content versions, read from the warehouse in two queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from core.hashing import digest
from core.naming import TableName
from core.schema import Column
from resources.ports import WarehouseReader

# A row's 64-bit hash per engine. Summed over rows it does not depend on their order, and equal rows do not cancel.
ROW_HASH = {"duckdb": "hash(t)", "postgres": "hash_record_extended(t, 0)"}
PARTITION = "week_start"


@dataclass(frozen=True)
class Content:
    """Rows of a table or of one week, and the version of those rows: equal rows give an equal version."""

    rows: int
    version: str


def columns(warehouse: WarehouseReader, schemas: Sequence[str]) -> dict[str, tuple[Column, ...]]:
    """`schema.table` -> its columns in order, for all tables and views of these schemas."""
    marks = ", ".join(f"${i + 1}" for i in range(len(schemas)))
    found = warehouse.query(
        "select table_schema, table_name, column_name, lower(data_type), is_nullable from information_schema.columns"
        f" where table_schema in ({marks}) order by table_schema, table_name, ordinal_position",
        list(schemas),
    )
    tables: dict[str, list[Column]] = {}
    for schema, table, name, kind, nullable in found.iter_rows():
        tables.setdefault(f"{schema}.{table}", []).append(Column(name, kind, nullable=nullable == "YES"))
    return {table: tuple(listed) for table, listed in tables.items()}


def contents(warehouse: WarehouseReader, tables: Sequence[TableName]) -> dict[TableName, Content]:
    """Rows and content version of whole tables."""
    parts = [_hashed(warehouse.dialect, table, str(i), "") for i, table in enumerate(tables)]
    found = warehouse.query(" union all ".join(parts))
    return {tables[int(i)]: _content(rows, total) for i, rows, total in found.iter_rows()}


def weekly_contents(
    warehouse: WarehouseReader, tables: Sequence[TableName], weeks: Sequence[str]
) -> dict[TableName, dict[str, Content]]:
    """Rows and content version of each of these weeks (YYYY-MM-DD); a week without rows has 0 rows."""
    marks = ", ".join(f"${i + 1}" for i in range(len(weeks)))
    where = f" where {PARTITION} in ({marks}) group by {PARTITION}"
    day = f"cast({PARTITION} as varchar)"
    parts = [_hashed(warehouse.dialect, t, f"'{i}/' || {day}", where) for i, t in enumerate(tables)]
    found = warehouse.query(" union all ".join(parts), [date.fromisoformat(week) for week in weeks])
    empty = _content(0, "0")
    result = {table: dict.fromkeys(weeks, empty) for table in tables}
    for label, rows, total in found.iter_rows():
        index, _, week = str(label).partition("/")
        result[tables[int(index)]][week] = _content(rows, total)
    return result


def row_counts(warehouse: WarehouseReader, tables: Sequence[TableName]) -> dict[TableName, int]:
    """Rows of whole tables."""
    parts = [f"select {i} as i, count(*) as rows from {_quoted(warehouse, t)}" for i, t in enumerate(tables)]
    return {tables[i]: int(rows) for i, rows in warehouse.query(" union all ".join(parts)).iter_rows()}


def types(found: Mapping[str, Sequence[Column]]) -> dict[str, dict[str, str]]:
    """The same as `schema.table` -> column -> type."""
    return {table: {c.name: c.type for c in listed} for table, listed in found.items()}


def _hashed(dialect: str, table: TableName, label: str, rest: str) -> str:
    name = exp.table_(table.name, table.schema, quoted=True).sql(dialect)
    total = f"cast(coalesce(sum(cast({ROW_HASH[dialect]} as numeric(38, 0))), 0) as varchar)"
    return f"select cast({label} as varchar) as label, count(*) as rows, {total} as total from {name} as t{rest}"


def _quoted(warehouse: WarehouseReader, table: TableName) -> str:
    return exp.table_(table.name, table.schema, quoted=True).sql(warehouse.dialect)


def _content(rows: int, total: str) -> Content:
    return Content(int(rows), digest([str(rows), str(total)]))
