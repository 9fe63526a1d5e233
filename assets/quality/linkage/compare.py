"""What two records have in common, per column: many similarities for a learned model, one closeness for the other.

All similarities are 0 to 1, NaN where one side is missing. Strings are compared by rapidfuzz's vectorised `cpdist`,
words and character triples by TF-IDF over all records (Cohen, Ravikumar and Fienberg, 2003).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from assets.quality.linkage.kinds import Kind
from assets.quality.linkage.prepare import TEXTS, Column, Records

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Matrix = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64] | npt.NDArray[np.int32]
GRAMS = 3


class Comparer:
    """Compares pairs of records; keeps the TF-IDF of text columns for as long as it lives.

    Args:
        weighed: whether words and triples are weighed at all; off for millions of records.
    """

    def __init__(self, records: Records, weighed: bool = True) -> None:
        self.records = records
        self._vectors: dict[tuple[str, str], csr_matrix] = {}
        self._weighed = weighed

    def features(self, left: Places, right: Places) -> Matrix:
        """All similarities, float32 [pairs, features], in the order of `names`."""
        parts = [self._column(c, left, right) for c in self.records.columns]
        found = np.concatenate([np.stack(list(p.values()), axis=1) for p in parts], axis=1)
        return found

    @property
    def names(self) -> list[str]:
        """What each feature is: column and similarity."""
        none = np.zeros(0, dtype=np.int64)
        return [f"{c.name}.{key}" for c in self.records.columns for key in self._column(c, none, none)]

    def closeness(self, left: Places, right: Places) -> Matrix:
        """One closeness per column, float32 [pairs, columns]."""
        return np.stack([closeness(c, self._column(c, left, right, few=True)) for c in self.records.columns], axis=1)

    def _column(self, column: Column, left: Places, right: Places, few: bool = False) -> dict[str, Matrix]:
        if column.kind in TEXTS:
            found = _texts(column, left, right, few)
            if self._weighed and not (few and column.kind is Kind.NAME):
                found["grams"] = self._cosine(column, "char", left, right)
                found["words"] = self._cosine(column, "word", left, right)
        elif column.kind is Kind.CODE:
            found = _codes(column, left, right)
        elif column.kind is Kind.DATE:
            found = _dates(column, left, right)
        else:
            found = _numbers(column, left, right)
        missing = ~(column.filled[left] & column.filled[right])
        for values in found.values():
            values[missing] = np.nan
        return found

    def _cosine(self, column: Column, unit: str, left: Places, right: Places) -> Matrix:
        vectors = self.vectors(column, unit)
        if not len(left):
            return np.zeros(0, dtype=np.float32)
        return np.asarray(vectors[left].multiply(vectors[right]).sum(axis=1), dtype=np.float32).ravel()

    def vectors(self, column: Column, unit: str) -> "csr_matrix":
        """TF-IDF of a column, unit length, [records, terms]; `unit` is "char" for triples or "word"."""
        key = (column.name, unit)
        if key not in self._vectors:
            self._vectors[key] = tfidf(column.text, unit)
        return self._vectors[key]


def tfidf(texts: npt.NDArray[np.object_], unit: str) -> "csr_matrix":
    """TF-IDF of texts, rows of unit length, float32."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    filled = ["" if t is None else t for t in texts]
    options: dict[str, Any] = (
        {"analyzer": "char_wb", "ngram_range": (2, GRAMS)} if unit == "char" else {"token_pattern": r"(?u)\w+"}
    )
    try:
        return TfidfVectorizer(dtype=np.float32, sublinear_tf=True, **options).fit_transform(filled)
    except ValueError:  # no text at all
        return csr_matrix((len(filled), 1), dtype=np.float32)


def _cpdist(scorer: Any, a: Sequence[str], b: Sequence[str], scale: float = 1.0) -> Matrix:
    from rapidfuzz.process import cpdist

    if not len(a):
        return np.zeros(0, dtype=np.float32)
    found = cpdist(a, b, scorer=scorer, dtype=np.float32)
    return np.asarray(found / np.float32(scale), dtype=np.float32)


def _pair(values: npt.NDArray[np.object_], left: Places, right: Places) -> tuple[list[str], list[str]]:
    return ["" if v is None else v for v in values[left]], ["" if v is None else v for v in values[right]]


def _texts(column: Column, left: Places, right: Places, few: bool) -> dict[str, Matrix]:
    from rapidfuzz import fuzz
    from rapidfuzz.distance import JaroWinkler

    a, b = _pair(column.text, left, right)
    found = {"same": _same(column, left, right), "jaro": _cpdist(JaroWinkler.normalized_similarity, a, b)}
    found["sorted"] = _cpdist(fuzz.token_sort_ratio, a, b, 100)
    if column.sound is not None:
        c, d = _pair(column.sound, left, right)
        found["sound"] = _cpdist(fuzz.token_sort_ratio, c, d, 100)
    if few:
        return found
    found["ratio"] = _cpdist(fuzz.ratio, a, b, 100)
    found["set"] = _cpdist(fuzz.token_set_ratio, a, b, 100)
    found["part"] = _cpdist(fuzz.partial_ratio, a, b, 100)
    found["digits"] = _digits(a, b)
    return found


def _same(column: Column, left: Places, right: Places) -> Matrix:
    return np.asarray(column.text[left] == column.text[right], dtype=np.float32)


def _digits(a: Sequence[str], b: Sequence[str]) -> Matrix:
    """Whether the numbers within two texts are the same ones: share of all, 1 where neither has any."""
    import re

    number = re.compile(r"\d+")
    found = np.ones(len(a), dtype=np.float32)
    for place, (x, y) in enumerate(zip(a, b, strict=True)):
        ours, theirs = set(number.findall(x)), set(number.findall(y))
        if ours or theirs:
            found[place] = len(ours & theirs) / len(ours | theirs)
    return found


def _codes(column: Column, left: Places, right: Places) -> dict[str, Matrix]:
    from rapidfuzz.distance import OSA, JaroWinkler

    a, b = _pair(column.text, left, right)
    return {
        "same": _same(column, left, right),
        "edits": _cpdist(OSA.normalized_similarity, a, b),
        "jaro": _cpdist(JaroWinkler.normalized_similarity, a, b),
    }


def _dates(column: Column, left: Places, right: Places) -> dict[str, Matrix]:
    assert column.number is not None
    days = np.abs(column.number[left] - column.number[right])
    near = np.where(np.isnan(days), 0.0, 1.0 / (1.0 + days / 30.0)).astype(np.float32)
    return _codes(column, left, right) | {"near": near}


def _numbers(column: Column, left: Places, right: Places) -> dict[str, Matrix]:
    assert column.number is not None
    a, b = column.number[left], column.number[right]
    away = np.abs(a - b)
    size = np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-9)
    spread = float(np.nanstd(column.number)) or 1.0
    return {
        "same": (away == 0).astype(np.float32),
        "near": np.nan_to_num(np.maximum(0.0, 1.0 - away / size)).astype(np.float32),
        "spread": np.nan_to_num(np.exp(-away / spread)).astype(np.float32),
    }


def closeness(column: Column, found: dict[str, Matrix]) -> Matrix:
    """The similarities of one column as one; 1 only for equal values."""
    if column.kind is Kind.NUMBER:
        return np.maximum(found["same"], 0.99 * found["near"])
    if column.kind in (Kind.CODE, Kind.DATE):
        return np.maximum(found["same"], 0.99 * found["edits"])
    if column.kind is Kind.NAME:
        best = np.maximum(found["jaro"], found["sorted"])
    else:
        best = np.maximum(found["sorted"], (found["grams"] + found["words"]) / 2 if "grams" in found else found["jaro"])
    if "sound" in found:
        best = np.maximum(best, 0.97 * found["sound"])
    return np.maximum(found["same"], 0.99 * best)
