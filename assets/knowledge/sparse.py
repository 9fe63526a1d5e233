"""BM25 over tokens: bm25s builds and stores the score matrix, NumPy alone reads it.

Reading does not import bm25s, because that imports numba (a second), and a question must be answered in less.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]
_ARRAYS = {"data": "data.csc.index.npy", "indices": "indices.csc.index.npy", "indptr": "indptr.csc.index.npy"}
VOCABULARY = "vocab.index.json"
K1, B = 1.2, 0.75


def build(tokens: Sequence[Sequence[str]], folder: Path) -> None:
    """Write the BM25 (Lucene's variant) index of tokenized texts into a folder."""
    import bm25s

    vocabulary = {token: number for number, token in enumerate(sorted({t for text in tokens for t in text}))}
    ids = [[vocabulary[token] for token in text] for text in tokens]
    if not vocabulary:  # no Latin word in a Chinese corpus, say: an index of a token that nobody asks for
        vocabulary, ids = {"": 0}, [[0] for _ in tokens]
    index = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy")
    index.index((ids, vocabulary), create_empty_token=False, show_progress=False)
    index.save(str(folder), show_progress=False, allow_pickle=False)


class Sparse:
    """A stored BM25 index, memory-mapped."""

    def __init__(self, folder: Path, count: int) -> None:
        """Open the index of `count` texts in a folder."""
        self.count = count
        self._vocabulary: dict[str, int] = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        arrays = {k: np.load(folder / name, mmap_mode="r", allow_pickle=False) for k, name in _ARRAYS.items()}
        self._data, self._indices, self._indptr = arrays["data"], arrays["indices"], arrays["indptr"]

    def scores(self, tokens: Sequence[str]) -> Scores:
        """The BM25 score of every text for a tokenized question, float32 [count]."""
        found = np.zeros(self.count, dtype=np.float32)
        for token in tokens:
            number = self._vocabulary.get(token)
            if number is not None:
                start, end = int(self._indptr[number]), int(self._indptr[number + 1])
                found[self._indices[start:end]] += self._data[start:end]  # a text occurs once per token
        return found
