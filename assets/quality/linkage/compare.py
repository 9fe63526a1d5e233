"""What two records have in common, per column: many similarities for a learned model, one closeness for the other.

All similarities are 0 to 1, NaN where one side is missing. Strings are compared by rapidfuzz's vectorised `cpdist`,
words and character triples by TF-IDF over all records (Cohen, Ravikumar and Fienberg, 2003).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.quality.linkage.kinds import Kind
from assets.quality.linkage.prepare import TEXTS, Column, Records
from assets.quality.linkage.words import Matrix, Places, Words, tfidf, unsaid

if TYPE_CHECKING:
    import polars as pl
    from scipy.sparse import csr_matrix

WORDY = (Kind.TEXT, Kind.COMPANY, Kind.ADDRESS)


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
        found = [v for c in self.records.columns for v in self._column(c, left, right).values()]
        whole = self._whole(left, right).values() if self._weighed else ()
        return np.stack([*found, *whole], axis=1)

    @property
    def names(self) -> list[str]:
        """What each feature is: column and similarity."""
        none = np.zeros(0, dtype=np.int64)
        own = [f"{c.name}.{key}" for c in self.records.columns for key in self._column(c, none, none)]
        return own + (list(self._whole(none, none)) if self._weighed else [])

    def closeness(self, left: Places, right: Places) -> Matrix:
        """One closeness per column, float32 [pairs, columns]."""
        found = [closeness(c, self._column(c, left, right, few=True)) for c in self.records.columns]
        if self._weighed and any(c.kind in WORDY for c in self.records.columns):
            whole = self._whole(left, right)
            for place, column in enumerate(self.records.columns):
                if column.kind in WORDY and f"{column.name}.unsaid" in whole:
                    found[place] = _with_unsaid(column, found[place], whole[f"{column.name}.unsaid"], left, right)
        return np.stack(found, axis=1)

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

    def _whole(self, left: Places, right: Places) -> dict[str, Matrix]:
        """Words across columns: how much of what one record says in a column the other says nowhere.

        A brewery within a beer's name, or an edition in the album instead of the song, is then no difference.
        """
        words = self._vocabulary
        found: dict[str, Matrix] = {}
        for name, own in words.own.items():
            a, b = unsaid(own, words.said, left, right), unsaid(own, words.said, right, left)
            missing = np.isnan(a) | np.isnan(b)
            found[f"{name}.unsaid"] = np.where(missing, np.nan, np.maximum(a, b)).astype(np.float32)
            found[f"{name}.unsaid least"] = np.where(missing, np.nan, np.minimum(a, b)).astype(np.float32)
        if words.own and len(left):
            both = np.asarray(words.whole[left].multiply(words.whole[right]).sum(axis=1), dtype=np.float32)
            found["record.words"] = both.ravel()
        elif words.own:
            found["record.words"] = np.zeros(0, dtype=np.float32)
        return found

    @cached_property
    def _vocabulary(self) -> Words:
        return Words.of([c for c in self.records.columns if c.kind in TEXTS])

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


def _cpdist(scorer: Any, a: Sequence[str], b: Sequence[str], scale: float = 1.0) -> Matrix:
    from rapidfuzz.process import cpdist

    if not len(a):
        return np.zeros(0, dtype=np.float32)
    found = cpdist(a, b, scorer=scorer, dtype=np.float32)
    return np.asarray(found / np.float32(scale), dtype=np.float32)


def _pair(values: "pl.Series", left: Places, right: Places) -> tuple[list[str], list[str]]:
    return values.gather(left).fill_null("").to_list(), values.gather(right).fill_null("").to_list()


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
    return np.asarray(column.code[left] == column.code[right], dtype=np.float32)


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


def _with_unsaid(column: Column, close: Matrix, unsaid: Matrix, left: Places, right: Places) -> Matrix:
    """The mean with the share of words that the other record has anywhere."""
    same = _same(column, left, right) > 0
    found = np.where(np.isnan(unsaid) | same, close, np.float32(0.5) * (close + np.float32(0.99) * (1 - unsaid)))
    return np.asarray(found, dtype=np.float32)


def closeness(column: Column, found: dict[str, Matrix]) -> Matrix:
    """The similarities of one column as one; 1 only for equal values."""
    if column.kind is Kind.NUMBER:
        return np.asarray(np.maximum(found["same"], 0.99 * found["near"]), dtype=np.float32)
    if column.kind in (Kind.CODE, Kind.DATE):
        return np.asarray(np.maximum(found["same"], 0.99 * found["edits"]), dtype=np.float32)
    if column.kind is Kind.NAME:
        best = np.maximum(found["jaro"], found["sorted"])
    else:
        best = np.maximum(found["sorted"], (found["grams"] + found["words"]) / 2 if "grams" in found else found["jaro"])
    if "sound" in found:
        best = np.maximum(best, 0.97 * found["sound"])
    return np.asarray(np.maximum(found["same"], 0.99 * best), dtype=np.float32)
