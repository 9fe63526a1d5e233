"""Kettle and Hop files as Dagster definitions: transformations are graph-backed assets, jobs are Dagster jobs."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import dagster as dg

from assets.kettle.catalog import load
from assets.kettle.checks import checks_of
from assets.kettle.described import FileInfo
from assets.kettle.graph_defs import graph_asset
from assets.kettle.job_defs import job_asset, job_definition, schedule_of
from assets.kettle.keys import Keys
from assets.kettle.layout_defs import FilePlan, external_spec, lay_out
from assets.kettle.op_defs import NATIVE
from assets.kettle.retail_defs import retail_assets
from assets.kettle.retail_scores import HABITS, MODEL
from assets.kettle.rows_defs import ROWS, KettleRows
from assets.kit import specs_of
from core.naming import Key
from core.settings import Settings


def definitions(settings: Settings, others: Iterable[dg.Definitions] = ()) -> dg.Definitions:
    """All assets, checks and jobs of the files under HEDDLE_KETTLE_FILES.

    Args:
        others: definitions beside these; a table that one of their assets makes keeps that asset.
    """
    taken = _taken(others)
    found = kettle_assets(settings.kettle_files, settings, taken)
    made = {str(key) for key in [*taken, *_taken([found])]}
    example = {HABITS, MODEL} <= made
    return dg.Definitions.merge(found, dg.Definitions(assets=retail_assets(settings))) if example else found


def kettle_assets(folder: Path, settings: Settings, taken: Mapping[Key, set[Key]] | None = None) -> dg.Definitions:
    """What the files under a folder become. A file that cannot be read or run is an asset that says so.

    Args:
        taken: assets that exist already, with what they depend on.
    """
    layout = lay_out(folder, load(folder, settings), taken or {})
    limit = settings.kettle_ops if settings.kettle == NATIVE else 0
    transformations = [plan for plan in layout.files if not plan.info.is_job]
    jobs = [plan for plan in layout.files if plan.info.is_job]
    runnable = [plan for plan in jobs if not plan.info.error]
    return dg.Definitions(
        assets=[
            *(_asset(plan, layout.keys, limit) for plan in transformations),
            *(job_asset(plan) for plan in jobs),
            *(external_spec(key, place) for key, place in layout.external.items()),
        ],
        asset_checks=[check for plan in layout.files for check in checks_of(plan)],
        jobs=[job_definition(plan, layout) for plan in runnable],
        schedules=[schedule_of(plan, settings) for plan in runnable if plan.info.cron],
        resources={ROWS: KettleRows(settings.home / "kettle" / "rows")},
    )


def _asset(plan: FilePlan, keys: Keys, limit: int) -> dg.AssetsDefinition:
    """The asset of a transformation; where Dagster refuses it, one that says why and does not take the others down."""
    try:
        return graph_asset(plan, keys, limit)
    except Exception as error:  # told on the file: a name or a graph that Dagster does not take
        plan.info = FileInfo(name=plan.info.name, kind=plan.info.kind, error=f"{type(error).__name__}: {error}")
        plan.reads.clear()
        return graph_asset(plan, keys, 0)


def _taken(others: Iterable[dg.Definitions]) -> dict[Key, set[Key]]:
    """Assets with what they depend on."""
    specs = [spec for found in others for spec in specs_of(found)]
    return {Key(*spec.key.path): {Key(*dep.asset_key.path) for dep in spec.deps} for spec in specs}
