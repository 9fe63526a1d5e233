"""Names of tables and columns to words, and how alike two names are: cases, plurals, abbreviations, misspellings."""

import re
import unicodedata
from functools import lru_cache

_PIECES = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u3400-\u9fff]+")
# Endings that say "this identifies something" and nothing of what.
_IDENTIFIER_TEXT = """
    id ids key keys code codes no nr num nbr number uuid guid uid sk fk pk ref pid oid idx
    编号 编码 代码 主键 标识 号 序号
"""
IDENTIFIERS = frozenset(_IDENTIFIER_TEXT.split())
# Endings of words that are not `…id`.
_NOT_ID_TEXT = "paid said valid invalid void avoid rapid liquid solid fluid grid android hybrid unpaid bid"
_NOT_ID = frozenset(_NOT_ID_TEXT.split())
# Parts of table names that tell its place and not what it holds.
_WRAPPING_TEXT = "tbl tb t dim fact ref stg raw src tmp vw v d f ods dwd dws ads lkp lookup"
_WRAPPING = frozenset(_WRAPPING_TEXT.split())
_CHINESE_ENDINGS = ("编号", "编码", "代码", "主键", "标识", "序号")


@lru_cache(maxsize=1 << 16)
def tokens(name: str) -> tuple[str, ...]:
    """Lower-case singular words of a name: `tblCustomerID` is tbl, customer, id; `studentid` is student, id."""
    found: list[str] = []
    for piece in _PIECES.findall(unicodedata.normalize("NFKC", name)):
        word = singular(piece.lower())
        if len(word) > 4 and word.endswith("id") and word not in _NOT_ID:
            found += [word[:-2], "id"]
        elif ending := next((e for e in _CHINESE_ENDINGS if word.endswith(e) and word != e), ""):
            found += [word.removesuffix(ending), ending]
        else:
            found.append(word)
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def core(name: str) -> tuple[str, ...]:
    """The words of a column's name that say what it identifies: without id, code, number and the like."""
    found = tokens(name)
    return tuple(t for t in found if t not in IDENTIFIERS)


@lru_cache(maxsize=1 << 16)
def subject(table: str) -> tuple[str, ...]:
    """The words of a table's name that say what it holds; the schema is left out."""
    found = tokens(table.rsplit(".", 1)[-1])
    return tuple(t for t in found if t not in _WRAPPING) or found


@lru_cache(maxsize=1 << 16)
def identifies(name: str) -> bool:
    """Whether a column's name ends or begins as an identifier's."""
    found = tokens(name)
    return bool(found) and (found[-1] in IDENTIFIERS or found[0] in ("id", "fk", "pk", "sk"))


def singular(word: str) -> str:
    """The singular of an English noun by its ending."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 4 and word.endswith("uses") and word[-5] not in "ao":
        return word[:-2]  # campuses, statuses; but houses and causes keep the e
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=1 << 17)
def alike(a: str, b: str) -> float:
    """How surely two words mean the same, 0 to 1: equal, one the other's beginning or abbreviation, misspelt."""
    if a == b:
        return 1.0
    short, long = sorted((a, b), key=len)
    if not short or short[0] != long[0] or short.isdigit():
        return 0.0
    if long.startswith(short) and len(short) > 2:
        return 0.85
    if 1 < len(short) <= 5 and len(short) < len(long) - 1 and _abbreviates(short, long):
        return 0.7
    if len(short) > 4:
        import jellyfish

        distance = jellyfish.damerau_levenshtein_distance(short, long)
        if distance <= len(long) // 5:
            return 0.8
    return 0.0


def within(letters: str, word: str) -> bool:
    """Whether a word has these letters in this order."""
    rest = iter(word)
    return all(letter in rest for letter in letters)


def _abbreviates(short: str, long: str) -> bool:
    """Letters in order, as `mgr` in `manager`; vowels are what one drops, so `cat` is not `contact`."""
    if short[1] in "aeiou" and short[1] != long[1]:
        return False
    at = 0
    for letter in short:
        at = long.find(letter, at) + 1
        if not at:
            return False
    dropped = sum(c in "aeiou" for c in long) - sum(c in "aeiou" for c in short)
    return dropped > 0 and (short[-1] in (long[-1], long[-2]) or long.startswith(short[:2]))


@lru_cache(maxsize=1 << 17)
def share(some: tuple[str, ...], others: tuple[str, ...]) -> float:
    """The share of the first words that the others have, each as surely as its best match; by length of word."""
    if not some or not others:
        return 0.0
    weights = [min(len(word), 6) for word in some]
    return sum(w * max(alike(word, o) for o in others) for w, word in zip(weights, some, strict=True)) / sum(weights)


@lru_cache(maxsize=1 << 17)
def similarity(some: tuple[str, ...], others: tuple[str, ...]) -> float:
    """Harmonic mean of both shares; glued names such as `orderitem` and `order item` are the same."""
    if some and "".join(some) == "".join(others):
        return 1.0
    forth, back = share(some, others), share(others, some)
    return 2 * forth * back / (forth + back) if forth + back else 0.0


@lru_cache(maxsize=1 << 16)
def initials(words: tuple[str, ...]) -> str:
    """The first letters: `happy hour` is hh."""
    return "".join(word[0] for word in words)
