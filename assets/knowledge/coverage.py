"""How much of a question's content a text holds, weighted by how rare each part of it is in the handbook."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log
from typing import NamedTuple

from assets.knowledge import tokens

PARTLY = 0.25  # what a Chinese character counts when a text holds it, but not beside its neighbour in the question


class Asked(NamedTuple):
    """A question's content.

    Attributes:
        words: stems of Latin words and numbers, with weights.
        runs: runs of Chinese characters without words such as 多少, each character with its weight.
    """

    words: dict[str, float]
    runs: tuple[tuple[str, tuple[float, ...]], ...]


class Coverage:
    """Shares of questions' content, in [0, 1], by the rarities that a collection of texts has.

    Words count as wholes. Chinese has no blanks between words, so it is counted by character: wholly when the text
    holds the character together with a neighbour it has in the question, and PARTLY when it holds it alone. Pairs as
    units would punish paraphrases: those that span two words occur nowhere and would weigh most of all.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._count = len(texts)
        self._words: Counter[str] = Counter()
        self._characters: Counter[str] = Counter()
        for text in texts:
            normal = tokens.normalize(text)
            self._words.update(set(tokens.words(normal)))
            self._characters.update({c for c in normal if tokens.is_cjk(c)})

    def asked(self, question: str) -> Asked:
        """The content of a question."""
        words: dict[str, float] = {}
        runs: list[tuple[str, tuple[float, ...]]] = []
        for run in tokens.content_runs(question):
            if tokens.is_cjk(run):
                runs.append((run, tuple(self._rarity(self._characters[c]) for c in run)))
            else:
                stem = tokens.stem(run)
                words[stem] = self._rarity(self._words[stem])
        return Asked(words, tuple(runs))

    def share(self, asked: Asked, text: str) -> float:
        """The share of a question's content that a text holds."""
        normal = tokens.normalize(text)
        stems = set(tokens.words(normal)) if asked.words else set()
        held = sum(weight for word, weight in asked.words.items() if word in stems)
        total = sum(asked.words.values())
        for run, weights in asked.runs:
            held += sum(w * s for w, s in zip(weights, _characters(run, normal), strict=True))
            total += sum(weights)
        return held / total if total else 0.0

    def _rarity(self, frequency: int) -> float:
        return log(1 + (self._count + 0.5) / (frequency + 0.5))


def _characters(run: str, text: str) -> Iterable[float]:
    """The share of each character of a run that a text holds."""
    pairs = [run[i : i + 2] in text for i in range(len(run) - 1)]
    for i, character in enumerate(run):
        if any(pairs[max(i - 1, 0) : i + 1]) or (len(run) == 1 and character in text):
            yield 1.0
        else:
            yield PARTLY if character in text else 0.0
