"""A bundle in the run's own process."""

from collections.abc import Iterator
from functools import partial

import dagster as dg

from orchestration.executors._compat import (
    ExecuteStepArgs,
    PlanOrchestrationContext,
    create_execution_plan,
    plan_events,
)
from orchestration.executors.options import Options
from orchestration.executors.worker import prepare


def bundle_events(
    context: PlanOrchestrationContext, args: ExecuteStepArgs, options: Options
) -> Iterator[dg.DagsterEvent]:
    """Run a bundle; its events are in the event log when they come out.

    Raises:
        DagsterExecutionInterruptedError: the run was stopped during a step.
    """
    job, run = context.job, context.dagster_run
    plan = create_execution_plan(
        job, run_config=run.run_config, step_keys_to_execute=args.step_keys_to_execute, known_state=args.known_state
    )
    wrapping = partial(prepare, run.run_id, options.scratch, options.keep)
    return plan_events(wrapping, plan, job, run, context.instance, run.run_config, args.retry_mode)
