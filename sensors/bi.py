"""Sensor table__materialized: the BI tool's data sets follow tables that were made anew."""

import time
from collections.abc import Mapping, Sequence

import dagster as dg

from assets.analytics.bi_defs import EVENT, SOURCE, last_made

NAME = "table__materialized"
SECONDS = 30
AGAIN = 3600  # seconds after which a data set that could not be synchronised is tried again


def table_materialized() -> dg.SensorDefinition:
    """The sensor; it runs wherever there is a BI tool.

    It has no cursor: what a data set says it was made from is compared with its table's last event.
    """

    @dg.sensor(
        name=NAME,
        asset_selection=dg.AssetSelection.all(),
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Synchronises a data set of the BI tool when its table was made anew; one that failed is tried "
        "again after an hour.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        assert context.repository_def is not None
        graph = context.repository_def.asset_graph
        pairs = followers([graph.get(key) for key in graph.materializable_asset_keys])
        requests = behind(context.instance, pairs, time.time())
        if requests:
            return dg.SensorResult(run_requests=requests)
        return dg.SensorResult(skip_reason=dg.SkipReason(f"{len(pairs)} data sets follow their tables"))

    return watch


def followers(nodes: Sequence[object]) -> dict[dg.AssetKey, dg.AssetKey]:
    """Data set -> table, from anything that has `key` and `metadata`."""
    found: dict[dg.AssetKey, dg.AssetKey] = {}
    for node in nodes:
        name = getattr(node, "metadata", {}).get(SOURCE)
        if name is not None:
            found[node.key] = dg.AssetKey(str(getattr(name, "value", name)).split("/"))  # type: ignore[attr-defined]
    return found


def behind(instance: dg.DagsterInstance, pairs: Mapping[dg.AssetKey, dg.AssetKey], now: float) -> list[dg.RunRequest]:
    """A run for each data set whose table was made after what it shows; the same run key within an hour."""
    requests = []
    for dataset, table in sorted(pairs.items()):
        made = last_made(instance, table)
        if made is None:
            continue
        done = last_made(instance, dataset)
        seen = done.asset_materialization.metadata.get(EVENT) if done and done.asset_materialization else None
        if seen is not None and seen.value == made.storage_id:
            continue
        run_key = f"{dataset.to_user_string()} {made.storage_id} {int(now // AGAIN)}"
        requests.append(dg.RunRequest(run_key=run_key, asset_selection=[dataset]))
    return requests
