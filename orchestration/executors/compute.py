"""HEDDLE_COMPUTE turned into the executor of the definitions."""

import dagster as dg

from core.compute import Compute, parse
from core.settings import Settings, redact, variables
from orchestration.executors.options import Options

# kind of compute -> the place of the asset tag's values; what is light stays with the run
HEAVY = ("heavy", "gpu")
PRIVATE = {"alerts"}  # settings whose value may be a secret although no password shows in it


def executor(settings: Settings) -> dg.ExecutorDefinition:
    """The executor that jobs have unless they name another: in-process, or bundles where HEDDLE_COMPUTE says."""
    compute = parse(settings.compute)
    if compute.kind == "local":
        return dg.in_process_executor
    from orchestration.executors.bundling import bundling

    return bundling(options(settings, compute))


def options(settings: Settings, compute: Compute) -> Options:
    """The bundling executor's defaults for a cluster."""
    places = dict.fromkeys(HEAVY, compute.kind) | {"light": "process"}
    if compute.kind == "ray":
        return Options("process", places, ray={"address": compute.address} if compute.address else {})
    return Options("process", places, k8s=k8s(settings, compute))


def k8s(settings: Settings, compute: Compute) -> dict[str, object]:
    """The executor config `k8s`: the cluster, and these settings for each pod, without those that hold a password."""
    found: dict[str, object] = {
        "namespace": compute.namespace,
        "image": compute.image,
        "env_vars": environment(settings),
    }
    where: dict[str, object] = {"context": compute.context} if compute.context else {"in_cluster": True}
    return found | where | ({"service_account_name": compute.service_account} if compute.service_account else {})


def environment(settings: Settings) -> list[str]:
    """`NAME=value` of the settings that a pod may be given in the open."""
    return [
        f"{name}={value}"
        for name, value in variables(settings).items()
        if redact(value) == value and name.removeprefix("HEDDLE_").lower() not in PRIVATE
    ]
