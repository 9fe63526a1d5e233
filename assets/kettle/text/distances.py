"""Distances and similarities of two texts, digit for digit those of Kettle's libraries.

Texts are compared by UTF-16 code unit, as Java's. Jaro exists twice: `jaro` and `jaro_winkler` are the Calculator's,
`second_jaro` and `second_jaro_winkler` are those of Fuzzy match (SecondString), which look wider and reward at most
four equal characters at the start.
"""

from collections import Counter
from collections.abc import Sequence

import jellyfish


def units(text: str) -> Sequence[str]:
    """The characters of a text; surrogate pairs count as two."""
    if text.isascii() or max(text) < "\U00010000":
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return [chr(int.from_bytes(data[i : i + 2], "little")) for i in range(0, len(data), 2)]


def levenshtein(left: str, right: str) -> int:
    """Insertions, deletions and substitutions."""
    if left.isascii() and right.isascii():
        return int(jellyfish.levenshtein_distance(left, right))
    return _edits(units(left), units(right), swaps=False)


def damerau_levenshtein(left: str, right: str) -> int:
    """Also swaps of neighbours; no part is edited twice (optimal string alignment), so "CA" to "ABC" is 3."""
    return _edits(units(left), units(right), swaps=True)


def needleman_wunsch(left: str, right: str) -> int:
    """The score of the best alignment: minus one for each gap or different letter; case does not count."""
    return -levenshtein(left.lower(), right.lower())


def _edits(left: Sequence[str], right: Sequence[str], *, swaps: bool) -> int:
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left):
        last, row_before = before, row
        before, row = row_before, [i + 1]
        for j, b in enumerate(right):
            cost = 0 if a == b else 1
            best = min(row[j] + 1, row_before[j + 1] + 1, row_before[j] + cost)
            if swaps and i and j and a == right[j - 1] and left[i - 1] == b:
                best = min(best, last[j - 1] + cost)
            row.append(best)
    return row[-1]


def jaro(left: str, right: str) -> float:
    """Jaro similarity, 0 when nothing matches (also for two empty texts)."""
    return _jaro_parts(units(left), units(right))[0]


def jaro_winkler(left: str, right: str) -> float:
    """Jaro similarity, from 0.7 on raised by the whole equal start, scaled by at most 0.1."""
    similarity, prefix, longest = _jaro_parts(units(left), units(right))
    if similarity == 0 or similarity < 0.7:
        return similarity
    return similarity + min(0.1, 1 / longest) * prefix * (1 - similarity)


def _jaro_parts(left: Sequence[str], right: Sequence[str]) -> tuple[float, int, int]:
    longer, shorter = (left, right) if len(left) > len(right) else (right, left)
    reach = max(len(longer) // 2 - 1, 0)
    taken = [False] * len(longer)
    first: list[str] = []
    for i, char in enumerate(shorter):
        for k in range(max(i - reach, 0), min(i + reach + 1, len(longer))):
            if not taken[k] and longer[k] == char:
                taken[k] = True
                first.append(char)
                break
    second = [char for char, used in zip(longer, taken, strict=True) if used]
    matches = len(first)
    if not matches:
        return 0.0, 0, len(longer)
    swapped = sum(a != b for a, b in zip(first, second, strict=True)) // 2
    similarity = (matches / len(left) + matches / len(right) + (matches - swapped) / matches) / 3
    return similarity, _equal_start(left, right), len(longer)


def _equal_start(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return count


def second_jaro(left: str, right: str) -> float:
    """SecondString's Jaro: letters match within half of the shorter text plus one."""
    reach = min(len(left), len(right)) // 2 + 1
    first, second = _common(left, right, reach), _common(right, left, reach)
    if not first or len(first) != len(second):
        return 0.0
    swapped = sum(a != b for a, b in zip(first, second, strict=True)) // 2
    matches = len(first)
    return (matches / len(left) + matches / len(right) + (matches - swapped) / matches) / 3.0


def second_jaro_winkler(left: str, right: str) -> float:
    """SecondString's Jaro raised by 0.1 for each of at most four equal characters at the start, whatever the score."""
    similarity = second_jaro(left, right)
    return similarity + min(4, _equal_start(left, right)) * 0.1 * (1 - similarity)


def _common(left: str, right: str, reach: int) -> list[str]:
    free = list(right)
    found: list[str] = []
    for i, char in enumerate(left):
        for k in range(max(0, i - reach), min(i + reach, len(right))):
            if free[k] == char:
                found.append(char)
                free[k] = "*"
                break
    return found


def pair_similarity(left: str, right: str) -> float:
    """Share of equal pairs of letters within words (Simon White); 1 for two empty texts, NaN where none has a pair."""
    if not left and not right:
        return 1.0
    first, second = _pairs(left), _pairs(right)
    total = len(first) + len(second)
    if not total:
        return float("nan")
    return 2.0 * (Counter(first) & Counter(second)).total() / total


def _pairs(text: str) -> list[str]:
    return [word[i : i + 2] for word in text.upper().split() for i in range(len(word) - 1)]
