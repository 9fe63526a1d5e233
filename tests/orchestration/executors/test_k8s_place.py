"""Bundles as Kubernetes Jobs, against an API double that starts pods as processes."""

import signal
import threading
import time
from collections.abc import Callable

import dagster as dg
import pytest

from tests.fakes import bundle_jobs as jobs
from tests.fakes.k8s.server import Fault, Server
from tests.orchestration.executors.conftest import Bench

JOBS = "/namespaces/steps/jobs"


def test_a_bundle_is_one_job_with_one_pod(bench: Bench, cluster: Server) -> None:
    result = bench.run(jobs.on_k8s)
    assert result.success
    (job,) = cluster.created
    assert len(set(jobs.ran("first") + jobs.ran("second") + jobs.ran("third"))) == 1
    assert bench.value(result.run_id, "third") == [1, 2, 3]
    assert job["metadata"]["labels"]["dagster/run-id"] == result.run_id
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "heddle:test"


def when(done: Callable[[], bool], act: Callable[[], None]) -> None:
    """Do something in the background as soon as a condition holds."""

    def wait() -> None:
        deadline = time.time() + 30
        while not done() and time.time() < deadline:
            time.sleep(0.02)
        act()

    threading.Thread(target=wait, daemon=True).start()


def only_pod(cluster: Server) -> dict:
    (pod,) = cluster.cluster.select("pods", "steps", {}, {})
    return pod


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", JOBS, 500, times=1),
        Fault("POST", JOBS, 429, times=1, headers={"Retry-After": "1"}),
        Fault("POST", JOBS, 504, times=1, after=True),  # it was created all the same: the next try gets 409
        Fault("GET", JOBS, 503, times=4),
    ],
    ids=["500", "429", "504-then-409", "503-while-looking"],
)
def test_passing_faults_of_the_api_are_tried_again(bench: Bench, cluster: Server, fault: Fault) -> None:
    cluster.faults.append(fault)
    assert bench.run(jobs.on_k8s).success
    assert fault.times == 0 and len(cluster.created) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("POST", JOBS, 403, message="jobs.batch is forbidden: cannot create"), ["403", "cannot create"]),
        (Fault("POST", JOBS, 409, message="exceeded quota"), ["409", "exceeded quota"]),
    ],
)
def test_a_job_that_is_refused_fails_its_steps(bench: Bench, cluster: Server, fault: Fault, words: list[str]) -> None:
    cluster.faults.append(fault)
    result = bench.run(jobs.on_k8s)
    assert not result.success
    (failed,) = bench.failures(result.run_id).items()
    assert failed[0] == "first" and all(word in failed[1] for word in ["k8s worker could not be started", *words])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "words"),
    [("pending", ["Unschedulable", "Insufficient memory"]), ("image", ["ImagePullBackOff", "Back-off pulling image"])],
)
def test_a_pod_that_never_starts_fails_its_steps_in_time(
    bench: Bench, cluster: Server, start: str, words: list[str]
) -> None:
    cluster.cluster.conditions.start = start
    result = bench.run(jobs.on_k8s)
    assert not result.success
    (failed,) = bench.failures(result.run_id).items()
    assert failed[0] == "first" and "did not start within 8 s" in failed[1]
    assert any(word in failed[1] for word in words), failed[1]
    assert cluster.cluster.select("jobs", "steps", {}, {}) == []  # it must not start later


def test_out_of_memory(bench: Bench, cluster: Server) -> None:
    cluster.cluster.conditions.oom = True
    bench.order("second.kill")
    result = bench.run(jobs.on_k8s)
    assert not result.success
    (failed,) = bench.failures(result.run_id).items()
    assert failed[0] == "second" and "OOMKilled" in failed[1] and "137" in failed[1]
    again = bench.again(jobs.on_k8s, result.run_id)
    assert again.success and len(jobs.ran("first")) == 1
    assert bench.value(again.run_id, "third") == [1, 2, 3]


@pytest.mark.slow
def test_eviction(bench: Bench, cluster: Server) -> None:
    bench.order("second.hang")
    when(lambda: bool(jobs.ran("second")), lambda: cluster.cluster.evict(only_pod(cluster)))
    result = bench.run(jobs.on_k8s)
    assert not result.success
    (failed,) = bench.failures(result.run_id).items()
    assert failed[0] == "second" and "Evicted" in failed[1] and "ephemeral-storage" in failed[1]


@pytest.mark.slow
def test_a_deleted_job(bench: Bench, cluster: Server) -> None:
    bench.order("second.hang")

    def delete() -> None:
        pod = only_pod(cluster)
        (job,) = cluster.cluster.select("jobs", "steps", {}, {})
        cluster.cluster.put("jobs", job, "DELETED")
        cluster.cluster.kill(pod)

    when(lambda: bool(jobs.ran("second")), delete)
    result = bench.run(jobs.on_k8s)
    assert "somebody deleted it" in bench.failures(result.run_id)["second"]


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_any_more(bench: Bench, cluster: Server) -> None:
    bench.order("second.hang")
    fault = Fault("GET", ".", 503, message="etcd is down")
    when(lambda: bool(jobs.ran("second")), lambda: cluster.faults.append(fault))
    result = bench.run(jobs.on_k8s)
    failed = bench.failures(result.run_id)["second"]
    assert "could not be asked for" in failed and "etcd is down" in failed


@pytest.mark.slow
def test_a_killed_pod_is_made_again_under_a_retry_policy(bench: Bench, cluster: Server) -> None:
    bench.order("stubborn.kill")
    result = bench.run(jobs.retrying_on_k8s)
    assert result.success
    assert len(cluster.created) == 2 and len(jobs.ran("first")) == 1
    assert bench.value(result.run_id, "third") == [1, 9, 3]


@pytest.mark.slow
def test_tags_and_config_reach_the_pod(bench: Bench, cluster: Server) -> None:
    result = bench.run(jobs.reserved)
    assert result.success
    by_step = {job["metadata"]["labels"]["dagster/op"]: job for job in cluster.created}
    assert set(by_step) == {"first", "big", "third"}  # what is reserved differs: three pods
    spec = by_step["big"]["spec"]["template"]["spec"]
    assert spec["containers"][0]["resources"] == {"limits": {"memory": "4Gi"}}
    assert spec["nodeSelector"] == {"disk": "fast"}
    assert by_step["first"]["spec"]["template"]["spec"]["containers"][0]["resources"] == {}


@pytest.mark.slow  # the import of the schemas takes seconds
def test_manifests_are_valid(bench: Bench, cluster: Server) -> None:
    import kubernetes_validate

    assert bench.run(jobs.reserved).success
    for job in cluster.created:
        kubernetes_validate.validate(job, "1.33", strict=True)


@pytest.mark.slow
def test_stopping_the_run_deletes_the_job(bench: Bench, cluster: Server) -> None:
    run = bench.hanging(jobs.on_k8s)
    run.send_signal(signal.SIGTERM)
    run.wait(30)
    assert cluster.cluster.select("jobs", "steps", {}, {}) == []
    (process,) = cluster.cluster.processes.values()
    process.wait(10)
    (record,) = bench.instance.get_runs()
    assert record.status == dg.DagsterRunStatus.FAILURE
