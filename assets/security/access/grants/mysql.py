"""MySQL and MariaDB: roles, and views that read with their maker's rights. Each statement commits by itself.

They have no comments on views: the mark stands in the view's text.
"""

from assets.catalog.changes.ddl import quoted
from assets.catalog.remote.connection import Session
from assets.security.access.grants.model import PREFIX, Grant, Place, Present, Wanted, mark_of, named

_VIEWS = "select table_schema, table_name, view_definition from information_schema.views"
_TABLES = """
select db, table_name, user from mysql.tables_priv where find_in_set('Select', table_priv)
union select db, table_name, user from mysql.columns_priv where find_in_set('Select', column_priv)
"""


class Mysql:
    """See model.Engine."""

    def place(self, table: Place, person: str) -> Place:
        """Beside the table."""
        return Place(table.schema, named(f"{PREFIX}{table.name}", person))

    def present(self, session: Session, wanted: Wanted) -> Present:
        """Roles and views that are ours, and who may read them and the covered tables by grants on them."""
        roles = {_text(u) for (u,) in session.query("select user from mysql.user") if _text(u).startswith(PREFIX)}
        own = _text(session.query("select database()")[0][0])

        def place(schema: object, name: object) -> Place:
            """A source of one database does not say which."""
            plain = _text(schema) == own and all(not t.schema for t in wanted.tables)
            return Place("" if plain else _text(schema), _text(name))

        databases = {t.schema for t in wanted.tables} | {""}
        views = {}
        for schema, name, definition in session.query(_VIEWS):
            view, at = place(schema, name), _text(definition).find("heddle:")
            if view.schema in databases and view.name.startswith(PREFIX) and at >= 0:
                views[view] = _text(definition)[at : at + len(mark_of(""))]
        ours = wanted.tables | views.keys()
        found = {Grant(_text(u), place(s, n)) for s, n, u in session.query(_TABLES)}
        return Present(frozenset(roles), frozenset(g for g in found if g.place in ours), views)

    def statements(self, missing: Wanted, surplus: Present) -> list[str]:
        """Revokes, views, roles, grants."""

        def q(*names: str) -> str:
            return ".".join(quoted(n, "mysql") for n in names if n)

        made = [f"REVOKE ALL PRIVILEGES ON {q(*g.place)} FROM {q(g.role)}" for g in sorted(surplus.grants)]
        made += [f"DROP VIEW IF EXISTS {q(*v)}" for v in sorted(surplus.views) if v not in missing.views]
        made += [f"CREATE ROLE {q(r)}" for r in sorted(missing.roles)]
        for view, select in sorted(missing.views.items()):
            # the mark is a condition that always holds, outside of the rows that the policy leaves
            body = f"SELECT * FROM ({select}) AS seen WHERE '{mark_of(select)}' <> ''"
            made.append(f"CREATE OR REPLACE SQL SECURITY DEFINER VIEW {q(*view)} AS {body}")
        return made + [f"GRANT SELECT ON {q(*g.place)} TO {q(g.role)}" for g in sorted(missing.grants)]


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes | bytearray) else str(value or "")
