"""Runs of jobs from tests/fakes/bundle_jobs.py in an instance of their own."""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from core.settings import PROJECT
from tests.fakes import bundle_jobs

if TYPE_CHECKING:
    from tests.fakes.k8s.server import Server


@dataclass
class Bench:
    """An instance, and the folder through which jobs are told to misbehave."""

    instance: dg.DagsterInstance
    folder: Path
    run_config: dict[str, object] = field(default_factory=dict)

    def run(self, job: Callable[[], dg.JobDefinition], **options: object) -> dg.JobExecutionResult:
        job_ = dg.reconstructable(job)
        return dg.execute_job(job_, instance=self.instance, run_config=self.run_config, **options)

    @property
    def instance_storage(self) -> Path:
        return Path(self.instance.storage_directory())

    def value(self, run_id: str, step: str) -> object:
        """What the job's I/O manager wrote for a step."""
        path = self.instance_storage / run_id / step / "result"
        return pickle.loads(path.read_bytes())

    def written(self, run_id: str) -> set[str]:
        """The steps whose output the job's I/O manager wrote."""
        return {p.parent.name for p in (self.instance_storage / run_id).glob("*/result")}

    def journal(self, run_id: str) -> set[str]:
        """The steps whose output is in the journal."""
        return {p.parent.name for p in (Path(self.instance.root_directory) / "bundles" / run_id).glob("*/*")}

    def again(self, job: Callable[[], dg.JobDefinition], parent: str) -> dg.JobExecutionResult:
        """Re-execute from failure."""
        chosen = dg.ReexecutionOptions.from_failure(parent, self.instance)
        return self.run(job, reexecution_options=chosen, tags={"dagster/is_resume_retry": "true"})  # as the UI does

    def order(self, name: str) -> None:
        (self.folder / name).touch()

    def hanging(self, job: Callable[[], dg.JobDefinition], seconds: float = 30) -> subprocess.Popen[bytes]:
        """A run of a job in a process of its own, when its second step has begun and goes on for ever."""
        self.order("second.hang")
        (self.folder / "run_config.json").write_text(json.dumps(self.run_config))
        code = (
            "import json, dagster as dg; from tests.fakes import bundle_jobs as jobs;"
            f"job = dg.reconstructable(jobs.{job.__name__});"
            "config = json.loads((jobs.bench() / 'run_config.json').read_text());"
            "dg.execute_job(job, instance=dg.DagsterInstance.get(), run_config=config, raise_on_error=False)"
        )
        run = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
        deadline = time.time() + seconds
        while not bundle_jobs.ran("second") and time.time() < deadline:
            time.sleep(0.05)
        assert bundle_jobs.ran("second"), "the second step did not begin"
        return run

    def events(self, run_id: str) -> list[tuple[str, str | None]]:
        logs = [e.dagster_event for e in self.instance.all_logs(run_id) if e.dagster_event]
        return [(e.event_type_value, e.step_key) for e in logs]

    def failures(self, run_id: str) -> dict[str, str]:
        logs = [e.dagster_event for e in self.instance.all_logs(run_id) if e.dagster_event]
        return {e.step_key: e.step_failure_data.error.to_string() for e in logs if e.is_step_failure}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    folder = tmp_path / "bench"
    folder.mkdir()
    monkeypatch.setenv(bundle_jobs.BENCH, str(folder))
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(f"telemetry: {{enabled: false}}\nstorage: {{sqlite: {{base_dir: {home}}}}}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield Bench(instance, folder)


@pytest.fixture
def cluster(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Server"]:
    """An API double; runs of the bench go there."""
    from tests.fakes.k8s.cluster import Cluster
    from tests.fakes.k8s.server import serve

    folder = tmp_path / "kubelet"
    folder.mkdir()
    image = {"HOME": str(tmp_path), bundle_jobs.BENCH: str(bench.folder), "PYTHONPATH": str(PROJECT)}
    with serve(Cluster(folder, image)) as server:
        kubeconfig = str(server.kubeconfig(tmp_path))
        limits = {"look_seconds": 0.2, "start_seconds": 8.0, "lost_seconds": 2.0, "stop_seconds": 5.0}
        k8s = {"kubeconfig": kubeconfig, "namespace": "steps", "image": "heddle:test"}
        bench.run_config = {"execution": {"config": {"place": "k8s", "poll_seconds": 0.05, "k8s": k8s} | limits}}
        server.cluster.environment["DAGSTER_HOME"] = bench.instance.root_directory
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        yield server
