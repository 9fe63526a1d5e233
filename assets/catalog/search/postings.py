"""The inverted index: which term stands in which field of which entry, in NumPy arrays; BM25F weights on top.

BM25F (Robertson, Zaragoza and Taylor, 2004): the fields' weighted and length-normalised counts are added before they
are saturated, so that a word in the title and in a comment is not counted as two finds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.catalog.search.model import Entry
from assets.catalog.search.words import terms, whole

FIELDS: dict[str, tuple[float, float]] = {  # weight, share of length normalisation
    "title": (5.0, 0.5),
    "column": (1.0, 0.5),
    "comment": (0.8, 0.6),
    "label": (0.6, 0.6),
    "value": (0.3, 0.6),
    "description": (0.8, 0.6),
    "tag": (0.8, 0.3),
    "owner": (0.3, 0.3),
    "source": (0.6, 0.3),
    "synonym": (2.5, 0.3),
    "attribute": (0.8, 0.3),
    "whole": (0.8, 0.0),
}
_WHOLE = list(FIELDS).index("whole")
K1 = 0.9
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Postings:
    """Every occurrence, in no order, as parallel arrays.

    Attributes:
        lengths: terms per entry and field, int32 [entries, fields].
    """

    vocabulary: tuple[str, ...]
    term: Ints
    entry: Ints
    place: npt.NDArray[np.uint8]
    count: npt.NDArray[np.uint8]
    lengths: Ints


def collect(entries: Sequence[Entry]) -> Postings:
    """The occurrences of some entries, which are numbered from 0."""
    known: dict[str, int] = {}
    rows: list[tuple[int, int, int, int]] = []
    lengths = np.zeros((len(entries), len(FIELDS)), dtype=np.int32)
    for number, entry in enumerate(entries):
        for place, texts in enumerate(fields(entry)):
            split = whole if place == _WHOLE else terms
            counts = Counter(t for text in texts for t in split(text))
            lengths[number, place] = sum(counts.values())
            rows += [(known.setdefault(t, len(known)), number, place, min(n, 255)) for t, n in counts.items()]
    table = np.array(rows, dtype=np.int32).reshape(-1, 4)
    small = np.uint8
    term, entry_, place_, count = (np.ascontiguousarray(table[:, c]) for c in range(4))
    return Postings(tuple(known), term, entry_, place_.astype(small), count.astype(small), lengths)


def fields(entry: Entry) -> Iterator[Iterable[str]]:
    """The texts of an entry per field, in the order of FIELDS."""
    yield (entry.title or entry.key.rsplit("/", 1)[-1],)
    yield (c.name for c in entry.columns)
    yield (c.comment for c in entry.columns)
    yield (label for c in entry.columns for label in c.labels)
    yield (value for c in entry.columns for value in c.values)
    yield (entry.description,)
    yield (*entry.tags, entry.kind)
    yield (entry.owner,)
    yield (entry.source,)
    yield entry.synonyms
    yield entry.attributes
    yield (value for c in entry.columns for value in c.values)


def merge(old: Postings, keep: npt.NDArray[np.bool_], new: Postings) -> Postings:
    """The kept entries of one index in their order, followed by those of another."""
    numbers = np.cumsum(keep, dtype=np.int32) - 1
    alive = keep[old.entry]
    known = {t: n for n, t in enumerate(old.vocabulary)}
    places = np.array([known.setdefault(t, len(known)) for t in new.vocabulary], dtype=np.int32)
    first = int(keep.sum())
    return Postings(
        tuple(known),
        np.concatenate([old.term[alive], places[new.term] if len(places) else new.term]),
        np.concatenate([numbers[old.entry[alive]].astype(np.int32), new.entry + np.int32(first)]),
        np.concatenate([old.place[alive], new.place]),
        np.concatenate([old.count[alive], new.count]),
        np.concatenate([old.lengths[keep], new.lengths]),
    )


class Weighted:
    """BM25F weights per term and entry."""

    def __init__(self, postings: Postings, weights: Mapping[str, float] | None = None) -> None:
        """Adds up the fields; `weights` replaces those of FIELDS."""
        self.count = len(postings.lengths)
        self.vocabulary = {t: n for n, t in enumerate(postings.vocabulary)}
        order = np.lexsort((postings.entry, postings.term))
        term, entry, place = postings.term[order], postings.entry[order], postings.place[order]
        means = np.maximum(postings.lengths.mean(axis=0), 1e-9) if self.count else np.ones(len(FIELDS))
        weight = np.array([(weights or {}).get(f, w) for f, (w, _) in FIELDS.items()], dtype=np.float32)
        share = np.array([b for _, b in FIELDS.values()], dtype=np.float32)
        norm = 1 - share + share * postings.lengths / means
        value = weight[place] * postings.count[order] / norm[entry, place]
        first = np.ones(len(term), dtype=bool)
        first[1:] = (term[1:] != term[:-1]) | (entry[1:] != entry[:-1])
        starts = np.flatnonzero(first)
        total = np.add.reduceat(value, starts) if len(starts) else value
        self._entries: Ints = entry[starts]
        terms_ = term[starts]
        self._ends = np.searchsorted(terms_, np.arange(len(self.vocabulary) + 1))
        found = np.diff(self._ends)
        idf = np.log1p((self.count - found + 0.5) / (found + 0.5))
        self._weights: Floats = (idf[terms_] * total * (K1 + 1) / (K1 + total)).astype(np.float32)

    def of(self, term: str) -> tuple[Ints, Floats]:
        """The entries that have a term, ascending, and what it counts there."""
        number = self.vocabulary.get(term)
        if number is None:
            return self._entries[:0], self._weights[:0]
        start, end = self._ends[number], self._ends[number + 1]
        return self._entries[start:end], self._weights[start:end]
