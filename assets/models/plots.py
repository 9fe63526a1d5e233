"""The model card's pictures, as PNG."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

Curves = Mapping[str, NDArray[np.float64]]
COLORS = {"candidate": "#1f6feb", "baseline": "#8c959f", "champion": "#bf8700"}
BARS = 15


def draw(y: NDArray[np.int8], probabilities: Curves, importance: Mapping[str, float]) -> dict[str, bytes]:
    """roc, precision_recall, calibration and importance; `probabilities` are [N] per model name."""
    return {
        "roc": _roc(y, probabilities),
        "precision_recall": _precision_recall(y, probabilities),
        "calibration": _calibration(y, probabilities),
        "importance": _importance(importance),
    }


def _roc(y: NDArray[np.int8], probabilities: Curves) -> bytes:
    figure, axes = _axes("False positive rate", "True positive rate", "ROC, held-out rows")
    for name, p in probabilities.items():
        false, true, _ = roc_curve(y, p)
        axes.plot(false, true, label=name, color=COLORS.get(name))
    axes.plot([0, 1], [0, 1], ":", color="#d0d7de")
    return _png(figure, axes)


def _precision_recall(y: NDArray[np.int8], probabilities: Curves) -> bytes:
    figure, axes = _axes("Recall", "Precision", "Precision and recall, held-out rows")
    for name, p in probabilities.items():
        precision, recall, _ = precision_recall_curve(y, p)
        axes.plot(recall, precision, label=name, color=COLORS.get(name))
    axes.axhline(float(y.mean()), linestyle=":", color="#d0d7de")
    return _png(figure, axes)


def _calibration(y: NDArray[np.int8], probabilities: Curves, bins: int = 10) -> bytes:
    figure, axes = _axes("Predicted probability", "Observed rate", "Calibration, bins of equally many rows")
    top = 0.0
    for name, p in probabilities.items():
        parts = np.array_split(np.argsort(p, kind="stable"), bins)
        points = np.array([(p[rows].mean(), y[rows].mean()) for rows in parts if len(rows)])
        axes.plot(points[:, 0], points[:, 1], "o-", markersize=4, label=name, color=COLORS.get(name))
        top = max(top, float(points.max()))
    axes.plot([0, top], [0, top], ":", color="#d0d7de")
    return _png(figure, axes)


def _importance(importance: Mapping[str, float]) -> bytes:
    figure, axes = _axes("Share", "", "Importance of inputs")
    ranked = sorted(importance.items(), key=lambda item: item[1])[-BARS:]
    names = [name.replace("$", r"\$") for name, _ in ranked]  # a dollar sign would begin a formula
    axes.barh(range(len(ranked)), [share for _, share in ranked], color=COLORS["candidate"])
    axes.set_yticks(range(len(ranked)), names, fontsize=7)
    return _png(figure, axes, legend=False)


def _axes(x: str, y: str, title: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(4.8, 3.6), dpi=80, layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.title.set_fontsize(10)
    return figure, axes


def _png(figure: Figure, axes: Any, legend: bool = True) -> bytes:
    if legend:
        axes.legend(fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
