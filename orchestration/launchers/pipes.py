"""A Pipes client for Kubernetes that gives up on pods that do not start.

Imports dagster-k8s: import this module where the client is used, not beside definitions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster_k8s import PipesK8sClient
from dagster_k8s.client import DagsterK8sError, DagsterKubernetesClient, WaitForPodState


class PatientPipesK8sClient(PipesK8sClient):
    """dagster-k8s's client waits a day for a pod that cannot be scheduled; this one `start_seconds`."""

    def __init__(self, start_seconds: float = 300.0, poll_interval: float = 2.0, **options: Any) -> None:
        super().__init__(poll_interval=poll_interval, **options)
        self.start_seconds = start_seconds

    @contextmanager
    def consume_pod_logs(
        self,
        context: dg.OpExecutionContext | dg.AssetExecutionContext,
        client: DagsterKubernetesClient,
        namespace: str,
        pod_name: str,
        enable_multi_container_logs: bool = False,
        ignore_containers: set[str] | None = None,
    ) -> Iterator[None]:
        """Wait for the pod, then read its messages as the stock client does.

        Raises:
            DagsterK8sError: it did not start in time; the message says what its events say.
        """
        try:
            client.wait_for_pod(
                pod_name,
                namespace,
                wait_for_state=WaitForPodState.Ready,
                pod_launch_timeout=self.start_seconds,
                wait_timeout=self.start_seconds,
                wait_time_between_attempts=self.poll_interval,
                ignore_containers=ignore_containers,
            )
        except DagsterK8sError as error:
            if "Timed out" not in str(error):
                raise
            described = client.get_pod_debug_info(pod_name, namespace)
            raise DagsterK8sError(
                f"Pod {pod_name} did not start within {self.start_seconds:g} s.\n{described}"
            ) from None
        with super().consume_pod_logs(
            context, client, namespace, pod_name, enable_multi_container_logs, ignore_containers
        ):
            yield
