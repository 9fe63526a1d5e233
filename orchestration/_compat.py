"""Private Dagster names that have no public spelling; tests/orchestration/test_compat.py guards them."""

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status

__all__ = ["AssetGraph", "latest_evaluation"]


def latest_evaluation(instance: dg.DagsterInstance, check: dg.AssetCheckKey) -> AssetCheckExecutionRecord | None:
    """A check's last outcome. Runs that planned the check but died before it are passed over."""
    ended = {Status.SUCCEEDED, Status.FAILED}
    found = instance.event_log_storage.get_asset_check_execution_history(check, limit=1, status=ended)
    return found[0] if found else None
