"""Private Dagster names are where they were in the version we pin; a newer Dagster fails here first."""

import dagster as dg

from orchestration._compat import AssetGraph


def test_pinned_version() -> None:
    assert dg.__version__ == "1.13.27"


def test_asset_graph_has_what_staleness_reads() -> None:
    @dg.asset(code_version="1")
    def one() -> None: ...

    graph = dg.Definitions([one]).resolve_asset_graph()
    assert isinstance(graph, AssetGraph)
    node = graph.get(dg.AssetKey("one"))
    assert node.code_version == "1" and node.partitions_def is None and node.parent_keys == set()
    assert list(graph.toposorted_asset_keys) == [dg.AssetKey("one")]
