"""Scores of several routes made comparable and added with weights. NumPy only."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]
Weights = dict[str, float]  # route -> share; they add up to 1
ROUTES = ("bigram", "word", "dense")
STEP = 0.1
RRF = 60  # the constant of reciprocal rank fusion, as published
DEPTH = 10  # ranks that count for the mean reciprocal rank


def scaled(route: str, scores: Scores) -> Scores:
    """Scores per question brought to [0, 1], float32 of the same shape [..., chunks].

    BM25 is divided by the best score. Cosines are counted from their mean up, since unrelated texts have a cosine
    well over zero.
    """
    if route == "dense":
        scores = np.maximum(scores - scores.mean(axis=-1, keepdims=True), 0)
    best = scores.max(axis=-1, keepdims=True)
    shares: Scores = np.divide(scores, best, out=np.zeros_like(scores), where=best > 0)
    return shares


def fuse(scores: Mapping[str, Scores], weights: Weights) -> Scores:
    """The weighted sum of scaled scores, float32 [..., chunks]."""
    parts = [np.float32(weights[r]) * scaled(r, scores[r]) for r in ROUTES if weights[r]]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float32)


def reciprocal_ranks(scores: Mapping[str, Scores]) -> Scores:
    """Reciprocal rank fusion of all routes, without weights: the usual alternative, for comparison."""
    parts = []
    for route in ROUTES:
        ranks = np.argsort(np.argsort(-scores[route], axis=-1, kind="stable"), axis=-1)
        parts.append(np.where(scores[route] > 0, 1 / (RRF + 1 + ranks), 0))  # what is not found has no rank
    return np.asarray(np.sum(parts, axis=0), dtype=np.float32)


def first_ranks(scores: Scores, relevant: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The rank, from 1, of the best relevant chunk for each question; chunks + 1 where none is relevant.

    A relevant chunk that ties with others is placed behind them.
    """
    best = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True)
    ranks = 1 + np.sum((scores >= best) & ~relevant, axis=1)
    return np.where(relevant.any(axis=1), ranks, scores.shape[1] + 1)


def figures(ranks: npt.NDArray[np.int64]) -> dict[str, float]:
    """recall@1, recall@5 and the mean reciprocal rank (to DEPTH)."""
    reciprocal = np.where(ranks <= DEPTH, 1 / ranks, 0)
    return {
        "recall@1": round(float(np.mean(ranks <= 1)), 4),
        "recall@5": round(float(np.mean(ranks <= 5)), 4),
        "mrr": round(float(np.mean(reciprocal)), 4),
    }


def choose(scores: Mapping[str, Scores], relevant: npt.NDArray[np.bool_]) -> Weights:
    """The weights with the best mean reciprocal rank on a grid of STEP.

    Among equally good ones the one nearest their centre is taken, so that a lucky edge does not win; the result
    depends on nothing but the input.
    """
    candidates = _grid()
    prepared = {r: scaled(r, scores[r]) for r in ROUTES}
    values = [_mrr(np.sum([np.float32(w[r]) * prepared[r] for r in ROUTES], axis=0), relevant) for w in candidates]
    good = [w for w, value in zip(candidates, values, strict=True) if value >= max(values) - 1e-9]
    centre = {r: float(np.mean([w[r] for w in good])) for r in ROUTES}
    return min(good, key=lambda w: (round(sum((w[r] - centre[r]) ** 2 for r in ROUTES), 9), *w.values()))


def _mrr(fused: Scores, relevant: npt.NDArray[np.bool_]) -> float:
    return figures(first_ranks(fused, relevant))["mrr"]


def _grid() -> Sequence[Weights]:
    steps = range(round(1 / STEP) + 1)
    shares = (s for s in product(steps, repeat=len(ROUTES)) if sum(s) == len(steps) - 1)
    return [dict(zip(ROUTES, (round(x * STEP, 3) for x in share), strict=True)) for share in shares]
