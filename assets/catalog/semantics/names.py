"""What a header says: words in English, Chinese and pinyin, compared with the hints of the types.

A header never decides alone; it raises types that the content allows.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from assets.catalog.semantics.spec import SemanticType

WHOLE = 1.0  # the header is the hint
PART = 0.75  # the header ends with the hint, as its head word
AMONG = 0.5  # the hint stands elsewhere in the header
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[\u4e00-\u9fff]+")
_EMPTY = re.compile(r"(?i)^(?:c|col|column|field|f|v|var|x|attr|unnamed|列|字段)?[\s_:.-]*\d*$")


class Hints:
    """The hints of all types, looked up by words of a header."""

    def __init__(self, types: Iterable[SemanticType]) -> None:
        self._types: dict[str, list[str]] = defaultdict(list)
        for type_ in types:
            for hint in (*type_.hints.en, *type_.hints.zh, *type_.hints.pinyin):
                self._types[hint.lower()].append(type_.name)

    def of(self, header: str) -> dict[str, tuple[float, str]]:
        """Types the header speaks for: how strongly (0 to 1) and the word that does."""
        if meaningless(header):
            return {}
        words = [w.lower() for w in _WORD.findall(header)]
        found: dict[str, tuple[float, str]] = {}
        for hint, strength in _candidates(words):
            for name in self._types.get(hint, ()):
                if strength > found.get(name, (0.0, ""))[0]:
                    found[name] = (strength, hint)
        return found


def meaningless(header: str) -> bool:
    """Whether a header says nothing, such as c1, col_3 or 列2."""
    return bool(_EMPTY.match(header.strip()))


def _candidates(words: list[str]) -> Iterable[tuple[str, float]]:
    """Runs of the header's words with their strength; runs of characters within Chinese words."""
    n = len(words)
    for i in range(n):
        for j in range(i + 1, min(n, i + 4) + 1):
            strength = WHOLE if j - i == n else PART if j == n else AMONG
            yield " ".join(words[i:j]), strength
            if j - i > 1:
                yield "".join(words[i:j]), strength
        if "\u4e00" <= words[i][0] <= "\u9fff":
            yield from _within(words[i], whole=n == 1)


def _within(word: str, whole: bool) -> Iterable[tuple[str, float]]:
    for i in range(len(word)):
        for j in range(i + 2, min(len(word), i + 8) + 1):
            if j - i == len(word):
                yield word, WHOLE if whole else PART
            else:
                yield word[i:j], PART if j == len(word) else AMONG
