"""One run of the model asset and its checks over a made dataset, with a downstream asset that records its runs."""

import uuid
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from assets.models import defs as models
from assets.models.coupon_propensity import DATASET, KEY
from core.settings import Settings
from resources import open as ports
from resources.defs import build_resources
from tests.fakes import tabular


def put_dataset(settings: Settings, rows: pl.DataFrame, edit: Any = lambda _: None) -> str:
    """Publish rows as a new current version of the dataset; returns the version."""
    version = uuid.uuid4().hex[:12]
    objects = ports.objects(settings)

    def fill(folder: Path) -> None:
        tabular.write(folder, rows, edit)

    objects.write(DATASET, version, fill)
    objects.set_alias(DATASET, "current", version)
    return version


def run(
    settings: Settings, tabular_rows: int | None = None, trials: int = 2, seed: int = 7
) -> dg.ExecuteInProcessResult:
    """Materialize the model and what depends on it; with `tabular_rows` a dataset of that size is made first."""
    if tabular_rows is not None:
        put_dataset(settings, tabular.frame(rows=tabular_rows))
    upstream = dg.AssetSpec(dg.AssetKey(list(DATASET)))

    @dg.asset(deps=[dg.AssetKey(list(KEY))])
    def downstream() -> None:
        """Stands where the endpoint does."""

    shell = dg.Definitions(assets=[upstream, downstream], resources=build_resources(settings))
    definitions = dg.Definitions.merge(models.definitions(settings), shell)
    config = {"ops": {"__".join(KEY): {"config": {"trials": trials, "seed": seed}}}}
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(run_config=config, raise_on_error=False)


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """The model's materialization metadata as plain values."""
    (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey(list(KEY))]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def check(result: dg.ExecuteInProcessResult, name: str = "not_worse_than_champion") -> dg.AssetCheckEvaluation:
    """One check's evaluation."""
    (found,) = [e for e in result.get_asset_check_evaluations() if e.check_name == name]
    return found
