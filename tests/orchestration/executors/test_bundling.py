"""Bundles in worker processes and in the run's own process."""

import itertools
import os
import signal
import time
from collections.abc import Callable

import dagster as dg
import pytest

from tests.fakes import bundle_jobs as jobs
from tests.orchestration.executors.conftest import Bench


def pids(*steps: str) -> set[int]:
    return {pid for step in steps for pid in jobs.ran(step)}


def test_a_chain_runs_in_one_worker_with_every_steps_events(bench: Bench) -> None:
    result = bench.run(jobs.chain)
    assert result.success
    (pid,) = pids("first", "second", "third")
    assert pid != os.getpid()
    events = bench.events(result.run_id)
    for step in ("first", "second", "third"):
        mine = [t for t, s in events if s == step and t.startswith("STEP_S")]
        assert mine == ["STEP_START", "STEP_SUCCESS"]
        assert ("STEP_OUTPUT", step) in events and ("HANDLED_OUTPUT", step) in events
    assert bench.value(result.run_id, "third") == [1, 2, 3]
    # what only the bundle needs is never written, and its journal is gone
    assert bench.written(result.run_id) == {"third"}
    assert bench.journal(result.run_id) == set()


def test_in_the_runs_own_process(bench: Bench) -> None:
    result = bench.run(jobs.in_process)
    assert result.success
    assert pids("first", "second", "third") == {os.getpid()}
    assert bench.written(result.run_id) == {"third"}


@pytest.mark.slow
def test_values_cross_places_through_the_io_manager(bench: Bench) -> None:
    result = bench.run(jobs.in_places)
    assert result.success
    assert bench.value(result.run_id, "third") == [1, 2, 4, 3]
    assert bench.written(result.run_id) == {"second", "here", "third"}
    assert pids("here") == {os.getpid()}
    assert len(pids("first", "second")) == 1 and pids("third").isdisjoint(pids("first", "here"))


@pytest.mark.slow
@pytest.mark.parametrize("job", [jobs.chain, jobs.chain_in_memory])
def test_reexecution_starts_at_the_failed_step(bench: Bench, job: Callable[[], dg.JobDefinition]) -> None:
    bench.order("second.raise")
    result = bench.run(job)
    assert not result.success
    assert "second was told to fail" in bench.failures(result.run_id)["second"]
    assert bench.journal(result.run_id) == {"first"}
    again = bench.again(job, result.run_id)
    assert again.success
    assert len(jobs.ran("first")) == 1 and len(jobs.ran("second")) == 2
    assert bench.value(again.run_id, "third") == [1, 2, 3]
    assert bench.journal(result.run_id) == set()


def test_a_killed_worker_fails_the_step_it_was_at(bench: Bench) -> None:
    bench.order("second.kill")
    result = bench.run(jobs.chain)
    assert not result.success
    (failed,) = bench.failures(result.run_id).items()
    assert failed[0] == "second" and "was killed by SIGKILL" in failed[1]
    events = bench.events(result.run_id)
    assert ("STEP_SUCCESS", "first") in events and ("STEP_START", "third") not in events
    again = bench.again(jobs.chain, result.run_id)
    assert again.success
    assert len(jobs.ran("first")) == 1 and bench.value(again.run_id, "third") == [1, 2, 3]


def test_a_step_is_tried_again_in_its_worker_with_its_inputs_as_they_were(bench: Bench) -> None:
    bench.order("stubborn.raise")
    result = bench.run(jobs.retrying)
    assert result.success
    assert len(pids("first", "stubborn", "third")) == 1 and len(jobs.ran("stubborn")) == 2
    assert bench.value(result.run_id, "third") == [1, 9, 3]
    kinds = ("STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_SUCCESS")
    assert [t for t, s in bench.events(result.run_id) if s == "stubborn" and t in kinds] == list(kinds)


@pytest.mark.slow
def test_a_step_whose_worker_was_killed_is_tried_again_in_another(bench: Bench) -> None:
    bench.order("stubborn.kill")
    result = bench.run(jobs.retrying)
    assert result.success
    assert len(pids("first", "stubborn")) == 2 and len(jobs.ran("first")) == 1
    assert bench.value(result.run_id, "third") == [1, 9, 3]


@pytest.mark.slow
def test_optional_outputs_skip_what_needs_them_once(bench: Bench) -> None:
    result = bench.run(jobs.branching)
    assert result.success
    events = bench.events(result.run_id)
    assert sorted(s for t, s in events if t == "STEP_SKIPPED" and s) == ["right", "skipped"]
    assert bench.value(result.run_id, "gather") == 1


@pytest.mark.slow
def test_dynamic_outputs(bench: Bench) -> None:
    result = bench.run(jobs.dynamic)
    assert result.success
    assert bench.value(result.run_id, "gather") == 3
    assert len(jobs.ran("take")) == 6


@pytest.mark.slow
def test_hooks_run_in_the_worker_before_the_run_ends(bench: Bench) -> None:
    result = bench.run(jobs.hooked)
    assert result.success
    assert pids("hook-third") == pids("third")
    events = [t for t, _ in bench.events(result.run_id)]
    assert events.count("HOOK_COMPLETED") == 3 and events[-1] == "PIPELINE_SUCCESS"


@pytest.mark.slow
def test_independent_parts_run_in_parallel_bundles_up_to_the_limit(bench: Bench) -> None:
    result = bench.run(jobs.parallel)
    assert result.success
    assert len(pids("first", "third")) == 2  # three chains in two workers
    assert len(jobs.ran("third")) == 3


@pytest.mark.slow
def test_a_selection_of_steps(bench: Bench) -> None:
    result = bench.run(jobs.chain, op_selection=["first", "second"])
    assert result.success
    assert jobs.ran("third") == [] and bench.value(result.run_id, "second") == [1, 2]


def test_pools_are_honoured_across_bundles(bench: Bench) -> None:
    bench.instance.event_log_storage.set_concurrency_slots("scarce", 1)
    result = bench.run(jobs.pools)
    assert result.success
    begun = sorted(float(p.name.removeprefix("pooled-")) for p in bench.folder.glob("pooled-*"))
    assert len(begun) == 3 and min(b - a for a, b in itertools.pairwise(begun)) >= 0.4
    info = bench.instance.event_log_storage.get_concurrency_info("scarce")
    assert info.active_slot_count == 0


@pytest.mark.slow
def test_stopping_a_run_stops_its_workers(bench: Bench) -> None:
    run = bench.hanging(jobs.chain)
    (pid,) = jobs.ran("second")
    (started,) = bench.instance.get_runs()
    bench.instance.report_run_canceling(started)
    run.send_signal(signal.SIGINT)
    run.wait(30)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    (record,) = bench.instance.get_runs()
    assert record.status == dg.DagsterRunStatus.CANCELED
    failed = bench.failures(record.run_id)
    assert "DagsterExecutionInterruptedError" in failed["second"]
    assert bench.journal(record.run_id) == {"first"}
    assert bench.again(jobs.chain, record.run_id).success and len(jobs.ran("first")) == 1


@pytest.mark.slow
def test_a_worker_ends_with_the_run_that_was_killed(bench: Bench) -> None:
    run = bench.hanging(jobs.chain)
    (pid,) = jobs.ran("second")
    run.kill()
    run.wait(30)
    deadline = time.time() + 30
    while time.time() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the worker goes on")


@pytest.mark.slow
def test_a_resource_that_cannot_be_made_fails_the_first_step_with_its_reason(bench: Bench) -> None:
    bench.order("resource.raise")
    result = bench.run(jobs.with_resource)
    assert not result.success
    (failed,) = bench.failures(result.run_id).items()
    assert failed[0] == "needing" and "resource was told to fail" in failed[1]


@pytest.mark.slow
def test_a_step_of_an_earlier_run_that_needs_what_was_only_in_memory_says_so(bench: Bench) -> None:
    result = bench.run(jobs.chain)
    chosen = dg.ReexecutionOptions(result.run_id, ["third"])
    again = bench.run(jobs.chain, reexecution_options=chosen)
    assert not again.success
    assert "was only handed over in memory in run" in bench.failures(again.run_id)["third"]
