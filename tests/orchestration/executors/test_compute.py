"""HEDDLE_COMPUTE, from its text to executors and dagster.yaml."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from core.compute import Compute, parse
from core.errors import SettingsError
from core.settings import Settings, load
from orchestration.build import build_definitions
from orchestration.executors.compute import environment, executor, options
from orchestration.executors.options import Options
from orchestration.instance import instance_config


def settings(compute: str, **others: str) -> Settings:
    return load({"HEDDLE_COMPUTE": compute} | others, Path("nowhere"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("local", Compute("local")),
        ("ray://head:10001", Compute("ray", address="ray://head:10001")),
        ("ray://local", Compute("ray")),
        ("k8s://in-cluster/jobs?image=a/b:1", Compute("k8s", namespace="jobs", image="a/b:1")),
        (
            "k8s://arn%3Aaws/jobs?image=a&service_account=s&runs=k8s",
            Compute("k8s", context="arn:aws", namespace="jobs", image="a", service_account="s", runs=True),
        ),
    ],
)
def test_forms(text: str, found: Compute) -> None:
    assert parse(text) == found


@pytest.mark.parametrize(
    "text", ["", "slurm://x", "k8s://ctx", "k8s://ctx/ns", "k8s://ctx/ns?image=a&size=2", "ray://", "k8s:///ns?image=a"]
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="HEDDLE_COMPUTE"):
        settings(text)


def test_local_leaves_everything_as_it_was() -> None:
    assert executor(settings("local")) is dg.in_process_executor
    assert "run_launcher" not in instance_config(settings("local"))


def test_the_executor_is_not_loaded_where_nobody_asked_for_it() -> None:
    code = (
        "import sys; from core.settings import load; from orchestration.executors.compute import executor;"
        "executor(load({}));print([m for m in sys.modules if m.startswith('orchestration.executors.')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['orchestration.executors.options', 'orchestration.executors.compute']"


def test_heavy_assets_go_to_the_cluster() -> None:
    given = settings("k8s://ctx/jobs?image=a:1")
    chosen = options(given, parse(given.compute))
    assert [chosen.place_of({"place": p}) for p in ("light", "heavy", "gpu")] == ["process", "k8s", "k8s"]
    assert chosen.place_of({"place": "heavy", "heddle/executor": "worker"}) == "worker"
    assert chosen.k8s["context"] == "ctx" and chosen.k8s["image"] == "a:1"
    found = build_definitions(given).executor
    assert isinstance(found, dg.ExecutorDefinition) and found.name == "bundles"


def test_no_password_reaches_a_manifest() -> None:
    given = settings(
        "k8s://ctx/jobs?image=a",
        HEDDLE_INSTANCE="postgresql://me:secret@db/dagster",
        HEDDLE_ALERTS="https://hooks.example/T0/secret",
    )
    named = dict(item.split("=", 1) for item in environment(given))
    assert "HEDDLE_INSTANCE" not in named and "HEDDLE_ALERTS" not in named and "secret" not in str(named)
    assert named["HEDDLE_HOME"] == str(given.home)


def test_runs_as_kubernetes_jobs() -> None:
    given = settings("k8s://in-cluster/jobs?image=a:1&runs=k8s&service_account=runner")
    launcher = instance_config(given)["run_launcher"]
    assert launcher["class"] == "K8sRunLauncher" and launcher["config"]["job_image"] == "a:1"
    assert launcher["config"]["service_account_name"] == "runner" and launcher["config"]["load_incluster_config"]


def test_a_limit_that_would_let_nothing_run_is_refused() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="max_concurrent"):
        Options(max_concurrent=0)
