"""The Kettle assets of the settings in the environment as one job, for executors that start processes."""

import dagster as dg

from assets.kettle.defs import kettle_assets
from core.settings import load
from orchestration.executors.bundling import bundling_executor


def multiprocess() -> dg.JobDefinition:
    """With Dagster's own executor: a process per op."""
    return _job(dg.multiprocess_executor)


def bundled() -> dg.JobDefinition:
    """With the bundling executor: one worker process, rows handed over in memory."""
    return _job(bundling_executor)


def bundled_in_memory() -> dg.JobDefinition:
    """As `bundled`; values are kept only once an op has failed."""
    return _job(bundling_executor.configured({"keep": "memory"}))


def in_process() -> dg.JobDefinition:
    """All ops in the run's process."""
    return _job(dg.in_process_executor)


@dg.job
def nothing() -> None:
    """No op at all."""


def _job(executor: dg.ExecutorDefinition) -> dg.JobDefinition:
    settings = load()
    base = dg.Definitions(
        resources={"settings": dg.ResourceDefinition.hardcoded_resource(settings)},
        jobs=[dg.define_asset_job("kettle_all", dg.AssetSelection.all(), executor_def=executor)],
    )
    both = dg.Definitions.merge(kettle_assets(settings.kettle_files, settings), base)
    return both.resolve_job_def("kettle_all")
