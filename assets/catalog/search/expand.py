"""Words of the index that abbreviate, begin or misspell a question's word."""

from collections import defaultdict
from collections.abc import Iterable

from assets.catalog.relations.names import alike
from assets.knowledge.tokens import is_cjk

SHORT = 5  # abbreviations are no longer
ABBREVIATION = 0.6
LIKE = 0.5
MOST = 6  # words that stand in for one


class Expander:
    """Looks words up by their first letter; answers are kept."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._words: dict[str, list[str]] = defaultdict(list)
        self._known: set[str] = set()
        for word in vocabulary:
            self._known.add(word)
            if word.isalpha() and word.isascii():
                self._words[word[0]].append(word)
        self._short = {c: [w for w in words if len(w) <= SHORT] for c, words in self._words.items()}
        self._answers: dict[str, list[tuple[str, float]]] = {}

    def terms(self, phrase: tuple[str, ...]) -> list[tuple[str, float]]:
        """Other words for a phrase of one word, with what they count beside it."""
        if len(phrase) != 1 or is_cjk(phrase[0]) or len(phrase[0]) < 3 or not phrase[0].isascii():
            return []
        word = phrase[0]
        if word not in self._answers:
            self._answers[word] = self._find(word)
        return self._answers[word]

    def _find(self, word: str) -> list[tuple[str, float]]:
        unknown = word not in self._known
        near = self._words.get(word[0], ()) if unknown else self._short.get(word[0], ())
        rated = [(alike(word, w), w) for w in near if w != word]
        best = sorted((-value, w) for value, w in rated if value >= 0.7)[:MOST]
        return [(w, (LIKE if unknown else ABBREVIATION) * -value) for value, w in best]
