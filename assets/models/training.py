"""Materializing a model: train with the job template, track, register, and write the package with its card."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.models import card, evaluation, plots
from assets.models.registry import IDENTITY, INPUTS, Registry
from core.hashing import digest
from core.naming import Key, model_name
from core.signature import Signature
from job_templates.tabular_classifier import dataset, package
from job_templates.tabular_classifier.study_log import StudyLog, open_log
from job_templates.tabular_classifier.train import Trained, summary, train

if TYPE_CHECKING:
    from resources.ports import Objects, Tracking

CARD, RUN, PICTURES = "card.md", "mlflow_run_id", ("roc", "precision_recall", "calibration", "importance")


@dataclass(frozen=True)
class Request:
    """What to train, from what."""

    key: Key
    dataset: Key
    dataset_version: str
    code_version: str
    trials: int
    seed: int
    max_seconds: float
    dagster_run: str
    purpose: str
    limits: Sequence[str]
    segments: Sequence[str] = ()

    @property
    def inputs(self) -> str:
        """The identity of everything that goes in."""
        parts = (self.dataset_version, self.code_version, str(self.trials), str(self.seed), str(self.max_seconds))
        return digest(parts)


@dataclass(frozen=True)
class Published:
    """A version with its package, and whether it was there before."""

    version: str
    folder: Path
    unchanged: bool
    seconds: float

    @property
    def signature(self) -> Signature:
        """The package's signature."""
        return Signature.model_validate_json((self.folder / package.SIGNATURE).read_bytes())

    @property
    def scores(self) -> dict[str, Any]:
        """The package's scores, as train.summary gives them."""
        scores: dict[str, Any] = json.loads((self.folder / package.SCORES).read_text(encoding="utf-8"))
        return scores


def materialize(
    request: Request, objects: "Objects", tracking: "Tracking", say: Callable[[str], None] = lambda _: None
) -> Published:
    """Train and publish a challenger, or find that the same inputs, or the same outcome, already made one.

    Raises:
        ModelError: the dataset cannot be trained on, or the ONNX form disagrees with the native model.
        StoreError: the tracking or object store failed.
    """
    began = time.perf_counter()
    with tracking.open(model_name(request.key)) as mlflow:
        registry = Registry(mlflow, objects, request.key)
        registry.reconcile()
        version = registry.find(INPUTS, request.inputs)
        folder = registry.package(version)
        if version is not None and folder is not None:
            registry.challenge(version)
            return Published(version, folder, True, time.perf_counter() - began)
        version, folder, unchanged = _train(request, registry, say)
        return Published(version, folder, unchanged, time.perf_counter() - began)


def _train(request: Request, registry: Registry, say: Callable[[str], None]) -> tuple[str, Path, bool]:
    source = registry.objects.path(request.dataset, request.dataset_version)
    data = dataset.load(source / "data.parquet", source / "dataset.json")
    params = {"trials": request.trials, "seed": request.seed, "max_seconds": request.max_seconds}
    tags = _tags(request)
    with open_log(registry.mlflow, f"{registry.name} study", params, tags) as log:
        log.dataset(data, str(source / "data.parquet"), str(request.dataset), request.dataset_version)
        trained = train(data, request.trials, request.seed, request.max_seconds, log.trial)
        say(f"{len(trained.study.trials)} trials, chose {trained.chosen.scorer.family}")
        log.finish(trained)
        identity = digest([package.content(trained), request.dataset_version])
        version = registry.add(log.model_uri, log.run_id, identity, tags | _file_tags(trained), _described(trained))
        registry.client.set_model_version_tag(registry.name, version, INPUTS, request.inputs)
        folder = registry.package(version, identity)
        if folder is not None:
            registry.challenge(version)
            return version, folder, True
        metadata = {**tags, IDENTITY: identity, RUN: log.run_id}
        signed = package.signature(trained, registry.name, version, metadata)
        folder = registry.publish(version, lambda at: _package(at, request, registry, trained, signed))
        _log_package(log, folder)
    return version, folder, False


def _tags(request: Request) -> dict[str, str]:
    return {
        "data_version": request.dataset_version,
        "code_version": request.code_version,
        "dagster_run_id": request.dagster_run,
        "dataset": str(request.dataset),
        "trials": str(request.trials),
        "seed": str(request.seed),
        "max_seconds": str(request.max_seconds),
        "framework": "onnx",
        "api_type": "open-inference-v2",
    }


def _file_tags(trained: Trained) -> dict[str, str]:
    return {"sha256": hashlib.sha256(trained.chosen.onnx).hexdigest(), "family": trained.chosen.scorer.family}


def _described(trained: Trained) -> str:
    scores = ", ".join(f"{name} {value:.4f}" for name, value in trained.chosen.test.items())
    return f"{trained.chosen.scorer.family}; held-out {scores}"


def _package(folder: Path, request: Request, registry: Registry, trained: Trained, signed: Signature) -> None:
    package.write(folder, trained, signed)
    source = registry.objects.path(request.dataset, request.dataset_version)
    data = evaluation.held_out(source)
    verdict = evaluation.evaluate(data, folder, registry.champion())
    scores = summary(trained)
    text = card.write(
        purpose=request.purpose,
        limits=request.limits,
        signature=signed,
        scores=scores,
        verdict=verdict,
        data=data,
        segments=request.segments,
    )
    (folder / CARD).write_text(text, encoding="utf-8")
    for name, png in plots.draw(data.y, verdict.probabilities, scores["importance"]).items():
        (folder / f"{name}.png").write_bytes(png)


def _log_package(log: StudyLog, folder: Path) -> None:
    """The card, pictures and scores beside the model; the model itself was logged."""
    for name in (CARD, package.SCORES, *(f"{picture}.png" for picture in PICTURES)):
        log.client.log_artifact(log.run_id, str(folder / name), "package")
