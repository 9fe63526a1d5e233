"""Names and texts of catalogue entries to index terms: stems of English words, pairs of Chinese characters."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from assets.knowledge.tokens import STOP_WORDS, is_cjk, stem

_PIECES = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u3400-\u9fff]+")
WIDEST = 5  # words of a value that a question can name as a whole
LONGEST = 4  # characters of a Chinese term that is kept whole beside its pairs


@lru_cache(maxsize=1 << 16)
def pieces(text: str) -> tuple[str, ...]:
    """Lower-case words of a name or text: snake and camel case apart, Chinese runs whole, accents folded."""
    folded = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    return tuple(piece.lower() for piece in _PIECES.findall(unicodedata.normalize("NFKC", plain)))


def terms(text: str) -> Iterator[str]:
    """The index terms of a name or text, repeated as often as they occur."""
    for piece in pieces(text):
        if is_cjk(piece):
            yield from chinese(piece)
        elif piece not in STOP_WORDS:
            yield stem(piece)


def chinese(run: str) -> Iterator[str]:
    """Pairs of characters; a run of one character is itself, and short runs are kept whole too."""
    if len(run) <= 2:
        yield run
        return
    for start in range(len(run) - 1):
        yield run[start : start + 2]
    if len(run) <= LONGEST:
        yield run


def whole(value: str) -> Iterator[str]:
    """The one term that stands for a whole value: `= lake city` for Lake City; nothing for long texts."""
    words = pieces(value)
    if words and len(words) <= WIDEST and (len(words) > 1 or not words[0].isdigit()):
        yield f"= {' '.join(words)}"
