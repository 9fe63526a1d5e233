"""Bundles as tasks of a real Ray on this machine."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.fakes import bundle_jobs as jobs
from tests.orchestration.executors.conftest import Bench

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def ray(bench: Bench) -> Iterator[None]:
    import ray

    yield
    ray.shutdown()


def test_a_bundle_is_a_task(bench: Bench) -> None:
    result = bench.run(jobs.on_ray)
    assert result.success
    assert os.getpid() not in jobs.ran("first") and len(set(jobs.ran("first") + jobs.ran("third"))) == 1
    assert bench.value(result.run_id, "third") == [1, 2, 3]
    assert bench.written(result.run_id) == {"third"} and bench.journal(result.run_id) == set()


def test_a_killed_worker_and_a_retry_from_the_failed_step(bench: Bench) -> None:
    bench.order("second.kill")
    result = bench.run(jobs.on_ray)
    assert not result.success
    assert "Ray task was killed by signal 9" in bench.failures(result.run_id)["second"]
    again = bench.again(jobs.on_ray, result.run_id)
    assert again.success and len(jobs.ran("first")) == 1
    assert bench.value(again.run_id, "third") == [1, 2, 3]


def test_stopping_the_run_stops_the_task(bench: Bench) -> None:
    run = bench.hanging(jobs.on_ray, 90)
    (pid,) = jobs.ran("second")
    run.send_signal(signal.SIGINT)
    run.wait(60)
    (record,) = bench.instance.get_runs()
    assert record.is_finished
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert bench.journal(record.run_id) == {"first"}
