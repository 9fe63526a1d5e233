"""Dagster's instance, generated from the settings: dagster.yaml, and the environment of processes that use it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import yaml

from core.atomic import write_text
from core.errors import StoreError
from core.settings import Settings, redact, variables
from orchestration.launchers.k8s import run_launcher

# Values that keep third-party libraries from calling home or starting helpers nobody asked for.
QUIET = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_OFFLINE": "1",
    "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
}
POOL_SECONDS = 3600
HISTORY = "orchestration.event_store"  # module of the storage in SQLite


def dagster_home(settings: Settings) -> Path:
    """The folder of dagster.yaml."""
    return settings.home / "dagster"


def prepare_instance(settings: Settings) -> Path:
    """Write dagster.yaml if it is absent or differs, by a rename, and return its folder (DAGSTER_HOME)."""
    home = dagster_home(settings)
    home.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(instance_config(settings), sort_keys=False)
    path = home / "dagster.yaml"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
    return home


def instance_config(settings: Settings) -> dict[str, Any]:
    """The content of dagster.yaml. A PostgreSQL URL stays in the environment, since it may hold a password."""
    postgres = urlsplit(settings.instance).scheme == "postgresql"
    home = dagster_home(settings)
    storage: dict[str, Any] = (
        {"postgres": {"postgres_url": {"env": "HEDDLE_INSTANCE"}}}
        if postgres
        else {"custom": {"module": HISTORY, "class": "Storage", "config": {"base_dir": str(home / "history")}}}
    )
    # One DuckDB file has one writer, so runs queue; a server database takes several.
    runs = 4 if settings.warehouse.startswith("postgresql") else 1
    return {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "storage": storage,
        "concurrency": {"runs": {"max_concurrent_runs": runs}},
        **run_launcher(settings),
        "run_monitoring": {
            "enabled": True,
            "start_timeout_seconds": 180,
            "free_slots_after_run_end_seconds": 300,  # pool slots leak otherwise
        },
        # Ops retry by their own policies; a run-level retry on top would multiply them.
        "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
        "retention": {
            "schedule": {"purge_after_days": {"skipped": 7, "success": 90, "failure": -1}},
            "sensor": {"purge_after_days": {"skipped": 7, "success": 90, "failure": -1}},
        },
    }


def environment(settings: Settings, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a child process: the caller's, these settings, DAGSTER_HOME, and no telemetry."""
    return dict(base) | variables(settings) | QUIET | {"DAGSTER_HOME": str(dagster_home(settings))}


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the instance in this process, with its environment set and database connections pooled.

    Raises:
        StoreError: HEDDLE_INSTANCE cannot be reached.
    """
    home = prepare_instance(settings)
    os.environ.update(environment(settings))
    try:
        instance = dg.DagsterInstance.from_config(str(home))
    except Exception as error:  # Dagster wraps its storages' errors in types of its own
        if not settings.instance.startswith("postgresql"):
            raise
        cause = error.__cause__ or error
        reason = (str(cause).strip() or type(cause).__name__).splitlines()[0]
        raise StoreError(
            f"HEDDLE_INSTANCE={redact(settings.instance)} cannot be used: {reason}",
            "correct the URL, start the database, or create it",
        ) from error
    # Dagster opens a connection per call unless told otherwise; a run makes hundreds of calls.
    instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=POOL_SECONDS, max_overflow=4)
    return instance
