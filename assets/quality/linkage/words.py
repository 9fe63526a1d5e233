"""Words of records, weighed by how rare they are (TF-IDF; Salton and Buckley, 1988)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from assets.quality.linkage.prepare import Column

if TYPE_CHECKING:
    import polars as pl
    from scipy.sparse import csr_matrix

Matrix = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64] | npt.NDArray[np.int32]
GRAMS = 3


@dataclass(frozen=True, slots=True)
class Words:
    """Words of all text columns under one vocabulary: weights per column, and what a record says anywhere."""

    own: "dict[str, csr_matrix]"
    said: "csr_matrix"
    whole: "csr_matrix"

    @classmethod
    def of(cls, columns: Sequence[Column]) -> "Words":
        """The words of some text columns; empty where they have none."""
        from scipy.sparse import csr_matrix, diags
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.preprocessing import normalize

        if not columns:
            return cls({}, csr_matrix((0, 0)), csr_matrix((0, 0)))
        plain = {c.name: (c.text if c.sound is None else c.sound).fill_null("").to_list() for c in columns}
        counter = CountVectorizer(analyzer=_split, binary=True, dtype=np.float32)
        try:
            said = counter.fit_transform([" ".join(t) for t in zip(*plain.values(), strict=True)])
        except ValueError:  # no words at all
            return cls({}, csr_matrix((0, 0)), csr_matrix((0, 0)))
        rarity = np.log((1 + said.shape[0]) / (1 + np.asarray(said.sum(axis=0)).ravel())) + 1
        weights = diags(rarity.astype(np.float32))
        own = {name: csr_matrix(counter.transform(t) @ weights) for name, t in plain.items()}
        return cls(own, csr_matrix(said), csr_matrix(normalize(said @ weights)))


def unsaid(own: "csr_matrix", said: "csr_matrix", left: Places, right: Places) -> Matrix:
    """Share of the weight of the left records' words that the right records do not have; NaN without words."""
    if not len(left):
        return np.zeros(0, dtype=np.float32)
    ours = own[left]
    total = np.asarray(ours.sum(axis=1), dtype=np.float32).ravel()
    shared = np.asarray(ours.multiply(said[right]).sum(axis=1), dtype=np.float32).ravel()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, 1 - shared / total, np.nan).astype(np.float32)


def tfidf(texts: "pl.Series", unit: str) -> "csr_matrix":
    """TF-IDF of texts, rows of unit length, float32."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    filled = texts.fill_null("").to_list()
    options: dict[str, Any] = (
        {"analyzer": "char_wb", "ngram_range": (2, GRAMS)} if unit == "char" else {"analyzer": _split}
    )
    try:
        return TfidfVectorizer(dtype=np.float32, sublinear_tf=True, **options).fit_transform(filled)
    except ValueError:  # no text at all
        return csr_matrix((len(filled), 1), dtype=np.float32)


def _split(text: str) -> list[str]:
    return text.split()
