"""Column lineage of one SELECT over tables that are assets."""

from collections.abc import Mapping

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError, SqlglotError

from assets.catalog.lineage.sql.known import Known
from assets.catalog.lineage.sql.query import QueryTracer
from core.errors import StoreError
from core.schema import ColumnLineage, ColumnSource


def column_lineage(
    sql: str, dialect: str, schemas: Mapping[str, Mapping[str, str]], table_to_asset: Mapping[str, str]
) -> ColumnLineage:
    """Trace each column of one SELECT to the columns whose values flow into it.

    Rows' filters, join conditions and groupings are no sources, so `count(*)` has none.

    Args:
        sql: one query; tables are named schema.table, with or without a database in front.
        dialect: duckdb or postgres.
        schemas: `schema.table` -> column -> type, needed for stars and for unqualified columns of joins.
        table_to_asset: `schema.table` -> asset key as text; columns of other tables are left out.

    Raises:
        StoreError: the SQL cannot be parsed or is no query.
    """
    try:
        traced = QueryTracer(dialect, Known.of(schemas)).trace(_select(sql, dialect))
    except SqlglotError as error:
        where = error.errors[0].get("description") if isinstance(error, ParseError) and error.errors else error
        raise StoreError(f"SQL cannot be read for its lineage: {where}", "correct the query") from None
    found: dict[str, tuple[ColumnSource, ...]] = {}
    for column, leaves in traced.columns:
        sources = [ColumnSource(table_to_asset[t], name) for t, name in sorted(leaves) if t in table_to_asset]
        found[column] = tuple(dict.fromkeys((*found.get(column, ()), *sources)))
    return ColumnLineage(found)


def _select(sql: str, dialect: str) -> exp.Query:
    query = parse_one(sql, dialect=dialect).unnest()
    if not isinstance(query, exp.Query):
        raise StoreError(f"{query.key} statements have no column lineage", "give the SELECT alone")
    return query
