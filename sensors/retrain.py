"""Sensor dataset__changed: trains the model anew when its dataset moved far enough from what the champion learned."""

import json

import dagster as dg

from assets.datasets.checks import no_leakage, unique_key
from core.errors import HeddleError
from core.hashing import digest
from core.naming import Key
from core.settings import Settings
from resources.open import objects as open_objects
from resources.ports import Objects
from sensors.drift import Limits, compare
from sensors.environments import sensor_status
from sensors.jobs import jobs

NAME = "dataset__changed"
SECONDS = 60
DATASET = Key("dataset", "retail", "coupon_propensity")
MODEL = Key("model", "retail", "coupon_propensity")


def dataset_changed(settings: Settings, limits: Limits | None = None) -> dg.SensorDefinition:
    """The sensor. Its cursor is the dataset version and the champion that were compared last."""
    chosen = limits or Limits()

    @dg.sensor(
        name=NAME,
        job=jobs(("retail__model",))[0],
        minimum_interval_seconds=SECONDS,
        default_status=sensor_status(settings, NAME),
        description=f"Trains when the dataset differs from the champion's by {chosen.rows:.0%} of rows, "
        f"{chosen.positives:.0%} of the share of positives, or a PSI of {chosen.drift:g} in a feature.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        trouble = unjudged(context.instance)
        if trouble:
            return _skip(trouble, context.cursor)
        return tick(open_objects(settings), context.cursor, chosen)

    return watch


def unjudged(instance: dg.DagsterInstance) -> str:
    """Why nothing may be trained on the current dataset: a blocking check refused it or has yet to pass it; else ""."""
    for key in (unique_key.check_key, no_leakage.check_key):
        record = instance.get_latest_asset_check_evaluation_record(key)
        found = record.evaluation if record else None
        if not isinstance(found, dg.AssetCheckEvaluation):  # planned in a run that goes on, or died
            return f"check {key.name} of {DATASET} has not passed yet"
        if not found.passed:
            return f"check {key.name} refused {DATASET}"
    return ""


def tick(objects: Objects, cursor: str | None, limits: Limits) -> dg.SensorResult:
    """Compare the current dataset with the champion's, once for each pair; ask for training or say why not."""
    current = objects.alias(DATASET, "current")
    if current is None:
        return _skip(f"{DATASET} has no current version yet", cursor)
    champion = objects.alias(MODEL, "champion")
    pair = f"{current} {champion}"
    if pair == cursor:
        return _skip(f"dataset {current} was compared already", cursor)
    try:
        reasons, summary = _judge(objects, current, champion, limits)
    except HeddleError as error:
        return _skip(f"{error.what}: {error.fix}", cursor)
    if not reasons:
        return _skip(f"dataset {current} changed too little to train again: {summary}", pair)
    tags = {"heddle/reason": "; ".join(reasons)[:250]}
    request = dg.RunRequest(run_key=f"train {digest([pair])}", tags=tags)
    return dg.SensorResult(run_requests=[request], cursor=pair)


def _judge(objects: Objects, current: str, champion: str | None, limits: Limits) -> tuple[list[str], str]:
    if champion is None:
        return ["there is no champion yet"], ""
    signature = objects.path(MODEL, champion) / "signature.json"
    try:
        trained = str(json.loads(signature.read_text(encoding="utf-8"))["metadata"]["data_version"])
    except (OSError, ValueError, KeyError, TypeError):
        return [f"champion {champion} does not say what it was trained on"], ""
    if trained == current:
        return [], f"champion {champion} was trained on it"
    if trained not in objects.versions(DATASET):
        return [f"dataset {trained} of champion {champion} is no longer kept, so the change cannot be measured"], ""
    change = compare(objects.path(DATASET, trained), objects.path(DATASET, current))
    return change.reasons(limits), change.summary()


def _skip(reason: str, cursor: str | None) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=cursor)
