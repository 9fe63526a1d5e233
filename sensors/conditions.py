"""When the heads of groups run by themselves: on a change, never on a state.

A condition on a failure or on something missing would fire at each tick; these fire once per change of an input's
content, and not again before the next change, whether the run succeeded or not.
"""

from typing import Any

import dagster as dg

from assets.kit import asset_key


def follows_inputs() -> dg.AutomationCondition[Any]:
    """Once after the content of an input changed, when no input is missing, being built or failed a blocking check."""
    condition = dg.AutomationCondition
    changed = condition.any_deps_match(condition.data_version_changed())
    handled = condition.newly_requested() | condition.newly_updated()
    ready = (
        ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
        & condition.all_deps_blocking_checks_passed()
    )
    return (changed.since(handled) & ready).with_label("an input's content changed")


# the head of each group that follows its inputs; raw tables and documents follow schedules and files, the model is
# retrained when dataset__changed finds that the data moved far enough
HEADS = (
    "feature/retail/coupon_pace",
    "feature/retail/household_weekly",
    "dataset/retail/coupon_propensity",
    "endpoint/retail/coupon_propensity",
    "index/retail/handbook",
    "report/retail/sales_forecast",
    "report/retail/segments",
)


def apply_conditions(defs: dg.Definitions) -> dg.Definitions:
    """The same definitions with the conditions of HEADS on their assets."""
    heads = {asset_key(key) for key in HEADS}

    def add(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(automation_condition=follows_inputs()) if spec.key in heads else spec

    return defs.map_resolved_asset_specs(func=add)
