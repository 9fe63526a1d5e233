"""dagster-k8s's run launcher for HEDDLE_COMPUTE=k8s://…&runs=k8s."""

from typing import Any

from core.compute import Compute, parse
from core.settings import Settings
from orchestration.executors.compute import environment

CONFIG_MAP = "heddle-instance"  # holds dagster.yaml; made by whoever deploys
HOME_IN_POD = "/opt/dagster/dagster_home"


def run_launcher(settings: Settings) -> dict[str, Any]:
    """The `run_launcher` part of dagster.yaml; empty when runs stay on the machine of the daemon."""
    compute = parse(settings.compute)
    if compute.kind != "k8s" or not compute.runs:
        return {}
    return {"run_launcher": {"module": "dagster_k8s", "class": "K8sRunLauncher", "config": config(settings, compute)}}


def config(settings: Settings, compute: Compute) -> dict[str, Any]:
    """The launcher's configuration. Outside of a cluster it takes the kubeconfig's current context."""
    return {
        "service_account_name": compute.service_account or "default",
        "instance_config_map": CONFIG_MAP,
        "dagster_home": HOME_IN_POD,
        "job_image": compute.image,
        "job_namespace": compute.namespace,
        "load_incluster_config": not compute.context,
        "env_vars": environment(settings),
        "fail_pod_on_run_failure": True,
    }
