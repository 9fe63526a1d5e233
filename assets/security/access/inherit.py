"""Tables made from covered ones: without rules of their own they are covered too, along the lineage graph."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from assets.security.access.decide import Branch, Decision, Reason
from core.errors import HeddleError

if TYPE_CHECKING:
    from assets.catalog.lineage.store import LineageStore
    from assets.security.access.model import Policy
    from assets.security.access.resource import Resource

RULE = "lineage"  # the name of what is decided here
Decide = Callable[[str], tuple[Decision, bool]]  # key -> its own decision, whether its outputs inherit it


def inherited(decision: Decision, table: "Resource", graph: "LineageStore", decide: Decide) -> Decision:
    """The decision of a table that no rule names, with what the tables that it is made from add.

    Where a person does not see all rows of one of them, they see nothing of the output: which of its rows come from
    which is not known. Columns made from hidden or masked columns are hidden.
    """
    hidden: set[tuple[str, str]] = set()
    made_from = _above(graph, table)
    if table.view and not made_from:
        reason = Reason(
            RULE, "deny", "it is a view of tables that the lineage graph does not know, and no rule names it"
        )
        return Decision(decision.key, True, reasons=(*decision.reasons, reason), columns=decision.columns)
    for key in made_from:
        above, inherits = decide(key)
        if not inherits or not above.covered or above.whole:
            continue
        if not above.allowed or above.filtered:
            some = "not all rows" if above.allowed else "nothing"
            reason = Reason(RULE, "deny", f"it is made from {key}, of which the policy shows {some}")
            return Decision(decision.key, True, reasons=(*decision.reasons, reason), columns=decision.columns)
        hidden |= {(key, c.lower()) for c in above.hidden}
    if not hidden:
        return decision
    gone = {c: path for c in decision.columns if (path := _from(graph, table, c, hidden))}
    reasons = tuple(Reason(RULE, "deny", f"column {c}, made from {path}") for c, path in gone.items())
    ways = decision.branches if decision.covered else (Branch(RULE, None, dict.fromkeys(decision.columns)),)
    why = {c: f"made from {path}" for c, path in gone.items()}
    kept = tuple(
        replace(b, columns={c: m for c, m in b.columns.items() if c not in gone}, entries={**b.entries, **why})
        for b in ways
    )
    return replace(decision, covered=True, branches=kept, reasons=(*decision.reasons, *reasons))


def _above(graph: "LineageStore", table: "Resource") -> list[str]:
    """The keys of all that it is made from, or that decides its rows."""
    from assets.catalog.lineage.model import Point
    from assets.catalog.lineage.walk import Lineage

    found: dict[str, None] = {}
    for key in table.keys:
        try:
            answer = Lineage(graph).up(Point(key, ""), rows=True)
        except HeddleError:  # nothing is known of where it comes from
            continue
        found |= dict.fromkeys(r.point.key for r in answer.reached if r.point.key not in table.keys)
    return list(found)


def _from(graph: "LineageStore", table: "Resource", column: str, hidden: set[tuple[str, str]]) -> str:
    """`key.column` of a hidden column that a column is made from; "" where there is none."""
    from assets.catalog.lineage.model import Point
    from assets.catalog.lineage.walk import Lineage

    for key in table.keys:
        try:
            answer = Lineage(graph).up(Point(key, column))
        except HeddleError:
            continue
        for r in answer.reached:
            whole = r.point.column in ("", "*") and any(k == r.point.key for k, _ in hidden)
            if whole or (r.point.key, r.point.column.lower()) in hidden:
                return f"{r.point.key}.{r.point.column or '*'}"
    return ""


def inherits(policy: "Policy", table: "Resource") -> bool:
    """Whether tables made from this one are covered by its rules."""
    about = [r for r in policy.rules if table.named(r.tables) and not r.tags]
    return not any(r.outputs == "open" for r in about)


def has_own(policy: "Policy", table: "Resource") -> bool:
    """Whether a rule names the table itself, and not with a pattern of all tables."""
    return any(r.tables and table.named([p for p in r.tables if p.strip("*/")]) for r in policy.rules)
