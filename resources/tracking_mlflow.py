"""Experiment tracking and the model registry: MLflow 3 on SQLite, PostgreSQL or a tracking server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import StoreError
from core.settings import redact

ARTIFACTS = "mlflow-artifacts"
PROBE_SECONDS = 5.0
TRACKING_URI, REGISTRY_URI = "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"
# read by MLflow when it is imported or when it first calls a server
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "GIT_PYTHON_REFRESH": "quiet",
}


class MlflowTracking:
    """See ports.Tracking.

    With a database store, artifacts go to `home`/mlflow-artifacts; with a server, where the server keeps them.
    """

    def __init__(self, uri: str, home: Path) -> None:
        self.uri = uri
        self.home = home

    @classmethod
    def from_url(cls, url: str, home: Path) -> "MlflowTracking":
        """Open sqlite:///absolute/file, postgresql://… or http(s)://…; nothing is touched before `open`."""
        return cls(url, home)

    @contextmanager
    def open(self, experiment: str) -> Iterator[Any]:
        """See ports.Tracking. MLflow's settings of this process are put back afterwards.

        Raises:
            StoreError: the store cannot be reached or is not an MLflow store.
        """
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        self._reachable()
        import mlflow

        # MLflow keeps what was set in these; what was not set must stay unset, or the registry would no longer
        # follow a later tracking URI
        before = {name: os.environ.get(name) for name in (TRACKING_URI, REGISTRY_URI)}
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        try:
            self._select(mlflow, experiment)
            yield mlflow
        finally:
            mlflow.set_tracking_uri(before[TRACKING_URI])  # type: ignore[arg-type]  # None unsets
            mlflow.set_registry_uri(before[REGISTRY_URI])  # type: ignore[arg-type]
            if before[REGISTRY_URI] is None:
                os.environ.pop(REGISTRY_URI, None)

    def _select(self, mlflow: Any, experiment: str) -> None:
        """Make `experiment` current; the first call on a new database creates its tables (seconds)."""
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            found = mlflow.get_experiment_by_name(experiment)
            if found is None:
                found = self._create(mlflow, experiment)
            mlflow.set_experiment(experiment_id=found.experiment_id)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            # the engine's text may repeat the address with its password
            text = str(error).replace(self.uri, redact(self.uri)).splitlines()[0]
            raise StoreError(
                f"the tracking store {redact(self.uri)} refused: {text}", "check HEDDLE_TRACKING and that store"
            ) from None

    def _create(self, mlflow: Any, experiment: str) -> Any:
        from mlflow.exceptions import MlflowException

        try:
            mlflow.create_experiment(experiment, artifact_location=self._artifacts())
        except MlflowException:
            if mlflow.get_experiment_by_name(experiment) is None:  # not another process that was quicker
                raise
        return mlflow.get_experiment_by_name(experiment)

    def _artifacts(self) -> str | None:
        if self.uri.startswith("http"):
            return None
        folder = self.home / ARTIFACTS
        folder.mkdir(parents=True, exist_ok=True)
        return folder.as_uri()

    def _reachable(self) -> None:
        """Fail within seconds where MLflow's own client would retry for minutes."""
        parts = urlsplit(self.uri)
        if parts.scheme == "sqlite":
            Path(parts.path).parent.mkdir(parents=True, exist_ok=True)
        if not parts.scheme.startswith("http"):
            return
        import httpx

        try:
            httpx.get(self.uri.rstrip("/") + "/health", timeout=PROBE_SECONDS).raise_for_status()
        except httpx.HTTPError as error:
            raise StoreError(
                f"no MLflow server answers at {redact(self.uri)}: {type(error).__name__}",
                "start it (`heddle up`) or set HEDDLE_TRACKING",
            ) from None
