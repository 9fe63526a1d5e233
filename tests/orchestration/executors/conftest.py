"""Runs of jobs from tests/fakes/bundle_jobs.py in an instance of their own."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from tests.fakes import bundle_jobs


@dataclass
class Bench:
    """An instance, and the folder through which jobs are told to misbehave."""

    instance: dg.DagsterInstance
    folder: Path

    def run(self, job: Callable[[], dg.JobDefinition], **options: object) -> dg.JobExecutionResult:
        return dg.execute_job(dg.reconstructable(job), instance=self.instance, **options)

    def value(self, run_id: str, step: str) -> object:
        """What the job's I/O manager wrote for a step."""
        path = Path(self.instance.storage_directory()) / run_id / step / "result"
        return pickle.loads(path.read_bytes())

    def written(self, run_id: str) -> set[str]:
        """The steps whose output the job's I/O manager wrote."""
        return {p.parent.name for p in (Path(self.instance.storage_directory()) / run_id).glob("*/result")}

    def journal(self, run_id: str) -> set[str]:
        """The steps whose output is in the journal."""
        return {p.parent.name for p in (Path(self.instance.storage_directory()) / "bundles" / run_id).glob("*/*")}

    def again(self, job: Callable[[], dg.JobDefinition], parent: str) -> dg.JobExecutionResult:
        """Re-execute from failure."""
        chosen = dg.ReexecutionOptions.from_failure(parent, self.instance)
        return dg.execute_job(dg.reconstructable(job), instance=self.instance, reexecution_options=chosen)

    def order(self, name: str) -> None:
        (self.folder / name).touch()

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
