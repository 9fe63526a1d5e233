"""How alike two column names are: words, abbreviations, dropped vowels, prefixes, Chinese, pinyin and synonyms."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz.distance import JaroWinkler, Levenshtein

from assets.catalog.relations.names import IDENTIFIERS, within

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[\u3400-\u9fff]+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Name:
    """A column name taken apart.

    Attributes:
        words: lower-case words without accents, without the prefix that all columns of the table share.
        whole: all letters and digits of the name, lower case.
        translations: the same name in other words: synonyms of the glossary and pinyin.
    """

    text: str
    words: tuple[str, ...]
    whole: str
    translations: tuple[tuple[str, ...], ...] = ()


def names(columns: Sequence[str]) -> list[Name]:
    """The names of a table's columns."""
    split = [_words(column) for column in columns]
    shared = _shared_prefix(split)
    found = []
    for column, words in zip(columns, split, strict=True):
        rest = words[shared:] if len(words) > shared else words
        found.append(Name(column, rest, "".join(words), tuple(_translated(rest))))
    return found


def _words(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(word.lower() for word in _WORD.findall(plain)) or (text.lower(),)


def _shared_prefix(split: Sequence[tuple[str, ...]]) -> int:
    """How many first words all names of a table of at least three columns share: a prefix says nothing."""
    if len(split) < 3:
        return 0
    shared = 0
    while all(len(words) > shared + 1 for words in split) and len({words[shared] for words in split}) == 1:
        shared += 1
    return shared


def _translated(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    for word in words:
        if not word.isascii():
            yield from _from_chinese(word)


@cache
def _from_chinese(word: str) -> tuple[tuple[str, ...], ...]:
    from pypinyin import lazy_pinyin

    from assets.catalog.search.glossary import load

    syllables = tuple(lazy_pinyin(word))
    found = [syllables, ("".join(syllables),), ("".join(s[0] for s in syllables if s),)]
    glossary = load()
    spans = [word[i:j] for i in range(len(word)) for j in range(len(word), i, -1)]
    found += [other for span in spans for other in glossary.same.get((span,), ()) if all(map(str.isascii, other))]
    return tuple(dict.fromkeys(found))


def alike(one: Name, other: Name) -> float:
    """From 0 to 1; 1 for the same letters and digits."""
    if one.whole == other.whole or one.words == other.words:
        return 1.0
    best = _of_words(one.words, other.words)
    for words in one.translations:
        best = max(best, 0.95 * _of_words(words, other.words))
    for words in other.translations:
        best = max(best, 0.95 * _of_words(one.words, words))
    return max(best, 0.9 * _skeletons(one.whole, other.whole))


@cache
def _of_words(some: tuple[str, ...], others: tuple[str, ...]) -> float:
    """Words of the shorter name, each with its best partner in the longer; what is left over takes off.

    Left over in front of a longer name (a table's name as prefix) takes off less than elsewhere.
    """
    short, long = sorted((some, others), key=len)
    free, total = list(range(len(long))), 0.0
    for word in short:
        if not free:
            break
        place = max(free, key=lambda p: _word(word, long[p]))
        likeness = _word(word, long[place])
        total += likeness if likeness >= 0.5 else 0.3 * likeness
        if likeness >= 0.5:
            free.remove(place)
    prefix = sum(1 for place in free if place < len(long) - len(short))
    weight = len(short) + 0.35 * prefix + 0.7 * (len(free) - prefix)
    return total / max(weight, 1.0)


@cache
def _word(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if one in IDENTIFIERS and other in IDENTIFIERS:
        return 0.85
    if _synonyms(one, other):
        return 0.9
    short, long = sorted((one, other), key=len)
    if short[0] != long[0]:
        return 0.6 * float(Levenshtein.normalized_similarity(one, other))
    if len(short) >= 2 and long.startswith(short):
        return 0.8 + 0.15 * len(short) / len(long)
    if _skeleton(one) == _skeleton(other) and len(_skeleton(one)) >= 2:
        return 0.93
    if len(short) >= 2 and within(short, long):
        return 0.6 + 0.25 * len(short) / len(long)
    return max(0.0, float(JaroWinkler.similarity(one, other)) - 0.25)


@cache
def _synonyms(one: str, other: str) -> bool:
    from assets.catalog.search.glossary import load, phrase

    return phrase(other) in load().same.get(phrase(one), ())


def _skeleton(word: str) -> str:
    """The word without vowels after its first letter."""
    return word[:1] + re.sub("[aeiouäöü]", "", word[1:])


def _skeletons(one: str, other: str) -> float:
    some, others = re.sub("[aeiou]", "", one), re.sub("[aeiou]", "", other)
    if min(len(some), len(others)) < 2:
        return 0.0
    return 1.0 if some == others else max(0.0, float(Levenshtein.normalized_similarity(some, others)) - 0.15)
