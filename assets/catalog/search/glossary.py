"""Words that mean about the same, in English and Chinese: the general ones that ship, and the user's own."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from assets.catalog.search.words import pieces
from assets.documents import loaded
from assets.knowledge.tokens import is_cjk, stem
from core.errors import StoreError

GENERAL = Path(__file__).with_name("glossary.yaml")
Phrase = tuple[str, ...]  # stems of English words, or one Chinese word


@dataclass(frozen=True)
class Glossary:
    """Phrases to the phrases that mean the same.

    Attributes:
        same: a phrase to the others of its rows, in their order.
        longest: characters of the longest Chinese word.
        widest: words of the longest English phrase.
    """

    same: dict[Phrase, tuple[Phrase, ...]] = field(default_factory=dict)
    longest: int = 1
    widest: int = 1


def load(*extra: Path) -> Glossary:
    """The general glossary with the user's own files on top.

    Raises:
        StoreError: a file is no YAML or not a list of rows of words; the message names file and row.
    """
    return _load((GENERAL, *extra))


@cache
def _load(paths: tuple[Path, ...]) -> Glossary:
    return build([row for path in paths for row in _rows(path)])


def build(rows: Iterable[Sequence[str]]) -> Glossary:
    """A glossary of rows of words; a word that stands in several rows has the others of each."""
    same: dict[Phrase, dict[Phrase, None]] = defaultdict(dict)
    for row in rows:
        phrases = [phrase(word) for word in row]
        for one in phrases:
            same[one].update(dict.fromkeys(other for other in phrases if other != one))
    longest = max((len(p[0]) for p in same if is_cjk(p[0])), default=1)
    widest = max((len(p) for p in same), default=1)
    return Glossary({p: tuple(others) for p, others in same.items()}, longest, widest)


def phrase(word: str) -> Phrase:
    """A word of the glossary as stems."""
    return tuple(piece if is_cjk(piece) else stem(piece) for piece in pieces(word))


def _rows(path: Path) -> list[list[str]]:
    found = loaded(path, StoreError)
    rows = found.get("terms") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise StoreError(f"glossary {path} has no list `terms`", "give rows of words, as in docs/catalog.md")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or not all(isinstance(w, str) and phrase(w) for w in row):
            raise StoreError(f"glossary {path}: row {number} is not a list of words", "write [customer, 客户]")
    return rows
