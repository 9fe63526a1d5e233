"""Accepted rules as asset checks: compliance in percent, masked examples of rows that break them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.kit import asset_key
from assets.quality.rules.model import Rule
from core.settings import Settings
from resources.ports import Warehouse

if TYPE_CHECKING:
    from assets.quality.rules.measure import Measured


def checks_of(settings: Settings, table: str, rules: list[Rule]) -> dg.AssetChecksDefinition:
    """One check per rule, on the table as it comes; they are measured together."""
    key = asset_key(table)
    names = {rule.id: check_name(rule) for rule in rules}

    @dg.multi_asset_check(
        name=f"rules_of_{'_'.join(key.path)}",
        specs=[dg.AssetCheckSpec(names[r.id], asset=key, description=r.evidence or f"Rule {r.id}.") for r in rules],
        can_subset=True,
    )
    def check(
        context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterable[dg.AssetCheckResult]:
        from assets.quality.rules.measure import measure
        from assets.quality.rules.reading import from_warehouse, looked_up, size
        from core.scratch import scratch

        chosen = {c.name for c in context.selected_asset_check_keys}
        wanted = [rule for rule in rules if names[rule.id] in chosen]
        with scratch(settings.home, "clean-") as folder:
            source = from_warehouse(warehouse, table, folder)
            tables = looked_up(folder, lambda: warehouse)
            for one in measure(source, wanted, memory=size(settings.memory), tables=tables):
                yield dg.AssetCheckResult(
                    check_name=names[one.rule.id],
                    asset_key=key,
                    passed=one.passed,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata=_metadata(one),
                )

    return check


def check_name(rule: Rule) -> str:
    """The rule's id as Dagster takes names."""
    return "rule_" + "".join(c if c.isalnum() else "_" for c in rule.id)


def _metadata(one: "Measured") -> dict[str, Any]:
    found: dict[str, Any] = {
        "compliance": round(100 * one.compliance, 3),
        "rows": one.rows,
        "failing": one.failing,
        "rule": one.rule.id,
        "action": one.rule.action,
    }
    if one.misfits:
        found["misfits"] = dg.MetadataValue.json(one.misfits)
    if one.examples:
        found["examples"] = dg.MetadataValue.json(one.examples)
    return found
