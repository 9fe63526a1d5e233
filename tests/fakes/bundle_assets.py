"""An asset graph with everything in it that a bundle has to carry: checks, a multi-asset, a graph asset, places."""

import dagster as dg
import polars as pl

from orchestration.executors.bundling import bundling_executor
from tests.fakes.bundle_jobs import note


@dg.asset(tags={"place": "light"}, metadata={"of": "raw"})
def raw() -> pl.DataFrame:
    note("raw")
    return pl.DataFrame({"n": range(10)})


@dg.op
def halve(frame: pl.DataFrame) -> pl.DataFrame:
    note("halve")
    return frame.with_columns(half=pl.col("n") / 2)


@dg.op
def keep(frame: pl.DataFrame) -> pl.DataFrame:
    note("keep")
    return frame.filter(pl.col("n") > 5)


@dg.graph_asset
def kept(raw):
    return keep(halve(raw))


@dg.multi_asset(
    specs=[dg.AssetSpec("left", deps=["kept"]), dg.AssetSpec("right", deps=["kept"])], op_tags={"heddle/bundle": "b"}
)
def sides():
    yield dg.MaterializeResult("left", metadata={"rows": 1})
    yield dg.MaterializeResult("right", metadata={"rows": 2}, data_version=dg.DataVersion("2"))


@dg.asset(tags={"place": "heavy"}, check_specs=[dg.AssetCheckSpec("fine", asset="joined")])
def joined(context: dg.AssetExecutionContext, kept: pl.DataFrame, raw: pl.DataFrame):
    note("joined")
    context.log.info("joining")
    yield dg.Output(kept.join(raw, on="n"), metadata={"rows": kept.height})
    yield dg.AssetCheckResult(passed=True, check_name="fine", metadata={"seen": 1})


@dg.asset_check(asset=kept, blocking=True)
def not_empty(kept: pl.DataFrame) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=kept.height > 0)


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def part(context: dg.AssetExecutionContext) -> str:
    return context.partition_key


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def below(part: str) -> str:
    return part * 2


ASSETS = [raw, kept, sides, joined]


WHOLE = dg.AssetSelection.assets(*ASSETS) | dg.AssetSelection.checks(not_empty)


def _job(name: str, selection: dg.AssetSelection, executor: dg.ExecutorDefinition) -> dg.JobDefinition:
    job = dg.define_asset_job(name, selection)
    definitions = dg.Definitions([*ASSETS, part, below], asset_checks=[not_empty], jobs=[job], executor=executor)
    return definitions.resolve_job_def(name)


def stock() -> dg.JobDefinition:
    return _job("stock", WHOLE, dg.in_process_executor)


def bundled() -> dg.JobDefinition:
    places = {"light": "process", "heavy": "worker"}
    return _job("bundled", WHOLE, bundling_executor.configured({"places": places, "poll_seconds": 0.05}))


def parts() -> dg.JobDefinition:
    return _job("parts", dg.AssetSelection.assets(part, below), bundling_executor.configured({"poll_seconds": 0.05}))
