"""dagster-k8s's run launcher and its Pipes client, unmodified, against the API double."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._daemon.monitoring.run_monitoring import monitor_started_run, monitor_starting_run

from core.settings import load
from orchestration.instance import instance_config
from tests.fakes import bundle_jobs as jobs
from tests.fakes.k8s.server import Fault, Server
from tests.orchestration.executors.conftest import Bench

LOG = logging.getLogger("test")


@pytest.fixture
def launched(bench: Bench, cluster: Server, tmp_path: Path) -> Callable[[Callable[[], dg.JobDefinition]], str]:
    """Launches a run through the K8sRunLauncher; gives its id."""
    settings = load({"HEDDLE_COMPUTE": "k8s://double/steps?image=heddle:test&runs=k8s"}, Path("nowhere"))
    launcher = instance_config(settings)["run_launcher"]
    launcher["config"] |= {"kubeconfig_file": str(tmp_path / "kubeconfig.yaml"), "env_vars": []}
    launcher["config"]["dagster_home"] = bench.instance.root_directory
    path = Path(bench.instance.root_directory) / "dagster.yaml"
    text = path.read_text()

    def launch(job: Callable[[], dg.JobDefinition], resumes: int = 0) -> str:
        monitored = {"enabled": True, "start_timeout_seconds": 8, "max_resume_run_attempts": resumes}
        path.write_text(text + yaml.safe_dump({"run_launcher": launcher, "run_monitoring": monitored}))
        bench.instance = dg.DagsterInstance.from_config(str(path.parent))
        recon = dg.reconstructable(job)
        run = bench.instance.create_run_for_job(
            recon.get_definition(), run_config=bench.run_config, job_code_origin=recon.get_python_origin()
        )
        bench.instance.launch_run(run.run_id, None)
        return run.run_id

    return launch


def ended(bench: Bench, run_id: str, seconds: float = 30.0) -> dg.DagsterRun:
    """Wait as the daemon does: look at the run, and let run monitoring look at its worker."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        (record,) = bench.instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))
        if record.dagster_run.is_finished:
            return record.dagster_run
        if record.dagster_run.status == dg.DagsterRunStatus.STARTED:
            monitor_started_run(bench.instance, None, record, LOG)
        elif record.dagster_run.status == dg.DagsterRunStatus.STARTING:
            monitor_starting_run(bench.instance, record, LOG)
        time.sleep(0.1)
    pytest.fail(f"the run is still {record.dagster_run.status}")


def told(bench: Bench, run_id: str) -> str:
    return "\n".join(e.message for e in bench.instance.all_logs(run_id))


@pytest.mark.slow
def test_a_run_in_a_pod_starts_its_bundles_in_pods(bench: Bench, cluster: Server, launched: Callable) -> None:
    run_id = launched(jobs.on_k8s)
    assert ended(bench, run_id).status == dg.DagsterRunStatus.SUCCESS, told(bench, run_id)
    components = [job["metadata"]["labels"]["app.kubernetes.io/component"] for job in cluster.created]
    assert components == ["run_worker", "step_worker"]
    assert bench.value(run_id, "third") == [1, 2, 3]


def test_a_run_that_is_refused(bench: Bench, cluster: Server, launched: Callable) -> None:
    cluster.faults.append(Fault("POST", "/jobs", 403, message="jobs.batch is forbidden"))
    with pytest.raises(Exception, match="Unexpected error encountered in Kubernetes API Client"):
        launched(jobs.on_k8s)
    (record,) = bench.instance.get_runs()
    assert record.status == dg.DagsterRunStatus.FAILURE
    assert "jobs.batch is forbidden" in str([e.dagster_event for e in bench.instance.all_logs(record.run_id)])


@pytest.mark.slow
def test_a_run_whose_pod_never_starts(bench: Bench, cluster: Server, launched: Callable) -> None:
    cluster.cluster.conditions.start = "pending"
    run_id = launched(jobs.on_k8s)
    assert ended(bench, run_id).status == dg.DagsterRunStatus.FAILURE
    assert "timed out" in told(bench, run_id).lower() and "Insufficient memory" in told(bench, run_id)


@pytest.mark.parametrize("how", ["evict", "kill"])
@pytest.mark.slow
def test_a_run_whose_pod_dies(bench: Bench, cluster: Server, launched: Callable, how: str) -> None:
    cluster.cluster.conditions.oom = True
    bench.order("second.hang")
    run_id = launched(jobs.chain)
    deadline = time.time() + 30
    while not jobs.ran("second") and time.time() < deadline:
        time.sleep(0.05)
    (pod,) = cluster.cluster.select("pods", "steps", {}, {})
    getattr(cluster.cluster, how)(pod)
    assert ended(bench, run_id).status == dg.DagsterRunStatus.FAILURE
    assert {"evict": "Evicted", "kill": "OOMKilled"}[how] in told(bench, run_id)


@pytest.mark.slow
def test_a_resumed_run_finds_its_bundles_again(bench: Bench, cluster: Server, launched: Callable) -> None:
    bench.order("second.wait")
    run_id = launched(jobs.on_k8s, resumes=1)
    deadline = time.time() + 30
    while not jobs.ran("second") and time.time() < deadline:
        time.sleep(0.05)
    run_pod, _ = cluster.cluster.select("pods", "steps", {}, {})
    cluster.cluster.kill(run_pod)
    resumed = False
    while not resumed and time.time() < deadline:
        (record,) = bench.instance.get_run_records()
        monitor_started_run(bench.instance, None, record, LOG)
        resumed = "Resuming: 1 bundles go on" in told(bench, run_id)
        time.sleep(0.2)
    (bench.folder / "second.wait").unlink()
    assert ended(bench, run_id).status == dg.DagsterRunStatus.SUCCESS, told(bench, run_id)
    assert [len(jobs.ran(step)) for step in ("first", "second", "third")] == [1, 1, 1]


PIPED = """
from dagster_pipes import open_dagster_pipes
with open_dagster_pipes() as pipes:
    pipes.log.info("at work in a pod")
    pipes.report_asset_materialization(metadata={"rows": 3})
    %s
"""


def piped(tmp_path: Path, *, body: str = "", start_seconds: float = 10.0) -> dg.Definitions:
    @dg.asset
    def made(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from orchestration.launchers.pipes import PatientPipesK8sClient

        client = PatientPipesK8sClient(
            start_seconds, 0.1, kubeconfig_file=str(tmp_path / "kubeconfig.yaml"), load_incluster_config=False
        )
        done = client.run(context=context, image="work:1", command=["python", "-c", PIPED % body], namespace="steps")
        return done.get_materialize_result()

    return dg.Definitions([made])


def materialize(bench: Bench, definitions: dg.Definitions) -> tuple[bool, str]:
    job = definitions.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=bench.instance, raise_on_error=False)
    failures = [str(e.step_failure_data.error) for e in result.all_events if e.is_step_failure]
    return result.success, "\n".join(failures)


def test_pipes_when_the_log_is_cut_in_the_middle(bench: Bench, cluster: Server, tmp_path: Path) -> None:
    cluster.cut_logs = 2
    success, failures = materialize(bench, piped(tmp_path))
    assert success, failures
    made = bench.instance.fetch_materializations(dg.AssetKey("made"), limit=10).records
    assert cluster.cut_logs == 0 and len(made) == 1


def test_pipes(bench: Bench, cluster: Server, tmp_path: Path) -> None:
    success, failures = materialize(bench, piped(tmp_path))
    assert success, failures
    event = bench.instance.get_latest_materialization_event(dg.AssetKey("made"))
    assert event is not None and event.asset_materialization is not None
    assert event.asset_materialization.metadata["rows"].value == 3
    (pod,) = cluster.created
    assert pod["spec"]["restartPolicy"] == "Never"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "start", "fault", "words"),
    [
        ("raise ValueError('no more milk')", "", None, ["no more milk"]),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "", None, ["exited with errors"]),
        ("", "pending", None, ["did not start within 2 s", "Insufficient memory"]),
        ("", "image", None, ["ImagePullBackOff"]),
        ("", "", Fault("POST", "/pods", 403, message="pods is forbidden"), ["pods is forbidden"]),
        ("", "", Fault("GET", "/pods.*log", 500, message="kubelet is away"), ["kubelet is away"]),
    ],
    ids=["raises", "killed", "pending", "image", "forbidden", "no-log"],
)
def test_pipes_with_faults(
    bench: Bench, cluster: Server, tmp_path: Path, body: str, start: str, fault: Fault | None, words: list[str]
) -> None:
    cluster.cluster.conditions.start = start
    cluster.faults += [fault] if fault else []
    success, failures = materialize(bench, piped(tmp_path, body=body, start_seconds=2.0))
    assert not success
    assert all(word in failures for word in words), failures
