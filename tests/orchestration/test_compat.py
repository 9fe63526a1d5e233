"""Private Dagster names are where they were in the version we pin; a newer Dagster fails here first."""

import dagster as dg

from orchestration._compat import AssetGraph, latest_evaluation


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


def test_latest_evaluation_passes_over_runs_that_died_before_the_check() -> None:
    @dg.asset
    def one() -> None: ...

    fail = False

    @dg.asset_check(asset=one, blocking=True)
    def fine() -> dg.AssetCheckResult:
        if fail:
            raise ValueError("died")
        return dg.AssetCheckResult(passed=True)

    defs = dg.Definitions([one], asset_checks=[fine])
    assert defs.resolve_asset_graph().get(fine.check_key).blocking
    with dg.DagsterInstance.ephemeral() as instance:
        assert latest_evaluation(instance, fine.check_key) is None
        job = defs.resolve_implicit_global_asset_job_def()
        first = job.execute_in_process(instance=instance)
        fail = True
        assert not job.execute_in_process(instance=instance, raise_on_error=False).success
        found = latest_evaluation(instance, fine.check_key)
        assert found is not None and found.run_id == first.run_id
        assert found.evaluation is not None and found.evaluation.passed
