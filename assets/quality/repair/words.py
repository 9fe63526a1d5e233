"""Misspelt words inside values, where whole values are too rare to vouch for each other."""

from collections import Counter

import numpy as np

from assets.quality.detect.coded import Coded
from assets.quality.repair.channel import Channel
from assets.quality.repair.typos import typos

FREQUENT = 0.01  # share of the rows a word must occur in to vouch for others
LONG = 400
SHORTEST = 4  # letters; shorter words are close to each other everywhere


def words(column: Coded, channel: Channel) -> dict[int, tuple[str, float]]:
    """Values with words put right: code -> (text, confidence)."""
    counted: Counter[str] = Counter()
    several = 0
    for code, text in enumerate(column.values):
        if code and column.counts[code] and len(text) <= LONG:
            parts = text.split(" ")
            several += len(parts) > 1
            for word in set(parts):
                counted[word] += int(column.counts[code])
    if several < 0.5 * column.distinct:
        return {}
    least = FREQUENT * column.filled
    kept = {w: n for w, n in counted.items() if len(w) >= SHORTEST and (n >= least or n <= max(2, least / 10))}
    texts = ["", *sorted(w for w in kept if w)]
    lexicon = Coded(column.name, np.zeros(0, dtype=np.int64), texts, np.array([0] + [kept[w] for w in texts[1:]]))
    wrong = {
        texts[t.before]: (texts[t.after], t.confidence)
        for t in typos(lexicon, channel)
        if kept[texts[t.after]] >= least
    }
    found = {}
    for code, text in enumerate(column.values):
        parts = text.split(" ")
        hits = [wrong[w][1] for w in parts if w in wrong]
        if hits and column.counts[code] and len(text) <= LONG:
            found[code] = (" ".join(wrong[w][0] if w in wrong else w for w in parts), min(hits))
    return found
