"""The checks of the models domain. The first one decides which version is champion."""

from typing import Any

import dagster as dg

from assets.kit import asset_key
from assets.models.coupon_propensity import DATASET, KEY
from core.errors import ModelError
from core.naming import model_name
from resources.ports import Objects, Tracking

MAX_CALIBRATION_ERROR = 0.05


@dg.asset_check(asset=asset_key(str(KEY)), blocking=True)
def not_worse_than_champion(
    objects: dg.ResourceParam[Objects], tracking: dg.ResourceParam[Tracking]
) -> dg.AssetCheckResult:
    """Compares the challenger with the champion and the baseline on held-out rows; promotes it or refuses it."""
    from assets.models import evaluation
    from assets.models.registry import CHALLENGER, Registry
    from core.signature import Signature

    with tracking.open(model_name(KEY)) as mlflow:
        registry = Registry(mlflow, objects, KEY)
        former = registry.reconcile()
        version = objects.alias(KEY, CHALLENGER)
        folder = registry.package(version)
        if version is None or folder is None:
            raise ModelError(f"{KEY} has no challenger", f"materialize {KEY}")
        signature = Signature.model_validate_json((folder / "signature.json").read_bytes())
        data = evaluation.held_out(objects.path(DATASET, signature.metadata["data_version"]))
        verdict = evaluation.evaluate(data, folder, registry.champion())
        if verdict.passed:
            registry.promote(version)
        else:
            registry.refuse(version, "; ".join(verdict.reasons))
    return dg.AssetCheckResult(
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"version {version} is champion" if verdict.passed else "; ".join(verdict.reasons),
        metadata=_shown(verdict) | {"challenger": version, "former_champion": former or "none"},
    )


@dg.asset_check(asset=asset_key(str(KEY)))
def calibrated(objects: dg.ResourceParam[Objects]) -> dg.AssetCheckResult:
    """Warns when the challenger's predicted rates are off the observed ones on held-out rows."""
    import json

    from assets.models.registry import CHALLENGER

    version = objects.alias(KEY, CHALLENGER)
    if version is None:
        raise ModelError(f"{KEY} has no challenger", f"materialize {KEY}")
    scores = json.loads((objects.path(KEY, version) / "scores.json").read_text(encoding="utf-8"))
    error = float(scores["test"]["calibration_error"])
    return dg.AssetCheckResult(
        passed=error <= MAX_CALIBRATION_ERROR,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"predicted and observed rates differ by {error:.1%} on average",
        metadata={"calibration_error": error, "limit": MAX_CALIBRATION_ERROR},
    )


CHECKS = [not_worse_than_champion, calibrated]


def _shown(verdict: Any) -> dict[str, Any]:
    """Scores and differences as metadata: floats to plot over time, and a table with the intervals."""
    table = dg.MetadataValue.table(
        [
            dg.TableRecord({"against": opponent, "metric": m, "gain": d.gain, "low": d.low, "high": d.high})
            for opponent, found in verdict.differences.items()
            for m, d in found.items()
        ]
    )
    floats = {f"{model}_{m}": v for model, scores in verdict.metrics.items() for m, v in scores.items()}
    return {**floats, "differences": table, "rows": verdict.rows, "notes": "; ".join(verdict.notes) or "none"}
