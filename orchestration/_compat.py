"""Private Dagster names that have no public spelling; tests/orchestration/test_compat.py guards them."""

from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

__all__ = ["AssetGraph"]
