"""Dagster's history with connections that stay open: nothing is lost, hidden from others, or written where it was."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from core.settings import load
from orchestration.event_store import KEPT, EventLog
from orchestration.instance import open_instance, prepare_instance


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for name in ("DAGSTER_HOME", "HEDDLE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))  # opening an instance sets it
    with open_instance(load({"HEDDLE_HOME": str(tmp_path)}, project=tmp_path)) as found:
        yield found


@dg.op
def say(context: dg.OpExecutionContext) -> int:
    context.log.info("said")
    return 1


@dg.job(executor_def=dg.in_process_executor, resource_defs={"io_manager": dg.mem_io_manager})
def saying() -> None:
    say()


def kinds(instance: dg.DagsterInstance, run_id: str) -> list[Any]:
    events = (record.event_log_entry.dagster_event for record in instance.get_records_for_run(run_id).records)
    return [event.event_type_value if event else "LOG" for event in events]


def test_the_stock_storage_reads_the_same_events(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    assert isinstance(instance.event_log_storage, EventLog)
    done = saying.execute_in_process(instance=instance)
    expected = kinds(instance, done.run_id)
    assert {"PIPELINE_START", "STEP_SUCCESS", "LOG", "PIPELINE_SUCCESS"} <= set(expected)
    plain = tmp_path / "plain"
    plain.mkdir()
    history = str(tmp_path / "dagster" / "history")
    (plain / "dagster.yaml").write_text(f"storage: {{sqlite: {{base_dir: {history}}}}}\n")
    with dg.DagsterInstance.from_config(str(plain)) as other:  # while the connections are open
        assert kinds(other, done.run_id) == expected


def test_who_watches_a_run_hears_of_each_event_at_once(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    run = instance.create_run_for_job(saying)
    heard: list[str] = []
    with dg.DagsterInstance.from_config(str(prepare_instance(load({"HEDDLE_HOME": str(tmp_path)})))) as other:
        other.watch_event_logs(run.run_id, None, lambda entry, _: heard.append(entry.message))
        for number in range(3):
            instance.report_engine_event(f"event {number}", run)
            until = time.monotonic() + 5
            while len(heard) <= number and time.monotonic() < until:
                time.sleep(0.02)
            assert heard[number:] == [f"event {number}"]


def test_a_removed_file_is_made_again_and_few_stay_open(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    done = [saying.execute_in_process(instance=instance).run_id for _ in range(KEPT + 2)]
    storage = instance.event_log_storage
    assert isinstance(storage, EventLog)
    assert len(storage._engines) == KEPT
    assert all("PIPELINE_SUCCESS" in kinds(instance, run_id) for run_id in done)
    Path(storage.path_for_shard(done[-1])).unlink()
    assert kinds(instance, done[-1]) == []
    run = instance.get_run_by_id(done[-1])
    assert run is not None
    instance.report_engine_event("again", run)
    assert kinds(instance, done[-1]) == ["ENGINE_EVENT"]
    instance.wipe()
    assert kinds(instance, done[0]) == []


DIES = """
import os, signal
import dagster as dg
from core.settings import load
from orchestration.instance import open_instance

@dg.op
def die(context):
    context.log.info("last words")
    os.kill(os.getpid(), signal.SIGKILL)

@dg.job(executor_def=dg.in_process_executor)
def dying():
    die()

with open_instance(load()) as instance:
    dying.execute_in_process(instance=instance)
"""


def test_a_killed_process_loses_no_event(instance: dg.DagsterInstance) -> None:
    done = subprocess.run([sys.executable, "-c", DIES], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -9
    (run,) = instance.get_runs()
    records = instance.get_records_for_run(run.run_id).records
    assert records[-1].event_log_entry.user_message == "last words"


OPENS = """
import sys
from core.settings import load
from orchestration.instance import open_instance

print("ready", flush=True)
sys.stdin.readline()
with open_instance(load()) as instance:
    assert instance.get_runs() == []
"""


def test_processes_that_start_together_on_a_new_home_all_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "new"))
    root = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    begun = [
        subprocess.Popen([sys.executable, "-c", OPENS], cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(3)
    ]
    for process in begun:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in begun:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[1][-500:] for process in begun]
    assert [(process.returncode, text) for process, text in zip(begun, said, strict=True) if process.returncode] == []
