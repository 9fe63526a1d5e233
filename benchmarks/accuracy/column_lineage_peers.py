"""Column lineage as sqlglot's own tracer and sqllineage tell it."""

from collections.abc import Iterator
from typing import Any


def sqlglot_edges(case: Any) -> Iterator[tuple[str, str, str, str]]:
    """`sqlglot.lineage` of each column of each query, written to the target of its statement."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.lineage import lineage

    schema: dict[str, Any] = {}
    for table, columns in case.schemas.items():
        nested = schema
        for part in table.split("."):
            nested = nested.setdefault(part, {})
        nested |= columns
    for statement in sqlglot.parse(case.sql, dialect=case.dialect or None):
        query = statement if isinstance(statement, exp.Query) else statement and statement.args.get("expression")
        if statement is None or not isinstance(query, exp.Query):
            continue
        table = None if query is statement else statement.this.find(exp.Table)
        target = ".".join(p.name for p in table.parts) if table is not None else ""
        nodes: Any = lineage(None, query, schema=schema, dialect=case.dialect or None)
        for column, root in nodes.items():
            for node in root.walk():
                if not node.downstream and isinstance(node.expression, exp.Table):
                    source = ".".join(p.name for p in node.expression.parts)
                    yield source, node.name.split(".")[-1].strip('"'), target, column


def sqllineage_edges(case: Any) -> Iterator[tuple[str, str, str, str]]:
    """sqllineage's paths, from first to last."""
    from sqllineage.core.metadata.dummy import DummyMetaDataProvider
    from sqllineage.runner import LineageRunner

    provider = DummyMetaDataProvider({t: list(c) for t, c in case.schemas.items() if t.count(".") == 1})
    runner = LineageRunner(case.sql, dialect=case.dialect or "ansi", metadata_provider=provider)
    for path in runner.get_column_lineage():
        first, last = path[0], path[-1]
        source = str(first.parent).removeprefix("<default>.") if first.parent else ""
        yield source, first.raw_name, str(last.parent).removeprefix("<default>."), last.raw_name
