"""A whole table as a person may see it, with every column: those that are hidden are NULL."""

from collections.abc import Sequence

from assets.security.access.access import Access, must_see


def selected(
    access: Access, keys: Sequence[str], name: tuple[str, str], columns: Sequence[tuple[str, str]], dialect: str
) -> str:
    """The SELECT, "" where all is seen as it is.

    Args:
        keys: of the table: of the asset, of the scanned table.
        name: schema ("" for none) and table.
        columns: (name, type) of all columns.

    Raises:
        AccessError: nothing of it may be seen.
    """
    from sqlglot import exp

    from assets.security.access.compile import select

    found, decision = access.decided(keys, columns)
    if decision.whole:
        return ""
    must_see(decision)
    schema, table = name
    source = exp.Table(
        this=exp.to_identifier(table, quoted=True), db=exp.to_identifier(schema, quoted=True) if schema else None
    )
    return select(source, decision, found.columns, dialect, access.key, gaps=True).sql(dialect=dialect)
