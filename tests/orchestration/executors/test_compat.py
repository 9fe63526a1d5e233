"""The private Dagster names that the bundling executor is built on; a newer Dagster fails here first."""

import inspect

import dagster as dg
import pytest

from orchestration.executors import _compat


def test_pinned_version() -> None:
    assert dg.__version__ == "1.13.27"
    assert set(_compat.__all__) <= set(vars(_compat))


def test_the_step_worker_looks_its_plan_iterator_up_by_name() -> None:
    source = inspect.getsource(_compat.step_worker._execute_step_command_body)
    assert "yield from execute_plan_iterator(" in source
    assert "single_step_key" in source and "step_keys_to_execute=args.step_keys_to_execute" in source


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (_compat.inner_plan_execution_iterator, {"job_context", "execution_plan", "instance_concurrency_context"}),
        (_compat.PlanExecutionContextManager.__init__, {"scoped_resources_builder_cm", "retry_mode", "dagster_run"}),
        (_compat.ActiveExecution.__init__, {"execution_plan", "retry_mode"}),
        (_compat.StepDelegatingExecutor._pop_events, {"instance", "run_id", "seen_storage_ids"}),
        (_compat.InstanceConcurrencyContext.interval_to_next_pending_claim_check, {"self"}),
        (_compat.resource_initialization_event_generator, {"resource_defs", "instance", "emit_persistent_events"}),
    ],
)
def test_signatures(function: object, names: set[str]) -> None:
    assert names <= set(inspect.signature(function).parameters)


def test_what_active_execution_offers() -> None:
    offered = {
        *("get_steps_to_execute", "get_steps_to_skip", "get_steps_to_abandon", "mark_skipped", "mark_abandoned"),
        *("handle_event", "retry_state", "get_known_state", "is_complete", "mark_interrupted", "check_for_interrupts"),
    }
    assert offered <= set(dir(_compat.ActiveExecution))


def test_a_plan_knows_all_steps_and_the_chosen_ones() -> None:
    @dg.op
    def one() -> int:
        return 1

    @dg.op
    def two(given: int) -> None: ...

    @dg.job
    def both() -> None:
        two(one())

    plan = _compat.create_execution_plan(both, step_keys_to_execute=["one"])
    assert [step.key for step in plan.steps] == ["one", "two"] and list(plan.step_keys_to_execute) == ["one"]
    (handle,) = plan.get_step_by_key("two").step_inputs[0].get_step_output_handle_dependencies()
    assert handle == _compat.StepOutputHandle("one", "result")
