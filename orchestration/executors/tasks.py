"""What bundling needs to know of the steps of a run: place, tags, dependencies."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.executors._compat import ExecutionPlan, ExecutionStep, PlanOrchestrationContext
from orchestration.executors.bundles import Task
from orchestration.executors.options import BUNDLE_TAG, Options

RESERVING_TAGS = ("dagster-k8s/config", "heddle/ray")  # steps that reserve different things never share a worker


@dataclass(frozen=True)
class Placed(Task):
    """A step with its place."""

    place: str = ""


def tasks_of(context: PlanOrchestrationContext, plan: ExecutionPlan, options: Options) -> Mapping[str, Placed]:
    """The steps of a run that can be executed now or later, in topological order."""
    dependencies = plan.get_executable_step_deps()
    found = {}
    for step in plan.get_all_steps_in_topo_order():
        if step.key in dependencies and isinstance(step, ExecutionStep):
            tags = tags_of(context, step)
            place = options.place_of(tags)
            reserved = "|".join(tags.get(tag, "") for tag in RESERVING_TAGS)
            kind = f"{place} {hashlib.sha256(reserved.encode()).hexdigest()[:8]}"
            found[step.key] = Placed(step.key, frozenset(dependencies[step.key]), kind, tags.get(BUNDLE_TAG, ""), place)
    return found


def tags_of(context: PlanOrchestrationContext, step: ExecutionStep) -> dict[str, str]:
    """The tags of a step's assets and, before them, of its op."""
    job = context.job.get_definition()
    tags: dict[str, str] = {}
    for output in step.step_outputs:
        key = output.properties.asset_key
        if key is not None and job.asset_layer.has(key):
            tags |= job.asset_layer.get(key).tags
    return tags | dict(step.tags)
