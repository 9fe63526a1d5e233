"""The bundling executor: steps grouped by place, one worker per group, every step's own events kept."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import dagster as dg

from orchestration.executors._compat import (
    ActiveExecution,
    CheckStepHealthResult,
    ExecutionPlan,
    InitExecutorContext,
    PlanOrchestrationContext,
    RetryMode,
    StepDelegatingExecutor,
    StepHandler,
    StepHandlerContext,
    multiple_process_executor_requirements,
)
from orchestration.executors.journal import Journal
from orchestration.executors.options import Options, config_schema
from orchestration.executors.place import Bundle, BundleContext, Place

# place -> module:class, imported when a bundle goes there
PLACES = {
    "worker": "orchestration.executors.place_worker:WorkerPlace",
    "k8s": "orchestration.executors.place_k8s:K8sPlace",
    "ray": "orchestration.executors.place_ray:RayPlace",
}

RESUMED = "dagster/is_resume_retry"  # run tag of a re-execution from failure


class Places(StepHandler):
    """The step handler of every bundle: passes each to its place, which is made on first use."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.made: dict[str, Place] = {}

    @property
    def name(self) -> str:
        """For messages."""
        return "bundles"

    def of(self, bundle: Bundle) -> Place:
        """Where the bundle runs."""
        if bundle.place not in self.made:
            module, kind = PLACES[bundle.place].split(":")
            self.made[bundle.place] = getattr(import_module(module), kind)(self.options)
        return self.made[bundle.place]

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Start the bundle's worker."""
        return self.of(cast(BundleContext, step_handler_context).bundle).launch_step(step_handler_context)

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """How the bundle's worker is."""
        return self.of(cast(BundleContext, step_handler_context).bundle).check_step_health(step_handler_context)

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Stop the bundle's worker."""
        return self.of(cast(BundleContext, step_handler_context).bundle).terminate_step(step_handler_context)


class BundlingExecutor(StepDelegatingExecutor):
    """Dagster's step-delegating executor with its loop replaced: it delegates bundles instead of steps."""

    def __init__(self, options: Options, retries: RetryMode) -> None:
        self.options = options
        self.places = Places(options)
        super().__init__(self.places, retries=retries, sleep_seconds=options.poll_seconds)

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        """Run the plan."""
        from orchestration.executors.orchestrate import Orchestration

        journal = Journal(self.options.scratch)
        journal.drop_old()
        with ActiveExecution(execution_plan, retry_mode=self.retries) as active:
            run = Orchestration(self, self.places, plan_context, execution_plan, active)
            yield from run.events()
        if not run.failed:
            journal.drop_run(plan_context.run_id)
            if plan_context.dagster_run.tags.get(RESUMED) == "true":
                journal.drop_run(plan_context.dagster_run.parent_run_id or "")
                journal.drop_run(plan_context.dagster_run.root_run_id or "")


def bundling(defaults: Options) -> dg.ExecutorDefinition:
    """The executor with defaults of one's own; run config may override each."""
    return dg.ExecutorDefinition(
        name="bundles",
        config_schema=config_schema(defaults),
        requirements=multiple_process_executor_requirements(),
        executor_creation_fn=_create,
        description="Groups steps by place and runs each group in one worker (docs/executors.md).",
    )


def _create(init_context: InitExecutorContext) -> BundlingExecutor:
    config: dict[str, Any] = dict(init_context.executor_config)
    retries = RetryMode.ENABLED if config.pop("retries") else RetryMode.DISABLED
    options = Options(**config)
    if not options.scratch:
        folder = Path(init_context.instance.root_directory) / "bundles"
        options = replace(options, scratch=str(folder))
    return BundlingExecutor(options, retries)


bundling_executor = bundling(Options())
