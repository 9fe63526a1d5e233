"""Column lineage from SQL: which upstream columns each output column is computed from."""

from collections.abc import Mapping
from typing import cast

from sqlglot import MappingSchema, exp, parse_one
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from core.errors import StoreError
from core.schema import ColumnLineage, ColumnSource

Leaves = frozenset[tuple[str, str]]  # (schema.table, column)


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
        query = qualify(
            _select(sql, dialect),
            dialect=dialect,
            schema=_mapping(schemas, dialect),
            validate_qualify_columns=False,
            quote_identifiers=False,
        )
    except SqlglotError as error:
        where = error.errors[0].get("description") if isinstance(error, ParseError) and error.errors else error
        raise StoreError(f"SQL cannot be read for its lineage: {where}", "correct the query") from None
    root = build_scope(query)
    if root is None:
        return ColumnLineage()
    traced = _Tracer().outputs(root)
    return ColumnLineage(
        {
            column: tuple(
                ColumnSource(table_to_asset[table], name) for table, name in sorted(leaves) if table in table_to_asset
            )
            for column, leaves in traced.items()
        }
    )


def _select(sql: str, dialect: str) -> exp.Query:
    query = parse_one(sql, dialect=dialect).unnest()
    if not isinstance(query, exp.Query):
        raise StoreError(f"{query.key} statements have no column lineage", "give the SELECT alone")
    return query


def _mapping(schemas: Mapping[str, Mapping[str, str]], dialect: str) -> MappingSchema:
    nested: dict[str, object] = {}
    for table, columns in schemas.items():
        schema, name = table.split(".", 1)
        cast(dict[str, object], nested.setdefault(schema, {}))[name] = dict(columns)
    return MappingSchema(nested, dialect=dialect)


class _Tracer:
    """Each scope (query, CTE, subquery) is traced once, however often it is referred to."""

    def __init__(self) -> None:
        self.done: dict[int, dict[str, Leaves]] = {}

    def outputs(self, scope: Scope) -> dict[str, Leaves]:
        """Output column -> leaves, in the order of the columns."""
        known = self.done.get(id(scope))
        if known is None:
            self.done[id(scope)] = {}  # what a recursive CTE sees of itself while it is traced
            known = self.done[id(scope)] = self._trace(scope)
        return known

    def _trace(self, scope: Scope) -> dict[str, Leaves]:
        if isinstance(scope.expression, exp.SetOperation):
            branches = [self.outputs(s) for s in scope.set_operation_scopes]
            names = list(branches[0])
            parts = [list(b.values()) for b in branches]
            return {name: frozenset().union(*(p[i] for p in parts if i < len(p))) for i, name in enumerate(names)}
        if isinstance(scope.expression, exp.Lateral) and scope.subquery_scopes:
            return self.outputs(scope.subquery_scopes[0])
        if not isinstance(scope.expression, exp.Query):
            return {}  # a table function such as generate_series has no columns upstream
        return {p.alias_or_name: self._value(p, scope) for p in scope.expression.selects}

    def _value(self, projection: exp.Expr, scope: Scope) -> Leaves:
        inner = {id(s.expression): s for s in scope.subquery_scopes}
        found: set[tuple[str, str]] = set()
        waiting = [projection]
        while waiting:
            node = waiting.pop()
            if id(node) in inner:
                found |= frozenset().union(*self.outputs(inner[id(node)]).values())
            elif isinstance(node, exp.Column):
                found |= self._column(node, scope)
            else:
                waiting += node.iter_expressions()
        return frozenset(found)

    def _column(self, column: exp.Column, scope: Scope) -> Leaves:
        source = scope.sources.get(column.table)
        if isinstance(source, Scope):
            return self.outputs(source).get(column.name, frozenset())
        if isinstance(source, exp.Table) and source.db:
            return frozenset({(f"{source.db}.{source.name}", column.name)})
        return frozenset()
