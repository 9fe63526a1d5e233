"""The model card: what a model is for, what it was made from, and how well it does, as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from assets.models.evaluation import HeldOut, Verdict
from core.signature import Kind, Signature
from job_templates.tabular_classifier.metrics import COMPARED, METRICS

SEGMENTS = 2  # how many category inputs the segment tables cover when none is named
MIN_POSITIVES = 15  # below this a segment's AUC says nothing
MAX_VALUES = 12


def write(
    *,
    purpose: str,
    limits: Sequence[str],
    signature: Signature,
    scores: Mapping[str, Any],
    verdict: Verdict,
    data: HeldOut,
    segments: Sequence[str],
) -> str:
    """The card's text. Numbers on held-out rows are those of `verdict`, scored through the ONNX graph."""
    parts = [
        f"# {signature.model}, version {signature.version}",
        purpose,
        "## Made from",
        _table(("what", "value"), sorted(signature.metadata.items())),
        "## Rows",
        _table(("part", "rows", "positives"), [(n, r, scores["positives"][n]) for n, r in scores["rows"].items()]),
        "## Held-out scores",
        _table(("metric", *verdict.metrics), [(m, *(s[m] for s in verdict.metrics.values())) for m in METRICS]),
        *_differences(verdict),
        f"Model family: {scores['family']}; parameters: {_inline(scores['params'])}; baseline: "
        f"{scores['baseline']['family']}; ONNX against native on {scores['agreement']['rows']:.0f} held-out rows: "
        f"largest difference {scores['agreement']['max_difference']:.1e}.",
        *(_segment(name, verdict, data) for name in chosen_segments(signature, data, segments)),
        "## Limits",
        "\n".join(f"- {limit}" for limit in limits),
        "## Inputs",
        _table(
            ("input", "kind", "importance", "meaning"),
            [(i.name, i.kind.value, scores["importance"].get(i.name, 0.0), i.description) for i in signature.inputs],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def chosen_segments(signature: Signature, data: HeldOut, wanted: Sequence[str]) -> list[str]:
    """The category inputs to break results down by: the wanted ones, or the first few with a handful of values."""
    few = [
        i.name for i in signature.inputs if i.kind is Kind.CATEGORY and data.frame[i.name].n_unique() <= MAX_VALUES + 1
    ]
    return [name for name in wanted if name in few] or few[:SEGMENTS]


def _differences(verdict: Verdict) -> list[str]:
    rows = [
        (opponent, m, d.gain, d.low, d.high)
        for opponent, found in verdict.differences.items()
        for m, d in found.items()
        if m in COMPARED
    ]
    head = "Gain over each opponent (positive is better) with its 95 % interval by paired bootstrap:"
    notes = [f"Note: {note}." for note in verdict.notes]
    return [head, _table(("against", "metric", "gain", "low", "high"), rows), *notes]


def _segment(name: str, verdict: Verdict, data: HeldOut) -> str:
    from sklearn.metrics import roc_auc_score

    p = verdict.probabilities["candidate"]
    values = data.frame[name].cast(pl.String).fill_null("(unknown)").to_numpy()
    rows = []
    for value in np.unique(values):
        at = values == value
        y = data.y[at]
        enough = MIN_POSITIVES <= y.sum() < len(y)
        auc = float(roc_auc_score(y, p[at])) if enough else "too few"
        rows.append((value, len(y), int(y.sum()), float(y.mean()), float(p[at].mean()), auc))
    table = _table((name, "rows", "positives", "observed rate", "mean prediction", "auc"), rows)
    return f"## By {name}\n\n{table}"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _inline(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{n}={v:.4g}" if isinstance(v, float) else f"{n}={v}" for n, v in params.items())
