"""The API double speaks to the unmodified client as a cluster would: watches, versions, logs, authorization."""

import os
import time

import kubernetes
import pytest
from kubernetes.client import ApiException

from tests.fakes.k8s.server import Server
from tests.orchestration.executors.conftest import Bench


def pod(name: str, *command: str) -> dict[str, object]:
    container = {"name": "main", "image": "work:1", "command": list(command)}
    return {"metadata": {"name": name}, "spec": {"restartPolicy": "Never", "containers": [container]}}


@pytest.fixture
def core(cluster: Server) -> kubernetes.client.CoreV1Api:
    kubernetes.config.load_kube_config(os.environ["KUBECONFIG"])
    return kubernetes.client.CoreV1Api()


def test_a_watch_sees_a_pod_live_and_ends_in_time(core: kubernetes.client.CoreV1Api) -> None:
    since = core.list_namespaced_pod("steps").metadata.resource_version
    core.create_namespaced_pod("steps", pod("one", "echo", "hello"))
    begun = time.monotonic()
    stream = kubernetes.watch.Watch().stream(
        core.list_namespaced_pod, "steps", resource_version=since, timeout_seconds=2
    )
    seen = [(event["type"], event["object"].status.phase) for event in stream]
    assert [s for n, s in enumerate(seen) if s not in seen[:n]] == [
        *(("ADDED", "Pending"), ("MODIFIED", "Running"), ("MODIFIED", "Succeeded"))
    ]
    assert 1.5 < time.monotonic() - begun < 10
    assert core.read_namespaced_pod_log("one", "steps") == "hello\n"


def test_a_watch_from_a_forgotten_version_is_told_so(core: kubernetes.client.CoreV1Api, cluster: Server) -> None:
    since = core.list_namespaced_pod("steps").metadata.resource_version
    cluster.cluster.forget_changes()
    with pytest.raises(ApiException, match="410"):
        list(
            kubernetes.watch.Watch().stream(
                core.list_namespaced_pod, "steps", resource_version=since, timeout_seconds=2
            )
        )


def test_refusals(core: kubernetes.client.CoreV1Api, bench: Bench) -> None:
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_pod("none", "steps")
    assert missing.value.status == 404
    core.create_namespaced_pod("steps", pod("two", "true"))
    with pytest.raises(ApiException) as again:
        core.create_namespaced_pod("steps", pod("two", "true"))
    assert again.value.status == 409
    core.api_client.configuration.refresh_api_key_hook = None
    core.api_client.configuration.api_key = {"authorization": "Bearer nobody"}
    with pytest.raises(ApiException) as refused:
        core.list_namespaced_pod("steps")
    assert refused.value.status == 401
