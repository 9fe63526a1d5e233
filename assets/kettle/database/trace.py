"""Which table columns the columns of a query come from, by position."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import MappingSchema, exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from assets.kettle.database.sql import without_end


@dataclass(frozen=True, slots=True)
class Origin:
    """One result column: the (table, column) pairs whose values flow into it; `plain` when it is one unchanged."""

    name: str
    sources: frozenset[tuple[str, str]] = frozenset()
    plain: bool = False

    @property
    def only(self) -> tuple[str, str] | None:
        """The table column that this column is, if it is just that."""
        return next(iter(self.sources)) if self.plain and len(self.sources) == 1 else None


_NO_SCHEMA = "heddle_none"


def origins(sql: str, dialect: str, columns: Callable[[str], list[str]]) -> list[Origin]:
    """The origins of a query's columns; an empty list where sqlglot cannot read the query.

    Args:
        columns: gives the columns of a table (`schema.table` or `table`, as written); [] when unknown.
    """
    try:
        query = parse_one(without_end(sql), dialect=dialect or None)
        if not isinstance(query, exp.Query):
            return []
        named = {cte.alias for cte in query.find_all(exp.CTE)}
        tables: dict[str, exp.Table] = {}
        for table in query.find_all(exp.Table):
            if table.name and not table.db and table.name not in named:
                table.set("db", exp.to_identifier(_NO_SCHEMA))  # all names of one depth: the schema map needs that
            if table.db:
                tables[table_name(table)] = table
        schema = MappingSchema(dialect=dialect or None)
        for name, table in tables.items():
            known = columns(name)
            if known:
                schema.add_table(table.copy(), {column: "text" for column in known}, match_depth=False)
        qualified = qualify(
            query, dialect=dialect or None, schema=schema, validate_qualify_columns=False, quote_identifiers=False
        )
        scope = build_scope(qualified)
        return _outputs(scope) if scope is not None else []
    except (SqlglotError, RecursionError):
        return []


def tables(sql: str, dialect: str) -> list[str]:
    """The tables that a query reads, sorted; none where sqlglot cannot read it. Names of its own WITH are left out."""
    try:
        query = parse_one(without_end(sql), dialect=dialect or None)
    except (SqlglotError, RecursionError):
        return []
    own = {cte.alias_or_name.lower() for cte in query.find_all(exp.CTE)}
    found = {table_name(t) for t in query.find_all(exp.Table) if t.name}
    return sorted(name for name in found if name.lower() not in own)


def table_name(table: exp.Table) -> str:
    """`schema.table` or `table`, unquoted."""
    return ".".join(part for part in (table.db, table.name) if part and part != _NO_SCHEMA)


def _outputs(scope: Scope) -> list[Origin]:
    if isinstance(scope.expression, exp.SetOperation):
        sides = [_outputs(side) for side in scope.set_operation_scopes]
        return [
            Origin(group[0].name, frozenset().union(*(o.sources for o in group))) for group in zip(*sides, strict=False)
        ]
    if not isinstance(scope.expression, exp.Query):
        return []  # a table function has no columns upstream
    return [_origin(scope, select) for select in scope.expression.selects]


def _origin(scope: Scope, select: exp.Expr) -> Origin:
    inner = select.unalias()
    sources: set[tuple[str, str]] = set()
    plain = isinstance(inner, exp.Column)
    only = [source for _, source in scope.selected_sources.values()]
    for column in inner.find_all(exp.Column):
        # without the tables' columns, a column is left without its table: where there is one table only, it is that
        unnamed = only[0] if not column.table and len(only) == 1 else None
        source = scope.sources.get(column.table, unnamed)
        if isinstance(source, exp.Table):
            sources.add((table_name(source), column.name))
        elif isinstance(source, Scope):
            found = next((o for o in _outputs(source) if o.name.lower() == column.name.lower()), None)
            if found is not None:
                sources |= found.sources
                plain = plain and found.plain
    return Origin(select.alias_or_name, frozenset(sources), plain)
