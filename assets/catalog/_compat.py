"""Private Dagster types without a public spelling, for annotations; tests/assets/catalog/test_compat.py guards them."""

from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.storage.event_log.base import AssetRecord

__all__ = ["AssetGraph", "AssetRecord"]
