"""Pairs that need no key in common: neighbours in a sorted order, and the nearest records by their triples.

Sorted neighbourhood is Hernández and Stolfo's (1995), over the texts of all short columns from either end.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.quality.linkage.kinds import Kind
from assets.quality.linkage.prepare import Column, Records

Pairs = npt.NDArray[np.int64]
WINDOW = 4  # neighbours on one side
NEAREST = 10
MOST = 20_000  # records of which the nearest are looked for: the work is quadratic
CHUNK = 1000


def neighbours(records: Records) -> Iterator[Pairs]:
    """Records side by side, sorted by their short texts, once from the first column and once from the last."""
    columns = [c for c in records.columns if c.kind in (Kind.NAME, Kind.COMPANY, Kind.DATE)]
    for order in {tuple(c.name for c in o): o for o in (columns, columns[::-1]) if o}.values():
        text = _joined(order, "")
        filled = text.str.len_chars() > 3
        places = pl.DataFrame({"t": text, "r": np.arange(len(records))}).filter(filled).sort("t")["r"].to_numpy()
        for away in range(1, WINDOW + 1):
            if len(places) > away:
                yield np.stack([places[:-away], places[away:]], axis=1).astype(np.int64)


def nearest(records: Records, across: bool) -> Iterator[Pairs]:
    """Each record with the records whose triples are most alike by TF-IDF; nothing where there are too many."""
    if not 2 <= len(records) <= MOST:
        return
    from assets.quality.linkage.words import tfidf

    text = _joined(records.columns, " ")
    vectors = tfidf(text, "char")
    other = vectors.T.tocsr()
    for start in range(0, len(records), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(records)))
        alike = np.asarray((vectors[rows] @ other).toarray())
        alike[np.arange(len(rows)), rows] = -1
        if across:
            alike[records.source[rows][:, None] == records.source[None, :]] = -1
        many = min(NEAREST, len(records) - 1)
        best = np.argpartition(-alike, many - 1, axis=1)[:, :many]
        pairs = np.stack([np.repeat(rows, many), best.ravel()], axis=1)
        yield pairs[np.take_along_axis(alike, best, axis=1).ravel() > 0]


def _joined(columns: Sequence[Column], between: str) -> pl.Series:
    texts = [c.text.alias(str(n)) for n, c in enumerate(columns) if c.kind is not Kind.NUMBER]
    texts = texts or [c.text.alias(str(n)) for n, c in enumerate(columns)]
    return pl.DataFrame(texts).select(pl.concat_str(pl.all(), separator=between, ignore_nulls=True)).to_series()
