"""Where the columns of a query come from."""

from collections.abc import Sequence
from typing import NamedTuple

from assets.catalog.lab import known
from assets.catalog.lab.model import QueryError, Table
from assets.catalog.lab.statement import checked
from assets.catalog.store.versions import Versions
from core.settings import Settings


class Origin(NamedTuple):
    """A column of the answer with the columns its values come from: (key of the table, column)."""

    column: str
    values: tuple[tuple[str, str], ...]


class Traced(NamedTuple):
    """Columns of the answer, and what decides which rows there are: (key of the table, column, how)."""

    columns: tuple[Origin, ...]
    rows: tuple[tuple[str, str, str], ...]


def trace(
    sql: str,
    source: str,
    person: str,
    *,
    settings: Settings,
    versions: Versions,
    seen: Sequence[Table] | None = None,
) -> Traced:
    """The lineage of a query that is not run.

    Args:
        seen: the source's tables that the person may see, where they are at hand.

    Raises:
        QueryError: it would not be run either, or nothing can be told of it.
    """
    from assets.catalog.lineage.sql.identifiers import join, split
    from assets.catalog.lineage.sql.script import script_lineage
    from assets.catalog.remote.connection import spoken

    given = known.source_of(settings, source)
    dialect = spoken(settings, given)
    shown = known.tables(settings, versions, given.name, person) if seen is None else seen
    found = checked(sql, dialect, shown)
    schemas = {join((t.schema, t.name) if t.schema else (t.name,)): dict(t.columns) for t in found.tables}
    keys = {(t.schema.lower(), t.name.lower()): t.asset or t.key for t in found.tables}

    def key(table: str) -> str:
        parts = split(table)
        return keys.get((parts[-2].lower() if len(parts) > 1 else "", parts[-1].lower()), table)

    told = script_lineage(found.query.sql(dialect=dialect or None), dialect, schemas)
    if not told.statements:
        raise QueryError(f"nothing can be told of it: {'; '.join(told.problems) or 'no columns'}")
    (one, *_) = told.statements
    columns = tuple(Origin(c, tuple((key(t), n) for t, n in sorted(leaves))) for c, leaves in one.columns.items())
    rows = tuple((key(t), n, how) for (t, n), hows in sorted(one.influences.items()) for how in sorted(hows))
    return Traced(columns, rows)
