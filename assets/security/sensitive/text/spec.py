"""A pattern recogniser as data: what it looks for, how sure that alone makes, and which words near it raise that.

Patterns run in Python's `re`, because they need look-around where Chinese has no blanks (`\\b` fails between two
Chinese characters). They come from patterns.yaml alone, never from outside, and repeat nothing within something
repeated, so that the time is linear in the text but for a constant; tests feed them megabytes.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from assets.catalog.model import Value
from assets.catalog.semantics.dictionaries import read_words
from assets.catalog.semantics.spec import SemanticsError, read_yaml
from assets.documents import shaped

FILE = Path(__file__).parent / "patterns.yaml"
END = "\x00"  # between texts; no pattern matches it
LATIN = re.compile("[A-Za-zÀ-ɏ]")


_PLAIN = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz@.-+"
_WIDE = 0xFEE0  # from a character to its form of full width
_READ = str.maketrans({END: " "} | {chr(ord(c) + _WIDE): c for c in _PLAIN})


class Span(NamedTuple):
    """Something sensitive in a text: from `start` to before `end`, in characters."""

    start: int
    end: int
    class_: str
    confidence: float
    evidence: tuple[str, ...] = ()


Finder = Callable[[str], Sequence[Span]]  # spans in a text, or in many with END between them


class Words(Value):
    """Words near a value, in both languages."""

    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()


class PatternSpec(Value):
    """One pattern.

    Attributes:
        class_: the class of what it finds (classes.yaml), or `context_class` with one of the context words near.
        pattern: Python's syntax; a group `v` is the value, otherwise the whole match is.
        validator: name of a validator of assets/catalog/semantics/validators.py, on the value without `strip`.
        score: confidence alone; `raised` with a context word near, which makes no difference where it is 0.
        against: words near it that lower the confidence to `lowered`.
        folded: upper and lower case are the same.
    """

    name: str
    class_: str = Field(alias="class")
    pattern: str
    validator: str = ""
    strip: str = " -"
    score: float = Field(ge=0, le=1)
    raised: float = Field(default=0.0, ge=0, le=1)
    context: Words = Words()
    context_class: str = ""
    against: Words = Words()
    lowered: float = Field(default=0.2, ge=0, le=1)
    folded: bool = False
    upper: bool = False

    def compiled(self) -> re.Pattern[str]:
        """The pattern, ready to search with."""
        return re.compile(self.pattern, re.IGNORECASE if self.folded else 0)


def readable(text: str) -> str:
    """A text as finders read it, as long as it was: digits and letters of full width in their usual form, no END."""
    return text.translate(_READ)


@lru_cache(1)
def specs() -> tuple[PatternSpec, ...]:
    """The patterns of patterns.yaml.

    Raises:
        SemanticsError: naming the entry that is wrong.
    """
    document = read_yaml(FILE)
    shared: dict[str, dict[str, list[str]]] = document["words"]
    found = []
    for item in document["patterns"]:
        for field in ("context", "against"):
            if isinstance(item.get(field), str):
                item[field] = _together(shared, item[field].split())
        found.append(shaped(item, PatternSpec, f"{FILE}, {item.get('name')}", refusal=SemanticsError))
    return tuple(found)


def _together(shared: dict[str, dict[str, list[str]]], names: list[str]) -> dict[str, list[str]]:
    """The words of several shared lists."""
    return {language: [w for name in names for w in shared[name].get(language, ())] for language in ("en", "zh")}


def near(words: Words) -> re.Pattern[str] | None:
    """What searches for context words: English as whole words with a possible plural, Chinese anywhere."""
    parts = [rf"(?<![a-z]){re.escape(w)}s?(?![a-z])" for w in words.en] + [re.escape(w) for w in words.zh]
    return re.compile("|".join(parts)) if parts else None


@lru_cache(1)
def own_words() -> dict[str, frozenset[str]]:
    """The word lists of words.yaml."""
    return read_words(FILE.parent / "words.yaml")
