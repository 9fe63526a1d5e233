"""Private Dagster names that have no public spelling; tests/orchestration/test_compat.py guards them."""

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

__all__ = [
    "INDEX_SHARD_NAME",
    "SQLITE_BUSY_TIMEOUT_SECONDS",
    "AssetGraph",
    "ConfigurableClassData",
    "DagsterSqliteStorage",
    "SqliteEventLogStorage",
    "latest_evaluation",
]


def latest_evaluation(instance: dg.DagsterInstance, check: dg.AssetCheckKey) -> AssetCheckExecutionRecord | None:
    """A check's last outcome. Runs that planned the check but died before it are passed over."""
    ended = {Status.SUCCEEDED, Status.FAILED}
    found = instance.event_log_storage.get_asset_check_execution_history(check, limit=1, status=ended)
    return found[0] if found else None
