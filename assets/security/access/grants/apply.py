"""Plans and applies grants in a source's database."""

import os

from assets.catalog.lab import known
from assets.catalog.remote.connection import Remote, Session
from assets.catalog.scan.references import address
from assets.security.access.access import Access
from assets.security.access.grants.model import PREFIX, PUBLIC, Engine, Plan, Present, Wanted, mark_of
from assets.security.access.grants.mysql import Mysql
from assets.security.access.grants.postgres import Postgres
from assets.security.access.grants.wanted import wanted
from assets.security.access.model import AccessError

ENGINES: dict[str, type[Postgres] | type[Mysql]] = {"postgres": Postgres, "mysql": Mysql}


def plan(access: Access, source: str, *, strict: bool = False, apply: bool = False) -> Plan:
    """What brings a database's grants to what the policy says; run where `apply` is set.

    PostgreSQL runs all of it in one transaction. MySQL and MariaDB commit each statement: what closes runs first, so
    that a failure in between leaves too little and not too much; planning again goes on from there.

    Args:
        source: `warehouse`, or a database of sources.yaml.
        strict: grants of other roles on covered tables are revoked too.

    Raises:
        AccessError: there is no policy, or the engine has no roles.
        SourceError: the database refuses.
    """
    given = known.source_of(access.settings, source)
    with Remote(given.name, address(given.url, given.name, access.settings, os.environ)) as remote:
        if remote.dialect not in ENGINES:
            raise AccessError(
                f"source {source} is {remote.dialect}, which has no roles", "grants are for PostgreSQL, MySQL, MariaDB"
            )
        engine: Engine = ENGINES[remote.dialect]()
        tables = [t for t in known.tables(access.settings, access.versions, given.name, "", ()) if t.key]
        want = wanted(access, tables, remote.dialect, engine)
        with remote.transaction() as session:
            made = compared(engine, session, want, strict=strict)
            for statement in made.statements if apply else ():
                session.execute(session.text(statement))
    return made


def compared(engine: Engine, session: Session, want: Wanted, *, strict: bool) -> Plan:
    """The statements between what is there and what shall be."""
    now = engine.present(session, want)
    stale = {v for v, mark in now.views.items() if v in want.views and mark != mark_of(want.views[v])}
    views = {v: s for v, s in want.views.items() if v not in now.views or v in stale}
    gone = {v: m for v, m in now.views.items() if v not in want.views}
    ours = {g for g in now.grants if g.role.startswith(PREFIX) or g.role == PUBLIC}
    foreign = now.grants - ours
    surplus = {g for g in (now.grants if strict else ours) if g not in want.grants and g.place not in gone}
    # a view that is made anew has lost its grants
    missing = {g for g in want.grants if g not in now.grants or g.place in stale}
    statements = engine.statements(
        Wanted(want.tables, want.roles - now.roles, frozenset(missing), views),
        Present(now.roles, frozenset(surplus), gone),
    )
    return Plan(tuple(statements), () if strict else tuple(sorted(foreign)), want.notes)
