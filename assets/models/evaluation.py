"""Whether a candidate may become champion: scored beside the baseline and the champion on the held-out rows."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.models.scoring import BASELINE, Model
from job_templates.tabular_classifier.dataset import SPLITS, Spec, read_spec
from job_templates.tabular_classifier.metrics import Difference, compare, measure

SEED = 20170101
# The metrics that decide, each with the share of the opponent's score that may be lost as long as chance could
# explain it. Log loss judges the probabilities, average precision the ranking of the few who redeem.
TOLERATED = {"log_loss": 0.03, "average_precision": 0.08}


@dataclass(frozen=True)
class HeldOut:
    """The test rows of a dataset: labels [N] and the frame with all columns."""

    spec: Spec
    frame: pl.DataFrame
    y: NDArray[np.int8]


@dataclass(frozen=True)
class Verdict:
    """The outcome: reasons is empty when the candidate passed; notes say what could not be compared."""

    rows: int
    metrics: dict[str, dict[str, float]]
    differences: dict[str, dict[str, Difference]]
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    probabilities: dict[str, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    @property
    def passed(self) -> bool:
        """Whether the candidate may become champion."""
        return not self.reasons


def held_out(folder: Path) -> HeldOut:
    """Read the test rows of a dataset folder."""
    spec = read_spec(folder / "dataset.json")
    frame = pl.scan_parquet(folder / "data.parquet").filter(pl.col("split") == SPLITS[-1]).collect()
    return HeldOut(spec, frame, frame[spec.label].to_numpy().astype(np.int8))


def evaluate(data: HeldOut, candidate: Path, champion: Path | None) -> Verdict:
    """Score candidate, its baseline and the champion (package folders) on the same rows, and judge.

    A champion whose input columns the dataset no longer has cannot be compared; that is noted, not held against
    the candidate.
    """
    probabilities = {"candidate": _score(candidate, data), "baseline": _score(candidate, data, BASELINE)}
    notes = []
    if champion is not None:
        gone = Model.open(champion).missing(data.frame)
        if gone:
            notes.append(f"the champion cannot be scored: the dataset no longer has {', '.join(gone)}")
        else:
            probabilities["champion"] = _score(champion, data)
    return judge(data.y, probabilities, tuple(notes))


def judge(y: NDArray[np.int8], probabilities: dict[str, NDArray[np.float64]], notes: tuple[str, ...] = ()) -> Verdict:
    """Judge `candidate` against every other entry; all are probabilities [N] of the same rows.

    It is refused when it is no better than always answering the observed rate, or when, against one opponent and in
    one deciding metric, it is worse beyond chance (the whole 95 % interval of the paired difference is below zero)
    or worse by more than the tolerated share, chance or not.
    """
    metrics = {name: measure(y, p) for name, p in probabilities.items()}
    mine = probabilities["candidate"]
    differences = {n: compare(y, mine, p, SEED) for n, p in probabilities.items() if n != "candidate"}
    reasons = [r for name, found in differences.items() for r in _worse(name, found, metrics[name])]
    constant = measure(y, np.full(len(y), y.mean()))["log_loss"]
    if metrics["candidate"]["log_loss"] >= constant:
        reasons.append(f"log loss {metrics['candidate']['log_loss']:.4f} is no better than a constant's {constant:.4f}")
    return Verdict(len(y), metrics, differences, tuple(reasons), notes, probabilities)


def _worse(opponent: str, found: dict[str, Difference], scores: dict[str, float]) -> list[str]:
    reasons = []
    for metric, share in TOLERATED.items():
        gain = found[metric]
        shown = f"{metric} is worse than the {opponent}'s by {-gain.gain:.4f} [{-gain.high:.4f}, {-gain.low:.4f}]"
        if gain.high < 0:
            reasons.append(f"{shown}, beyond chance")
        elif -gain.gain > share * scores[metric]:
            reasons.append(f"{shown}, more than {share:.0%} of it")
    return reasons


def _score(folder: Path, data: HeldOut, file: str = "model.onnx") -> NDArray[np.float64]:
    return Model.open(folder, file).score(data.frame).astype(np.float64)
