"""Private Dagster names the executor is built on; tests/orchestration/executors/test_compat.py guards them."""

import fcntl
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._cli import api as step_worker
from dagster._core.definitions.executor_definition import multiple_process_executor_requirements
from dagster._core.definitions.scoped_resources_builder import ScopedResourcesBuilder
from dagster._core.events import EngineEventData
from dagster._core.execution.api import ExecuteRunWithPlanIterable, create_execution_plan
from dagster._core.execution.context.system import PlanExecutionContext, PlanOrchestrationContext
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.execute_plan import inner_plan_execution_iterator
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.plan.outputs import StepOutputHandle
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.step import ExecutionStep
from dagster._core.execution.resources_init import resource_initialization_event_generator
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.init import InitExecutorContext
from dagster._core.executor.step_delegating import StepDelegatingExecutor, StepHandlerContext
from dagster._core.executor.step_delegating.step_handler.base import CheckStepHealthResult, StepHandler
from dagster._core.storage.fs_io_manager import PickledObjectFilesystemIOManager
from dagster._core.storage.mem_io_manager import InMemoryIOManager
from dagster._grpc.types import ExecuteStepArgs
from dagster._utils import EventGenerationManager
from dagster._utils.interrupts import capture_interrupts, check_captured_interrupt
from dagster_shared.error import SerializableErrorInfo

__all__ = [
    "ActiveExecution",
    "CheckStepHealthResult",
    "EngineEventData",
    "ExecuteStepArgs",
    "ExecutionPlan",
    "ExecutionStep",
    "InMemoryIOManager",
    "InitExecutorContext",
    "InstanceConcurrencyContext",
    "PickledObjectFilesystemIOManager",
    "PlanOrchestrationContext",
    "RetryMode",
    "SerializableErrorInfo",
    "StepDelegatingExecutor",
    "StepHandler",
    "StepHandlerContext",
    "StepOutputHandle",
    "capture_interrupts",
    "create_execution_plan",
    "multiple_process_executor_requirements",
    "plan_events",
    "step_worker_events",
    "use_in_step_worker",
]

POOL_PAUSE = 0.25  # seconds between two looks at a full pool; the stock loop does not sleep at all
Wrap = Callable[[Any], Any]
Watch = Callable[[Iterator[dg.DagsterEvent]], Iterator[dg.DagsterEvent]]


class PoolClaims(InstanceConcurrencyContext):
    """Claims of pool slots for the steps of a bundle, which sleep between looks and end when the run is stopped."""

    def claim(self, concurrency_key: str, step_key: str, step_priority: int = 0) -> bool:
        """Claim a slot; one process of a machine at a time, since SQLite gives one slot to two that ask at once."""
        with (Path(self._instance.root_directory) / "pools.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return super().claim(concurrency_key, step_key, step_priority)

    def interval_to_next_pending_claim_check(self) -> float:
        """Seconds to sleep before the next look.

        Raises:
            DagsterExecutionInterruptedError: the worker was told to stop while it waited.
        """
        if check_captured_interrupt():
            raise dg.DagsterExecutionInterruptedError
        return POOL_PAUSE if self.has_pending_claims() else 0.0


class _Wrapped(ScopedResourcesBuilder):
    """Hands out resources whose I/O managers are wrapped."""

    wrap: Wrap

    def build(self, required_resource_keys: Any) -> Any:
        found = super().build(required_resource_keys)
        managers = {k: self.wrap(v) for k, v in found._asdict().items() if isinstance(v, dg.IOManager)}
        return found._replace(**managers) if managers else found


def _wrapping_initialization(wrap: Wrap, **arguments: Any) -> EventGenerationManager[ScopedResourcesBuilder]:
    def generate() -> Iterator[Any]:
        for item in resource_initialization_event_generator(**arguments):
            if isinstance(item, ScopedResourcesBuilder):
                wrapped = _Wrapped(item.resource_instance_dict, item.contains_generator)
                wrapped.wrap = wrap
                yield wrapped
            else:
                yield item

    return EventGenerationManager(generate(), ScopedResourcesBuilder)


def plan_events(
    prepare: Callable[[ExecutionPlan, Any], tuple[Wrap, Watch]],
    execution_plan: ExecutionPlan,
    job: Any,
    dagster_run: dg.DagsterRun,
    instance: dg.DagsterInstance,
    run_config: Mapping[str, object] | None = None,
    retry_mode: RetryMode | None = None,
) -> Iterator[dg.DagsterEvent]:
    """Run a plan in this process as `execute_plan_iterator` does, with wrapped I/O managers and pools claimed here.

    Args:
        prepare: gives, for the plan and its job definition, a wrapper of I/O managers and a watcher of the events.
    """
    if hasattr(job, "with_repository_load_data"):
        job = job.with_repository_load_data(execution_plan.repository_load_data)
    wrap, watch = prepare(execution_plan, job.get_definition())

    def iterate(job_context: PlanExecutionContext, execution_plan: ExecutionPlan) -> Iterator[dg.DagsterEvent]:
        with PoolClaims(instance, dagster_run) as claims:
            yield from watch(inner_plan_execution_iterator(job_context, execution_plan, claims))

    manager = PlanExecutionContextManager(
        job=job,
        retry_mode=retry_mode or RetryMode.DISABLED,
        execution_plan=execution_plan,
        run_config=run_config or {},
        dagster_run=dagster_run,
        instance=instance,
        scoped_resources_builder_cm=partial(_wrapping_initialization, wrap),
    )
    return iter(ExecuteRunWithPlanIterable(execution_plan, iterate, manager))


def use_in_step_worker(prepare: Callable[[ExecutionPlan, Any], tuple[Wrap, Watch]]) -> None:
    """Make `dagster api execute_step` in this process run its plan through `plan_events`."""
    setattr(step_worker, "execute_plan_iterator", partial(plan_events, prepare))  # noqa: B010 - not exported


def step_worker_events(
    args: ExecuteStepArgs, instance: dg.DagsterInstance, run: dg.DagsterRun
) -> Iterator[dg.DagsterEvent]:
    """What `dagster api execute_step` does with its arguments; every event is in the event log when it comes out."""
    yield from step_worker._execute_step_command_body(args, instance, run)
