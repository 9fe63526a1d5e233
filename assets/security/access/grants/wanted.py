"""The policy as roles, grants and views: what each person may read of each covered table, now and for no purpose."""

from collections.abc import Iterable

from assets.catalog.lab.model import Table
from assets.security.access.access import Access
from assets.security.access.compile import Seen, named
from assets.security.access.effective import principals
from assets.security.access.grants.model import Engine, Grant, Place, Wanted, role_of
from assets.security.access.model import AccessError


def wanted(access: Access, tables: Iterable[Table], dialect: str, engine: Engine) -> Wanted:
    """What the database shall have.

    Raises:
        AccessError: there is no policy, or two views would have one name.
    """
    if access.policy is None:
        raise AccessError("there is no access policy", "write a rule into HEDDLE_PROTECTION/access (docs/access.md)")
    covered: set[Place] = set()
    grants: set[Grant] = set()
    views: dict[Place, str] = {}
    notes: dict[str, None] = {}
    names = principals(access)["person"]
    for table in tables:
        place = Place(table.schema, table.name)
        found = access.resource((table.asset, table.key), table.columns)
        for name in names:
            person = Access(access.settings, access.versions, name, clock=access.clock)
            decision = person.decide(found)
            if not decision.covered:
                continue
            covered.add(place)
            if decision.whole:
                grants.add(Grant(role_of(name), place))
            elif decision.allowed:
                view = engine.place(place, name)
                if view in views:
                    raise AccessError(f"two views would be called {view.name}", "rename one of the tables")
                fence = dialect != "postgres"  # whose views have security_barrier
                made = Seen(decision, found.columns, dialect, None, fence=fence).select(named(*place))
                views[view] = made.sql(dialect=dialect)
                grants.add(Grant(role_of(name), view))
                notes |= dict.fromkeys(
                    f"{table.path}.{c}: a view would show the key of its hash; it is NULL there"
                    for b in decision.branches
                    for c, m in b.columns.items()
                    if m is not None and m.method == "hash"
                )
    timed = sorted(r.id for r in access.policy.rules if r.when)
    if timed:
        notes[f"rules with times ({', '.join(timed)}) are as they are now; plan again when they change"] = None
    aimed = sorted(r.id for r in access.policy.rules if r.purposes)
    if aimed:
        notes[f"rules with purposes ({', '.join(aimed)}) hold in the platform alone"] = None
    roles = frozenset(g.role for g in grants)
    return Wanted(frozenset(covered), roles, frozenset(grants), views, tuple(notes))
