"""What is private of Dagster and used by the catalogue is still there, with the fields that are read."""

import dagster as dg

from assets.catalog._compat import AssetGraph, AssetRecord


def test_private_names_are_what_they_were() -> None:
    assert dg.Definitions().resolve_asset_graph().__class__ is AssetGraph
    assert hasattr(AssetRecord, "asset_entry") or "asset_entry" in AssetRecord.__annotations__
