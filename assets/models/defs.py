"""The models domain as Dagster definitions."""

from pathlib import Path
from typing import Any

import dagster as dg

from assets.kit import VERSION, asset_key, pictures, spec_options
from assets.models import checks
from assets.models.coupon_propensity import DATASET, KEY, LIMITS, PURPOSE, SEGMENTS
from core.errors import StoreError
from core.settings import Settings
from job_templates.tabular_classifier import MODULES, NAME
from resources.ports import Objects, Tracking

OPTIONS = spec_options(
    str(KEY),
    group="models",
    kinds={"onnx", "lightgbm", "mlflow"},
    description="Calibrated probability that a household redeems a campaign's coupons, tuned against a baseline.",
    code=(*MODULES, *(f"assets.models.{part}" for part in ("training", "registry", "evaluation", "coupon_propensity"))),
    place="heavy",
)
CURRENT = "current"


class TrainingConfig(dg.Config):
    """How long to search. The same configuration, dataset and code find the version they made before."""

    trials: int = 25
    seed: int = 7
    max_seconds: float = 600.0


@dg.asset(**OPTIONS, deps=[asset_key(str(DATASET))])  # type: ignore[untyped-decorator]  # one dict of options
def coupon_propensity(
    context: dg.AssetExecutionContext,
    config: TrainingConfig,
    objects: dg.ResourceParam[Objects],
    tracking: dg.ResourceParam[Tracking],
) -> dg.MaterializeResult[Any]:
    """A challenger version; it becomes champion in the blocking check."""
    from assets.models.training import Request, materialize
    from job_templates import registry

    template = registry.find(NAME)
    for name in ("trials", "seed", "max_seconds"):
        template.value(name, getattr(config, name))
    version = objects.alias(DATASET, CURRENT)
    if version is None:
        raise StoreError(f"{DATASET} has no current version", f"materialize {DATASET} first")
    request = Request(
        key=KEY,
        dataset=DATASET,
        dataset_version=version,
        code_version=str(OPTIONS["code_version"]),
        trials=config.trials,
        seed=config.seed,
        max_seconds=config.max_seconds,
        dagster_run=context.run_id,
        purpose=PURPOSE,
        limits=LIMITS,
        segments=SEGMENTS,
    )
    published = materialize(request, objects, tracking, context.log.info)
    context.log.info(f"version {published.version}{' (unchanged)' if published.unchanged else ''}")
    signature = published.signature
    return dg.MaterializeResult(
        metadata=_metadata(published.scores, published.folder)
        | {
            VERSION: signature.metadata["identity"],
            "model_version": published.version,
            "unchanged": published.unchanged,
            "training_seconds": round(published.seconds, 2),
            "mlflow_run_id": signature.metadata["mlflow_run_id"],
            "dataset_version": signature.metadata["data_version"],
            "package": dg.MetadataValue.path(str(published.folder)),
        },
        data_version=dg.DataVersion(signature.metadata["identity"]),
    )


def _metadata(scores: dict[str, Any], folder: Path) -> dict[str, Any]:
    from assets.models.training import CARD, PICTURES

    test, baseline = scores["test"], scores["baseline"]["test"]
    return {
        **{name: float(value) for name, value in test.items()},
        **{f"baseline_{name}": float(value) for name, value in baseline.items()},
        "family": scores["family"],
        "trials": scores["trials"],
        "rows": dg.MetadataValue.json(scores["rows"]),
        "positives": dg.MetadataValue.json(scores["positives"]),
        "onnx_agreement": dg.MetadataValue.json(scores["agreement"]),
        "model_card": dg.MetadataValue.md((folder / CARD).read_text(encoding="utf-8")),
        **pictures({name: (folder / f"{name}.png").read_bytes() for name in PICTURES}),
    }


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    return dg.Definitions(assets=[coupon_propensity], asset_checks=checks.CHECKS)
