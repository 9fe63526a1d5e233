"""What a policy decides: which rules speak for a person, and what they make of each row and column of a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from sqlglot import exp

from assets.security.access import conditions
from assets.security.access.model import Mask, Person, Policy, Rule
from assets.security.access.resource import Resource

Shown = Mapping[str, Mask | None]  # visible column -> its mask, None for the value as it is


@dataclass(frozen=True)
class Asker:
    """Who asks, for what and when.

    Attributes:
        teams: team -> members, of teams.yaml.
        moment: with a zone.
        groups: `team:…`, `role:…`, `project:…` that they have besides, for who asks what somebody of these would see.
    """

    person: str
    purpose: str
    moment: datetime
    teams: Mapping[str, frozenset[str]]
    groups: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """How they are called."""
        return " ".join(filter(None, (self.person, *sorted(self.groups))))


@dataclass(frozen=True)
class Reason:
    """What a rule said; `effect` is allow, deny, mask, filter, or off for one that does not hold now."""

    rule: str
    effect: str
    text: str


@dataclass(frozen=True)
class Branch:
    """What one rule allows: the rows of a bound condition (None: all) with these columns.

    Attributes:
        entries: column -> the words that decided on it, of all columns.
    """

    rule: str
    rows: exp.Expr | None
    columns: Shown
    entries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What a person may see of a table.

    Attributes:
        covered: whether the policy says anything of the table; if not, all of it is open.
        branches: what rules allow; a row or cell is seen where one of them shows it. None of them: nothing is.
        taken: bound conditions of rows that deny rules take away.
    """

    key: str
    covered: bool
    branches: tuple[Branch, ...] = ()
    taken: tuple[exp.Expr, ...] = ()
    reasons: tuple[Reason, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether anything may be seen."""
        return not self.covered or any(b.columns for b in self.branches)

    @property
    def whole(self) -> bool:
        """Whether all rows and columns are seen as they are."""
        if not self.covered:
            return True
        full = [b for b in self.branches if b.rows is None]
        raw = {c for b in full for c, mask in b.columns.items() if mask is None}
        return bool(full) and not self.taken and raw >= set(self.columns)

    @property
    def filtered(self) -> bool:
        """Whether some rows may be hidden."""
        return self.covered and (bool(self.taken) or all(b.rows is not None for b in self.branches))

    @property
    def hidden(self) -> dict[str, str]:
        """Column -> `deny` or its mask's method, of those that are not seen as they are in every row."""
        found = {}
        for name in self.columns if self.covered else ():
            said = [b.columns[name] for b in self.branches if name in b.columns]
            raw = any(name in b.columns and b.columns[name] is None and b.rows is None for b in self.branches)
            if not raw:
                found[name] = next((m.method for m in said if m is not None), "deny" if not said else "rows")
        return found

    def ways(self, column: str) -> tuple[list[Branch], Branch | None]:
        """How a column is shown: branches to be tried in their order, and the one that holds where none of them does.

        None and no branches: it is hidden. Of a single rule, the rows that it does not show are not there.
        """
        found = sorted((b for b in self.branches if column in b.columns), key=lambda b: b.columns[column] is not None)
        if found and len(self.branches) == 1:
            return [], found[0]
        sure = next((n for n, b in enumerate(found) if b.rows is None), len(found))
        return found[:sure], found[sure] if sure < len(found) else None


def decide(policy: Policy, asker: Asker, table: Resource) -> Decision:
    """The decision for one table.

    Raises:
        AccessError: a rule's condition does not fit the table.
    """
    about = [r for r in policy.rules if is_about(r, table)]
    columns = tuple(table.columns)
    if not (about or table.guarded or policy.default == "deny"):
        return Decision(table.key, False, columns=columns)
    if not columns:
        return Decision(table.key, True, reasons=(Reason("default", "deny", "the catalogue knows no columns of it"),))
    person = policy.people.get(asker.person, Person())
    reasons: list[Reason] = []
    holding = [r for r in about if _holds(r, asker, person, reasons)]
    denied: dict[str, str] = {}  # column -> rule
    taken: list[exp.Expr] = []
    values = _values(asker, person)
    for rule in holding:
        if rule.effect == "deny" and not _deny(rule, table, values, taken, denied, reasons):
            return Decision(table.key, True, reasons=tuple(reasons), columns=columns)
    branches = [_branch(r, table, values, denied, reasons) for r in holding if r.effect == "allow"]
    made = tuple(b for b in branches if b is not None)
    if not made:
        why = "no rule allows it" if about else "it has tags of personal or secret data, and no rule allows it"
        reasons.append(Reason("default", "deny", why if about or table.guarded else "default: deny"))
    return Decision(table.key, True, made, tuple(taken), tuple(reasons), columns)


def is_about(rule: Rule, table: Resource) -> bool:
    """Whether a rule names a table, by its keys, its tags or both."""
    named = not rule.tables or table.named(rule.tables)
    return named and (not rule.tags or table.tagged(rule.tags))


def _holds(rule: Rule, asker: Asker, person: Person, reasons: list[Reason]) -> bool:
    """Whether a rule speaks for this person, purpose and moment; of those for the person, why not."""
    mine = {asker.person, *(t for t, members in asker.teams.items() if asker.person in members), "*"}
    mine |= {f"role:{r}" for r in person.roles} | {f"project:{p}" for p in person.projects} | asker.groups
    if not mine & set(rule.who):
        return False
    if rule.purposes and asker.purpose not in rule.purposes:
        reasons.append(Reason(rule.id, "off", f"holds for the purposes {', '.join(rule.purposes)} alone"))
        return False
    if rule.when is not None and not rule.when.holds(asker.moment):
        reasons.append(Reason(rule.id, "off", "does not hold at this time"))
        return False
    return True


def _deny(
    rule: Rule,
    table: Resource,
    values: Callable[[str], Any],
    taken: list[exp.Expr],
    denied: dict[str, str],
    reasons: list[Reason],
) -> bool:
    """Notes what a deny rule takes away; False where that is the whole table."""
    condition = rule.condition
    if condition is not None and not (missing := conditions.missing(condition, values)):
        taken.append(conditions.bound(condition, values, {c.lower(): c for c in table.columns}))
        reasons.append(Reason(rule.id, "deny", f"rows where {rule.rows}"))
        return True
    if rule.columns and condition is None:
        gone = {c for c in table.columns if _said(rule, table, c)[0] == "deny"}
        denied |= dict.fromkeys(gone, rule.id)
        reasons.append(Reason(rule.id, "deny", f"columns {', '.join(sorted(gone)) or '-'}"))
        return True
    lacks = f": {rule.rows} needs {', '.join(':' + m for m in missing)}" if condition is not None else ""
    reasons.append(Reason(rule.id, "deny", f"the whole table{lacks}"))
    return False


def _branch(
    rule: Rule, table: Resource, values: Callable[[str], Any], denied: Mapping[str, str], reasons: list[Reason]
) -> Branch | None:
    rows: exp.Expr | None = None
    if rule.condition is not None:
        missing = conditions.missing(rule.condition, values)
        if missing:
            reasons.append(Reason(rule.id, "off", f"{', '.join(':' + m for m in missing)} is not known of the person"))
            return None
        rows = conditions.bound(rule.condition, values, {c.lower(): c for c in table.columns})
        reasons.append(Reason(rule.id, "filter", f"rows where {rule.rows}"))
    shown: dict[str, Mask | None] = {}
    entries: dict[str, str] = {}
    for name in table.columns:
        said, entries[name] = _said(rule, table, name)
        if name in denied:
            said, entries[name] = "deny", f"denied by {denied[name]}"
        if said != "deny":
            shown[name] = said if isinstance(said, Mask) else None
    masked = {c: m.method for c, m in shown.items() if m is not None}
    gone = [c for c in table.columns if c not in shown]
    reasons.append(Reason(rule.id, "allow", f"columns {', '.join(c for c in shown if c not in masked) or '-'}"))
    if masked:
        reasons.append(Reason(rule.id, "mask", ", ".join(f"{c} ({m})" for c, m in masked.items())))
    if gone:
        reasons.append(Reason(rule.id, "deny", f"columns {', '.join(gone)}"))
    return Branch(rule.id, rows, shown, entries)


def _said(rule: Rule, table: Resource, name: str) -> tuple[str | Mask, str]:
    """What a rule says of a column, and which of its entries does: its name first, then tags, then patterns of names.

    A pattern of names does not open a column that a tag guards, so that a new one stays hidden.
    """
    low, given = name.lower(), rule.columns
    exact = next((c for c in given if c.lower() == low), None)
    if exact is not None:
        return given[exact], f"columns.{exact}"
    tags = {t.lower() for t in table.of_column(name)}
    for wanted in (tags, None):
        found = [
            c
            for c in given
            if ":" in c and (c.lower() in tags if wanted is not None else any(fnmatchcase(t, c.lower()) for t in tags))
        ]
        if found:
            strictest = min(found, key=lambda c: _openness(given[c]))
            return given[strictest], f"columns.{strictest}"
    patterns = [c for c in given if ":" not in c and fnmatchcase(low, c.lower())]
    if not patterns:
        if rule.effect == "deny":
            return "allow", "no entry"
        if given:
            return "deny", "no entry"
        return ("deny", "its tag guards it, and no entry names it") if table.secret(name) else ("allow", "all columns")
    chosen = next((c for c in patterns if c != "*"), patterns[0])
    if given[chosen] == "allow" and table.secret(name):
        return "deny", f"its tag guards it against columns.{chosen}"
    return given[chosen], f"columns.{chosen}"


def _openness(said: str | Mask) -> int:
    return {"deny": 0, "allow": 2}.get(said, 1) if isinstance(said, str) else 1


def _values(asker: Asker, person: Person) -> Callable[[str], Any]:
    now = asker.moment

    def value(name: str) -> Any:
        if name.startswith("person."):
            return person.attribute(name.removeprefix("person."))
        known = {"person": asker.person, "purpose": asker.purpose or None, "today": now.date(), "now": now}
        return known[name]

    return value
