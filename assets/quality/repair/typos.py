"""Misspellings of a column's frequent values, where no dependency tells: rare values close to a frequent one.

Around a value u of n rows one expects e t n mistyped rows (e errors, t of them typos) and r other true values, r being
how often frequent values of this column have another frequent value as close; the quotient is the odds that a rare
value near u is a typo of it. Codes and numbers have close neighbours everywhere, so that nothing is said of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assets.quality.detect.coded import Coded
from assets.quality.repair.channel import Channel
from assets.quality.repair.factors import RATE

FREQUENT = 3  # rows from which a value vouches for others
VALUES = 4000  # frequent values and rare ones looked at
SHORTEST = 3  # characters
LONGEST = 300
LIKELY = 0.5


@dataclass(frozen=True)
class Typo:
    """A value of a column that is a misspelling of another: codes."""

    before: int
    after: int
    confidence: float


def typos(column: Coded, channel: Channel, rate: float = RATE) -> Iterator[Typo]:
    """Likely misspellings among the values of a column."""
    rows = column.counts[1:]
    usable = [c for c, v in enumerate(column.values) if c and SHORTEST <= len(v) <= LONGEST and _worded(v)]
    frequent = sorted((c for c in usable if column.counts[c] >= FREQUENT), key=lambda c: -column.counts[c])[:VALUES]
    rare = [c for c in usable if 0 < column.counts[c] <= max(2, int(rows.max(initial=0)) // 20)][:VALUES]
    if not frequent or not rare:
        return
    near = _near([column.values[c] for c in rare], [column.values[c] for c in frequent])
    crowd = _crowding([column.values[c] for c in frequent], len(rare))
    for place, choices in enumerate(near):
        before = rare[place]
        best, most = -1, 0.0
        for choice in choices:
            after = frequent[choice]
            if after == before or column.counts[after] < FREQUENT * column.counts[before]:
                continue
            odds = _odds(column, before, after, channel, rate, crowd)
            if odds > most:
                best, most = after, odds
        if best >= 0 and most / (1 + most) >= LIKELY:
            yield Typo(before, best, most / (1 + most))


def _odds(column: Coded, before: int, after: int, channel: Channel, rate: float, crowd: list[float]) -> float:
    wrong, right = column.values[before], column.values[after]
    boost = channel.boost(wrong, right)
    if _digits(wrong) != _digits(right) and boost < 3:
        return 0.0
    edits = _distance(wrong, right)
    expected = rate * channel.typed * float(column.counts[after]) * boost * channel.more ** (edits - 1)
    return expected / (crowd[min(edits, len(crowd) - 1)] * float(column.counts[before]) ** 2)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _worded(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    return letters * 2 >= len(text.replace(" ", ""))


def _limit(length: int) -> int:
    """Edits that a typo may have."""
    return 1 if length < 8 else 2 if length < 16 else 3 + length // 20


def _near(ones: Sequence[str], others: Sequence[str]) -> list[list[int]]:
    """Places of the others within the limit of each."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    if not ones or not others:
        return [[] for _ in ones]
    found: list[list[int]] = []
    limits = np.array([_limit(len(o)) for o in others])
    for start in range(0, len(ones), 256):
        part = ones[start : start + 256]
        away = cdist(part, others, scorer=Levenshtein.distance, score_cutoff=int(limits.max()), workers=1)
        hit = (away <= limits) & (away > 0)
        found += [np.flatnonzero(line).tolist() for line in hit]
    return found


def _crowding(frequent: Sequence[str], rare: int) -> list[float]:
    """By the number of edits: how many true rare values are to be expected that close to a frequent one."""
    counts = [0.5, 0.5, 0.5, 0.5]
    for place, places in enumerate(_near(frequent, frequent)):
        for other in places:
            counts[min(3, _distance(frequent[place], frequent[other]))] += 1
    upto = np.cumsum(counts)
    return [float(n * max(1.0, rare / len(frequent)) / (len(frequent) + 10)) for n in upto]


def _distance(one: str, two: str) -> int:
    from rapidfuzz.distance import Levenshtein

    return int(Levenshtein.distance(one, two))
