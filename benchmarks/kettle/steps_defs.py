"""The chain of `steps` as jobs of the executors that are compared; settings come from the environment."""

import dagster as dg

from assets.kettle.defs import kettle_assets
from core import settings as config
from orchestration.executors.bundling import bundling_executor
from resources.defs import build_resources


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


JOBS = {f.__name__: f for f in (in_process, bundled_here, bundled, multiprocess)}
