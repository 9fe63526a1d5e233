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
    from assets.security.access.compile import Seen, named

    found, decision = access.decided(keys, columns)
    if decision.whole:
        return ""
    must_see(decision)
    return Seen(decision, found.columns, dialect, access.key, gaps=True).select(named(*name)).sql(dialect=dialect)
