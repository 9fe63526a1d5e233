"""The tracking port on SQLite and on a real MLflow server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from core.errors import StoreError
from core.settings import Settings
from resources import open as ports


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real MLflow server with its own SQLite store and artifact folder."""
    folder = tmp_path_factory.mktemp("mlflow_server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder / 'm.db'}", "--artifacts-destination", str(folder / "artifacts")),
    ]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 90
        while True:
            try:
                httpx.get(f"{address}/health", timeout=1).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.3)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def test_a_new_sqlite_store_keeps_everything_under_home(settings: Settings, tmp_path: Path) -> None:
    import mlflow

    workdir = Path.cwd()
    os.chdir(tmp_path)
    before = mlflow.get_tracking_uri()
    try:
        with ports.tracking(settings).open("first") as opened:
            with opened.start_run() as run:
                opened.log_text("hello", "note.txt")
            assert opened.get_tracking_uri() == opened.get_registry_uri() == settings.tracking
        assert mlflow.get_tracking_uri() == mlflow.get_registry_uri() == before
        assert "MLFLOW_REGISTRY_URI" not in os.environ
        with ports.tracking(settings).open("first") as opened:
            assert opened.MlflowClient().get_run(run.info.run_id).info.status == "FINISHED"
    finally:
        os.chdir(workdir)
    assert list((settings.home / "mlflow-artifacts").rglob("note.txt"))
    assert {p.name for p in tmp_path.iterdir()} == {"home"}


def test_opening_touches_nothing_before_use(settings: Settings) -> None:
    ports.tracking(settings)
    assert not settings.home.exists()


def test_a_file_that_is_no_store_is_named(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(b"not a database, but long enough to be read as one" * 100)
    settings = make_settings(tracking=f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(StoreError, match=r"other\.db.*refused") as error, ports.tracking(settings).open("x"):
        pass
    assert "HEDDLE_TRACKING" in str(error.value)


def test_an_unreachable_server_is_an_error_within_seconds(make_settings: Callable[..., Settings]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings = make_settings(tracking=f"http://someone:secret@127.0.0.1:{unused.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(StoreError, match="no MLflow server answers") as error, ports.tracking(settings).open("x"):
            pass
    assert time.monotonic() - began < 10 and "secret" not in str(error.value)


@pytest.mark.covers("OPS-010", "STK-092", "MLP-143", "MLP-167")
def test_a_model_is_registered_on_a_real_server(
    server: str, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """The whole path against MLflow's own server: study, dataset, model file, version, tags, alias, and back."""
    import mlflow

    from tests.fakes import model_run

    settings = make_settings(tracking=server)
    result = model_run.run(settings, tabular_rows=400)
    assert result.success
    metadata = model_run.metadata(result)
    registered = httpx.get(f"{server}/api/2.0/mlflow/registered-models/get?name=retail_coupon_propensity").json()
    assert {a["alias"]: a["version"] for a in registered["registered_model"]["aliases"]} == {
        "champion": "1",
        "challenger": "1",
    }
    client = mlflow.MlflowClient(server, server)
    version = client.get_model_version("retail_coupon_propensity", metadata["model_version"])
    # both ways: the asset names run and version, the version names the Dagster run
    assert version.run_id == metadata["mlflow_run_id"]
    assert version.tags["dagster_run_id"] == result.run_id
    assert version.tags["framework"] == "onnx" and version.tags["data_version"] == metadata["dataset_version"]
    run = client.get_run(version.run_id)
    assert run.data.metrics["test_auc"] == metadata["auc"]
    assert run.inputs.dataset_inputs[0].dataset.digest == metadata["dataset_version"]
    children = client.search_runs([run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{version.run_id}'")
    assert len(children) == metadata["trials"]
    logged = client.get_logged_model(version.source.removeprefix("models:/"))
    assert {m.key: m.value for m in logged.metrics}["test_auc"] == metadata["auc"]
    fetched = client.download_artifacts(version.run_id, "package/card.md", str(tmp_path))
    assert Path(fetched).read_text(encoding="utf-8") == metadata["model_card"]
    assert httpx.get(f"{server}/").status_code == 200  # the UI that shows it
