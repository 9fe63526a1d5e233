"""What somebody sees of a table, column by column, and which line of the policy says so: for people who ask why.

`heddle access explain`, `heddle access list` and the access page of the studio show what this works out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.security.access.access import Access
from assets.security.access.decide import Decision, Reason
from assets.security.access.documents import TEXT
from assets.security.access.model import Policy
from core.errors import HeddleError
from core.near import nearest

if TYPE_CHECKING:
    from sqlglot import exp

    from assets.catalog.store.versions import Versions

Keys = tuple[str, ...]  # of one table: of the asset where there is one, of the scanned table
SHOWN, SOME, MASKED, HIDDEN = "shown", "some rows", "masked", "hidden"
GROUPS = ("role", "project", "team")


@dataclass(frozen=True)
class Column:
    """How a column is seen.

    Attributes:
        seen: shown as it is in the rows that are seen; masked; hidden; some rows: as it is in some of them.
        masks: the methods of its masks.
        by: what said so: `rule: entry` of each rule that holds.
    """

    name: str
    seen: str
    masks: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True)
class Effective:
    """A table as somebody sees it.

    Attributes:
        key: of the asset; of the scanned table where there is none.
        sees: everything, nothing, all rows, some rows.
        rows: the conditions of rows, in SQL; "" for all rows. One of them is enough.
        taken: conditions of rows that nobody sees.
        files: rule -> file and line.
    """

    key: str
    covered: bool
    sees: str
    rows: tuple[str, ...]
    taken: tuple[str, ...]
    columns: tuple[Column, ...]
    reasons: tuple[Reason, ...]
    files: dict[str, str]

    @property
    def hidden(self) -> list[Column]:
        """The columns that are not seen as they are."""
        return [c for c in self.columns if c.seen != SHOWN] if self.covered else []

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "table": self.key,
            "sees": self.sees,
            "rows": list(self.rows),
            "taken": list(self.taken),
            "hidden": {c.name: ", ".join(c.masks) or c.seen for c in self.hidden},
            "columns": [{**vars(c), "masks": list(c.masks), "by": list(c.by)} for c in self.columns],
            "rules": [{**vars(r), "file": self.files.get(r.rule, "")} for r in self.reasons],
        }


def tables(versions: "Versions") -> list[Keys]:
    """The keys of each asset with columns and each scanned table, once, sorted."""
    from assets.catalog.changes.entry import TABLE
    from assets.catalog.facts import KIND
    from assets.catalog.searchable import assets_of_tables

    of_tables = assets_of_tables(versions)
    scanned: list[Keys] = [tuple(filter(None, (of_tables.get(v.key, ""), v.key))) for v in versions.latest(TABLE)]
    known = {keys[0] for keys in scanned}
    assets: list[Keys] = [
        (v.key,) for v in versions.latest(KIND) if (v.document or {}).get("columns") and v.key not in known
    ]
    return sorted([*assets, *scanned], key=lambda keys: keys[-1])


def found(versions: "Versions", key: str) -> Keys:
    """The keys of the table that one of its keys names, or of a document.

    Raises:
        HeddleError: the catalogue has no such table; names near ones.
    """
    from assets.catalog.facts import KIND

    every = tables(versions)
    for keys in every:
        if key in keys:
            return keys
    of_document = "/".join(key.split("/")[:3]) if key.startswith("doc/") else key
    if versions.get(KIND, of_document) is not None:
        return (key,)
    near = nearest(key, (k for keys in every for k in keys))
    fix = f"perhaps you mean {', '.join(near)}" if near else "`heddle access list --all` names all of them"
    raise HeddleError(f"the catalogue has no table {key}", fix)


def group(text: str) -> str:
    """A group as rules name it. Raises HeddleError when it is none."""
    kind, _, name = text.strip().partition(":")
    if kind not in GROUPS or not name:
        raise HeddleError(f"{text!r} is no group", f"write one of {', '.join(f'{g}:NAME' for g in GROUPS)}")
    return text.strip()


def effective(access: Access, keys: Keys) -> Effective:
    """What the person of an access sees of a table.

    Raises:
        AccessError: the policy cannot be read, or a condition does not fit the table.
    """
    from assets.catalog.facts import KIND

    document = keys[-1].startswith("doc/")
    table = access.resource(keys, [(TEXT, TEXT)] if document else None)
    decision = access.decide(table)
    rules = access.policy.rules if access.policy is not None else ()
    return Effective(
        keys[0] if access.versions.get(KIND, keys[0]) is not None else keys[-1],
        decision.covered,
        _sees(decision),
        tuple(_sql(b.rows) for b in decision.branches if b.rows is not None) if decision.filtered else (),
        tuple(map(_sql, decision.taken)),
        tuple(_column(decision, name) for name in decision.columns),
        decision.reasons,
        {rule.id: rule.place for rule in rules},
    )


def every(access: Access) -> Iterator[Effective]:
    """All tables of the catalogue."""
    return (effective(access, keys) for keys in tables(access.versions))


def principals(access: Access) -> dict[str, list[str]]:
    """Who may be asked about: the persons, teams, roles and projects that are known, and the purposes of rules."""
    from assets.catalog.people import teams

    policy = access.policy or Policy()
    said = {w for rule in policy.rules for w in rule.who}
    members = teams(access.settings.catalog_files)
    kept = {
        "person": {w for w in said if ":" not in w and w != "*"}
        | policy.people.keys()
        | set().union(*members.values()),
        "role": {role for person in policy.people.values() for role in person.roles},
        "project": {project for person in policy.people.values() for project in person.projects},
        "team": {team.removeprefix("team:") for team in members},
        "purpose": {purpose for rule in policy.rules for purpose in rule.purposes},
    }
    for kind in GROUPS:
        kept[kind] |= {w.partition(":")[2] for w in said if w.startswith(f"{kind}:")}
    return {kind: sorted(names) for kind, names in kept.items()}


def _sees(decision: Decision) -> str:
    if decision.whole:
        return "everything"
    if not decision.allowed:
        return "nothing"
    return "some rows" if decision.filtered else "all rows"


def _column(decision: Decision, name: str) -> Column:
    if not decision.covered:
        return Column(name, SHOWN, (), ())
    by = tuple(f"{b.rule}: {b.entries[name]}" for b in decision.branches if b.entries.get(name))
    tried, last = decision.ways(name)
    ways = [b.columns[name] for b in (*tried, *([last] if last else []))]
    masks = tuple(dict.fromkeys(m.method for m in ways if m is not None))
    if not ways:
        return Column(name, HIDDEN, (), by)
    if not masks and (last is not None or all(name in b.columns for b in decision.branches)):
        return Column(name, SHOWN, (), by)
    return Column(name, MASKED if None not in ways else SOME, masks, by)


def _sql(condition: "exp.Expr") -> str:
    return condition.sql(dialect="postgres")
