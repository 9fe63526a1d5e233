"""Asset graphs under the bundling executor leave the event log that Dagster's own executor leaves."""

import os
from collections import Counter

import dagster as dg
import pytest

from tests.fakes import bundle_assets as assets
from tests.fakes import bundle_jobs as jobs
from tests.orchestration.executors.conftest import Bench

OF_THE_WORKER = {
    *("ENGINE_EVENT", "STEP_WORKER_STARTING", "STEP_WORKER_STARTED", "LOGS_CAPTURED", "STEP_PROCESS_START"),
    *("RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS"),
}


def shown(bench: Bench, run_id: str) -> Counter[tuple[object, ...]]:
    """Every event but those of workers, with asset, partition and metadata keys."""
    found: Counter[tuple[object, ...]] = Counter()
    for entry in bench.instance.all_logs(run_id):
        event = entry.dagster_event
        if event is None or event.event_type_value in OF_THE_WORKER:
            continue
        metadata: dict[str, object] = {}
        if event.is_step_materialization:
            metadata = dict(event.step_materialization_data.materialization.metadata)
        found[(event.event_type_value, event.step_key, event.asset_key, tuple(sorted(metadata)))] += 1
    return found


def test_the_event_log_is_the_stock_one(bench: Bench) -> None:
    stock, bundled = bench.run(assets.stock), bench.run(assets.bundled)
    assert stock.success and bundled.success
    assert shown(bench, bundled.run_id) == shown(bench, stock.run_id)
    graph_steps = {key for _, key, *_ in shown(bench, bundled.run_id) if key}
    assert {"raw", "kept.halve", "kept.keep", "sides", "joined", "kept_not_empty"} <= graph_steps
    # frames between the ops of the graph asset stay in the worker; assets are written
    assert bench.written(bundled.run_id) == set() and bench.written(stock.run_id) == {"kept.halve"}
    assert {"raw", "kept", "joined"} <= {p.name for p in bench.instance_storage.iterdir()}
    assert jobs.ran("raw")[-1] == os.getpid() and jobs.ran("joined")[-1] != os.getpid()
    messages = [e.message for e in bench.instance.all_logs(bundled.run_id)]
    assert "joining" in messages


@pytest.mark.slow
def test_partitions(bench: Bench) -> None:
    result = bench.run(assets.parts, tags={"dagster/partition": "b"})
    assert result.success
    event = bench.instance.get_latest_materialization_event(dg.AssetKey("below"))
    assert event is not None and event.dagster_event is not None and event.dagster_event.partition == "b"
