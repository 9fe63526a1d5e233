"""The one place where an access policy enters a query: row filters and column masks, before it is limited and run."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assets.catalog.lab.model import Table
from core.settings import Settings

if TYPE_CHECKING:
    from sqlglot import exp

    from assets.catalog.store.versions import Versions

KEY = "heddle_table"  # in the `meta` of each sqlglot table that is one of the catalogue: its key

# query, its tables, who asks, sqlglot's name of the engine -> the query that runs. Each `exp.Table` of the catalogue
# has its key in `meta[KEY]` and its name in full; what a guard does not allow it raises as a HeddleError.
Guard = Callable[["exp.Query", Sequence[Table], str, str], "exp.Query"]


def open_to_all(query: "exp.Query", _tables: Sequence[Table], _person: str, _dialect: str) -> "exp.Query":
    """No policy: whoever sees a table sees all its rows and columns."""
    return query


def guard_of(settings: Settings, versions: "Versions", purpose: str = "", entry: str = "sql") -> Guard:
    """The guard that the settings ask for; the studio and the command line run everything under it.

    Args:
        purpose: what the person asks for, as they say.
        entry: where they ask, for the log.
    """
    from assets.security.access.access import Access

    def guard(query: "exp.Query", tables: Sequence[Table], person: str, dialect: str) -> "exp.Query":
        from sqlglot import exp

        known = {t.key: t for t in tables}
        found = [(node, known[node.meta[KEY]]) for node in query.find_all(exp.Table) if KEY in node.meta]
        return Access(settings, versions, person, purpose, entry=entry).guarded(query, found, dialect)

    return guard


def shown(query: "exp.Expr", dialect: str) -> str:
    """A query's text for people: secrets of a policy's masks are not in it."""
    from sqlglot import exp

    from assets.security.access.compile import secrets

    hidden, made = secrets(query), query
    if hidden:
        made = query.copy()
        for node in list(made.find_all(exp.Literal)):
            if node.name in hidden:
                node.replace(exp.Literal.string("***"))
    return made.sql(dialect=dialect or None, comments=False)
