"""PostgreSQL: NOLOGIN roles, views with security_barrier in a schema of their own, all in one transaction."""

from assets.catalog.changes.ddl import quoted
from assets.catalog.remote.connection import Session
from assets.security.access.grants.model import PREFIX, PUBLIC, SCHEMA, Grant, Place, Present, Wanted, mark_of, named

# of tables and of single columns; the owner needs none
_GRANTS = """
select n.nspname, c.relname, coalesce(r.rolname, 'PUBLIC')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select a.grantee, a.privilege_type from aclexplode(c.relacl) a
    union select a.grantee, a.privilege_type from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = c.oid
) a
left join pg_roles r on r.oid = a.grantee
where a.privilege_type = 'SELECT' and a.grantee <> c.relowner and c.relkind in ('r', 'p', 'v', 'm', 'f')
"""
_VIEWS = """
select n.nspname, c.relname, coalesce(obj_description(c.oid, 'pg_class'), '')
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'v'
"""


class Postgres:
    """See model.Engine."""

    def place(self, table: Place, person: str) -> Place:
        """In the schema of our views."""
        return Place(SCHEMA, named(table.schema if table.schema != "public" else "", table.name, person))

    def present(self, session: Session, wanted: Wanted) -> Present:
        """Roles and views that are ours, and who may read them and the covered tables."""
        roles = {r for (r,) in session.query("select rolname from pg_roles") if r.startswith(PREFIX)}
        views = {Place(s, n): mark for s, n, mark in session.query(_VIEWS) if s == SCHEMA}
        ours = wanted.tables | views.keys()
        found = {Grant(r, Place(s, n)) for s, n, r in session.query(_GRANTS) if Place(s, n) in ours}
        return Present(frozenset(roles), frozenset(found), views)

    def statements(self, missing: Wanted, surplus: Present) -> list[str]:
        """Revokes, views, roles, grants."""

        def q(*names: str) -> str:
            return ".".join(quoted(n, "postgres") for n in names if n)

        def who(role: str) -> str:
            return PUBLIC if role == PUBLIC else q(role)

        made = [f"REVOKE ALL ON {q(*g.place)} FROM {who(g.role)}" for g in sorted(surplus.grants)]
        made += [f"DROP VIEW IF EXISTS {q(*v)}" for v in sorted({*surplus.views, *missing.views})]
        made += [f"CREATE ROLE {q(r)} NOLOGIN" for r in sorted(missing.roles)]
        if missing.views:
            made.append(f"CREATE SCHEMA IF NOT EXISTS {q(SCHEMA)}")
        for view, select in sorted(missing.views.items()):
            made.append(f"CREATE VIEW {q(*view)} WITH (security_barrier = true) AS {select}")
            made.append(f"COMMENT ON VIEW {q(*view)} IS '{mark_of(select)}'")
        grants = sorted(missing.grants)
        usage = dict.fromkeys((g.place.schema, g.role) for g in grants)
        made += [f"GRANT USAGE ON SCHEMA {q(schema)} TO {q(role)}" for schema, role in usage]
        return made + [f"GRANT SELECT ON {q(*g.place)} TO {q(g.role)}" for g in grants]
