"""The search index: built from entries, changed by entries, kept in one file, asked in words."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from assets.catalog.search import postings, shelf
from assets.catalog.search.expand import Expander
from assets.catalog.search.glossary import Glossary, load
from assets.catalog.search.model import Entry, Hit
from assets.catalog.search.postings import Floats, Postings, Weighted
from assets.catalog.search.question import TRANSLATION, Concept, Question, parse
from assets.catalog.search.rank import Ranking, rank
from assets.catalog.search.reasons import explain
from assets.catalog.search.shelf import Shelf
from assets.catalog.search.words import pieces
from assets.knowledge.tokens import is_cjk

Allowed = Callable[[str], bool]
LOOKED_AT = 400  # entries ranked closely, the best by words alone


class Embedder(Protocol):
    """Texts to unit vectors, float32 [texts, dimensions]; English."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """One vector per text."""


@dataclass(frozen=True)
class Content:
    """What an index keeps: the entries, their words and, where it was built with an embedder, their vectors."""

    shelf: Shelf
    postings: Postings
    vectors: Floats | None = None


class Index:
    """Answers questions over catalogue entries.

    Args:
        glossary: default: the general one.
        embedder: the one that made the vectors; without it they are not used.
    """

    def __init__(self, content: Content, glossary: Glossary | None = None, embedder: Embedder | None = None) -> None:
        self.content = content
        self._shelf = content.shelf
        self._glossary = glossary or load()
        self._embedder = embedder if content.vectors is not None else None
        self._weighted = Weighted(content.postings)
        self._expand = Expander(self._weighted.vocabulary)

    @classmethod
    def build(
        cls, entries: Iterable[Entry], glossary: Glossary | None = None, embedder: Embedder | None = None
    ) -> "Index":
        """An index of entries; of several with one key the last counts."""
        return cls(_content(entries, embedder), glossary, embedder)

    def __len__(self) -> int:
        return len(self._shelf.keys)

    def update(self, changed: Iterable[Entry], removed: Iterable[str] = ()) -> "Index":
        """The index with some entries added or replaced and others removed; only the changed ones are read again."""
        old, new = self.content, _content(changed, self._embedder)
        gone = set(new.shelf.keys) | set(removed)
        keep = np.array([key not in gone for key in old.shelf.keys], dtype=bool)
        vectors = None
        if old.vectors is not None and new.vectors is not None:
            vectors = np.concatenate([old.vectors[keep], new.vectors])
        merged = Content(
            shelf.merge(old.shelf, keep, new.shelf), postings.merge(old.postings, keep, new.postings), vectors
        )
        return Index(merged, self._glossary, self._embedder)

    def search(self, question: str, limit: int = 10, allowed: Allowed | None = None) -> list[Hit]:
        """The entries that fit a question best.

        Args:
            allowed: whether the asker may see an entry, by key. What is not allowed is not shown, is in no reason,
                and lends nothing to its neighbours.
        """
        asked = self._parse(question)
        scores = self._scores(asked)
        looked_at = self._visible(scores.sum(axis=0), max(LOOKED_AT, 2 * limit), allowed)
        ranking = rank(asked, scores[:, looked_at], looked_at, self._shelf, self._cosines(question, looked_at))
        return [self._hit(asked, ranking, n) for n in ranking.order[:limit]]

    def _parse(self, question: str) -> Question:
        """The question's concepts; of possible values only those that some column has."""
        asked = parse(question, self._glossary)
        known = self._weighted.vocabulary
        found = [c for c in asked.concepts if not (name := c.alternatives[0][0][0]).startswith("= ") or name in known]
        return replace(asked, concepts=tuple(found))

    def _scores(self, asked: Question) -> Floats:
        """What each concept counts in each entry, float32 [concepts, entries]."""
        found = np.zeros((len(asked.concepts), len(self)), dtype=np.float32)
        for row, concept in zip(found, asked.concepts, strict=True):
            self._fill(row, concept)
        return found

    def _visible(self, total: Floats, amount: int, allowed: Allowed | None) -> list[int]:
        """The best allowed entries by words alone, the best first; asks about as few as it can."""
        found = np.flatnonzero(total > 0)
        found = found[np.argsort(-total[found], kind="stable")]
        if allowed is None:
            return [int(n) for n in found[:amount]]
        visible: list[int] = []
        for number in found:
            if allowed(self._shelf.keys[number]):
                visible.append(int(number))
                if len(visible) == amount:
                    break
        return visible

    def _cosines(self, question: str, looked_at: Sequence[int]) -> Floats | None:
        if self._embedder is None or self.content.vectors is None or any(map(is_cjk, pieces(question))):
            return None
        asked: Floats = self._embedder.embed([question])[0]
        return np.asarray(self.content.vectors[list(looked_at)] @ asked, dtype=np.float32)

    def _fill(self, row: Floats, concept: Concept) -> None:
        """Write the best that a concept's alternatives count, in place."""
        for phrase, weight in concept.alternatives:
            entries, values = self._weighted.of(phrase[0])
            for term in phrase[1:]:  # all words must be there
                others, more = self._weighted.of(term)
                entries, left, right = np.intersect1d(entries, others, assume_unique=True, return_indices=True)
                values = values[left] + more[right]
            row[entries] = np.maximum(row[entries], weight * values)
        for word, weight in self._spelled(concept):
            entries, values = self._weighted.of(word)
            row[entries] = np.maximum(row[entries], weight * values)

    def _spelled(self, concept: Concept) -> Iterator[tuple[str, float]]:
        """Other spellings of the question's own word and of its translations."""
        own = concept.alternatives[0][0]
        for phrase, weight in concept.alternatives:
            if phrase is own or weight == TRANSLATION:
                yield from ((word, value * weight) for word, value in self._expand.terms(phrase))

    def _hit(self, asked: Question, ranking: Ranking, number: int) -> Hit:
        entry = self._shelf.entry(number)
        told = explain(asked, ranking, number, entry, self._shelf.keys)
        en, zh = tuple(r.en for r in told), tuple(r.zh for r in told)
        return Hit(key=entry.key, score=round(ranking.scores[number], 4), reasons=en, reasons_zh=zh)


def _content(entries: Iterable[Entry], embedder: Embedder | None) -> Content:
    unique = tuple({entry.key: entry for entry in entries}.values())
    vectors = embedder.embed([_told(entry) for entry in unique]) if embedder is not None else None
    return Content(shelf.collect(unique), postings.collect(unique), vectors)


def _told(entry: Entry) -> str:
    """An entry as a sentence for the embedder."""
    title = " ".join(pieces(entry.title or entry.key.rsplit("/", 1)[-1]))
    columns = ", ".join(" ".join(pieces(c.name)) for c in entry.columns)
    return f"{title}: {columns}. {entry.description}"
