"""A classifier of columns that users train from accepted corrections, or anyone from labelled columns.

Two multinomial logistic regressions, one over hashed character n-grams and one over the dense block, whose log
probabilities are added. Linear, so that it is trained in seconds, kept as plain arrays and explained by its parts.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from assets.catalog.semantics.corrections import Corrections
from assets.catalog.semantics.learned_features import Column, Embed, Known, dense, known, ngrams
from assets.catalog.semantics.registry import Registry, builtin
from core.errors import ModelError

Floats = npt.NDArray[np.float32]
TEXT_C, DENSE_C = 30.0, 10.0  # inverse strength of the penalty, as usual for tf-idf and unit vectors
FLOOR = 1e-3  # added to probabilities before the logarithm, so that one model alone cannot rule a type out
TEXT_SHARE = 0.2  # weight of the n-grams' log probability beside the dense block's


class Linear(NamedTuple):
    """A multinomial logistic regression: weights [types, features] and one intercept per type."""

    weights: Floats
    intercept: Floats

    def probabilities(self, features: Any) -> Floats:
        """Softmax of the scores, [columns, types]."""
        scores = np.asarray(features @ self.weights.T) + self.intercept
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float32)


class Prediction(NamedTuple):
    """The most probable type, its probability, and the next ones."""

    type: str
    confidence: float
    others: tuple[tuple[str, float], ...]


class Learned(NamedTuple):
    """A trained model.

    Attributes:
        labels: types it can tell apart.
        names: recognisers and word lists that are features, in order.
        idf: inverse document frequency of each n-gram's place.
        embedder: identity of the embedding model, "" when trained without.
        trained: how many columns it saw.
    """

    labels: tuple[str, ...]
    names: Known
    idf: Floats
    text: Linear
    dense: Linear
    embedder: str
    trained: int

    def predict(
        self, columns: Sequence[Column], embed: Embed | None = None, types: Registry | None = None
    ) -> list[Prediction]:
        """The type of each column; columns that name the same table are each other's context.

        Raises:
            ModelError: the model was trained with embeddings and `embed` is missing, or the other way round.
        """
        if bool(self.embedder) != (embed is not None):
            raise ModelError(
                f"the model was trained {'with' if self.embedder else 'without'} embeddings",
                "give the same embedder as in training",
            )
        if not columns:
            return []
        probabilities = self.probabilities(columns, embed, types)
        order = np.argsort(-probabilities, axis=1)[:, :4]
        return [_prediction(row, best, self.labels) for row, best in zip(probabilities, order, strict=True)]

    def probabilities(
        self, columns: Sequence[Column], embed: Embed | None = None, types: Registry | None = None
    ) -> Floats:
        """Probabilities [columns, labels]."""
        text = self.text.probabilities(weighted(ngrams(columns), self.idf))
        other = self.dense.probabilities(dense(columns, types or builtin(), self.names, embed))
        logs = TEXT_SHARE * np.log(text + FLOOR) + np.log(other + FLOOR)
        mixed = np.exp(logs / (TEXT_SHARE + 1))
        return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))


def train(
    columns: Sequence[Column],
    labels: Sequence[str],
    embed: Embed | None = None,
    embedder: str = "",
    types: Registry | None = None,
) -> Learned:
    """Fits both regressions.

    Args:
        columns: with the values and, where known, the table of each.
        labels: the type of each column.
        embed: gives unit vectors of texts; `embedder` names it.

    Raises:
        ModelError: fewer than two types, or not one label per column.
    """
    if len(columns) != len(labels):
        raise ModelError(f"{len(columns)} columns but {len(labels)} labels", "give one label per column")
    kinds = tuple(sorted(set(labels)))
    if len(kinds) < 2:
        raise ModelError("there are columns of fewer than two types", "accept or correct more columns before training")
    registry = types or builtin()
    names = known(registry)
    counts = ngrams(columns)
    documents = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = (np.log((1 + len(columns)) / (1 + documents)) + 1).astype(np.float32)
    place = np.searchsorted(kinds, labels)
    text = _fit(weighted(counts, idf), place, TEXT_C)
    other = _fit(dense(columns, registry, names, embed), place, DENSE_C)
    return Learned(kinds, names, idf, text, other, embedder if embed else "", len(columns))


def from_corrections(
    corrections: Corrections, read: Callable[[str, str, str], Sequence[str] | None]
) -> tuple[list[Column], list[str]]:
    """Columns and labels of what people said: `read(source, table, column)` gives values, None where it is gone."""
    columns, labels = [], []
    for entry in corrections.entries:
        values = read(*entry.place) if entry.type else None
        if values:
            columns.append(Column(tuple(values), f"{entry.source}/{entry.table}"))
            labels.append(entry.type)
    return columns, labels


def weighted(counts: Any, idf: Floats) -> Any:
    """Tf-idf rows of unit length."""
    from sklearn.preprocessing import normalize

    return normalize(counts.multiply(idf).tocsr())


def _prediction(row: Floats, best: npt.NDArray[np.int64], labels: Sequence[str]) -> Prediction:
    named = tuple((labels[i], round(float(row[i]), 3)) for i in best)
    return Prediction(*named[0], named[1:])


def _fit(features: Any, labels: npt.NDArray[np.int64], strength: float) -> Linear:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=200, tol=1e-3, class_weight="balanced").fit(features, labels)
    weights, intercept = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
    if len(weights) == 1:  # two types: one row of differences
        weights, intercept = np.vstack((-weights / 2, weights / 2)), np.concatenate((-intercept / 2, intercept / 2))
    return Linear(weights, intercept)
