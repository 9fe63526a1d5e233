"""The files of a trained model: ONNX with its signature, the native model as text, calibration, trials and scores."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from core.hashing import digest
from core.signature import Signature
from job_templates.tabular_classifier.train import Fitted, Trained, summary

EXAMPLES = 8
MODEL, SIGNATURE, BASELINE = "model.onnx", "signature.json", "baseline.onnx"
CALIBRATION, SCORES, TRIALS = "calibration.json", "scores.json", "trials.json"


def content(trained: Trained) -> str:
    """The identity of what would be served: a digest of the graph and of how its inputs are read."""
    inputs = [i.model_dump_json() for i in trained.data.spec.features]
    return digest([trained.chosen.onnx, *inputs])


def signature(trained: Trained, model: str, version: str, metadata: Mapping[str, str]) -> Signature:
    """The served model's signature, with held-out rows from the lowest to the highest score as examples."""
    spec, fitted, test = trained.data.spec, trained.chosen, trained.data.test
    probability = fitted.probability(test.x)
    ranked = np.argsort(probability, kind="stable")
    rows = ranked[np.linspace(0, len(ranked) - 1, EXAMPLES).astype(int)]
    named = test.frame[rows.tolist()].select(i.name for i in spec.features).to_dicts()
    return Signature(
        model=model,
        version=version,
        inputs=spec.features,
        examples=tuple({name: _plain(value) for name, value in row.items()} for row in named),
        expected=tuple(float(p) for p in probability[rows]),
        metadata=dict(metadata),
    )


def write(folder: Path, trained: Trained, signed: Signature) -> None:
    """Fill an empty folder."""
    texts = {
        SIGNATURE: signed.model_dump_json(indent=1),
        CALIBRATION: json.dumps(asdict(trained.chosen.platt)),
        SCORES: json.dumps(summary(trained), indent=1, ensure_ascii=False),
        TRIALS: json.dumps([asdict(t) for t in trained.study.trials], indent=1),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / MODEL).write_bytes(trained.chosen.onnx)
    (folder / BASELINE).write_bytes(trained.baseline.onnx)
    for name, data in _native(trained).items():
        (folder / name).write_bytes(data)


def _native(trained: Trained) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    fitted: Fitted
    for fitted in (trained.baseline, trained.chosen):
        files |= fitted.scorer.native()
    return files


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime) else value
