"""The chain of `steps` as jobs of the executors that are compared; settings come from the environment."""

import os
from collections.abc import Iterable

import dagster as dg

from assets.kettle.defs import kettle_assets
from assets.kettle.op_defs import HANDED
from assets.kettle.rows_defs import STORED
from core import settings as config
from orchestration.executors.bundling import bundling_executor
from resources.defs import build_resources

STEPS = "BENCH_STEPS"  # variable: how many ops `bare` has


@dg.op
def begin() -> int:
    """Does nothing."""
    return 0


@dg.op
def go_on(given: int) -> int:
    """Does nothing."""
    return given


@dg.graph
def nothing() -> None:
    """A chain of ops that do nothing."""
    value = begin()
    for number in range(int(os.environ.get(STEPS, "5")) - 1):
        value = go_on.alias(f"go_on_{number}")(value)


def bare() -> dg.JobDefinition:
    """Dagster alone."""
    return nothing.to_job("whole", executor_def=dg.in_process_executor, resource_defs={"io_manager": dg.mem_io_manager})


def handed_and_stored(events: Iterable[dg.DagsterEvent]) -> tuple[int, int]:
    """Bytes that the ops of a run report: handed over in memory, and written for other ops."""
    amounts = {HANDED: 0, STORED: 0}
    for event in events:
        metadata = getattr(event.event_specific_data, "metadata", {})
        for name in amounts.keys() & metadata.keys():
            amounts[name] += metadata[name].value
    return amounts[HANDED], amounts[STORED]


def _job(executor: dg.ExecutorDefinition) -> dg.JobDefinition:
    settings = config.load()
    found = kettle_assets(settings.kettle_files, settings)
    resources = build_resources(settings) | dict(found.resources or {})
    whole = dg.define_asset_job("whole", selection=dg.AssetSelection.all())
    return dg.Definitions(assets=found.assets, resources=resources, executor=executor, jobs=[whole]).resolve_job_def(
        "whole"
    )


def in_process() -> dg.JobDefinition:
    return _job(dg.in_process_executor)


def bundled_here() -> dg.JobDefinition:
    return _job(bundling_executor.configured({"place": "process", "keep": "memory"}))


def bundled() -> dg.JobDefinition:
    return _job(bundling_executor.configured({"place": "worker", "keep": "memory"}))


def multiprocess() -> dg.JobDefinition:
    return _job(dg.multiprocess_executor.configured({"max_concurrent": 2}))


JOBS = {f.__name__: f for f in (bare, in_process, bundled_here, bundled, multiprocess)}
