"""Names and text made safe for SQL; DuckDB and PostgreSQL quote both the same way."""

from core.naming import TableName


def identifier(name: str) -> str:
    """A quoted column, table or schema name."""
    from sqlglot import exp

    return exp.to_identifier(name, quoted=True).sql("postgres")


def qualified(table: TableName) -> str:
    """A quoted schema.table."""
    return f"{identifier(table.schema)}.{identifier(table.name)}"


def literal(text: str) -> str:
    """A text literal, where a parameter cannot be bound (views, file lists)."""
    from sqlglot import exp

    return exp.Literal.string(text).sql("duckdb")
