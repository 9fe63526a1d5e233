"""Prediction by partial matching: how many bits a text takes when what came before predicts its characters."""

import math
from collections import defaultdict

_ORDER = 3


def bits(text: str) -> float:
    """Code length by PPM with escape method C (Moffat 1990), contexts of up to three characters."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    total = 0.0
    for place, letter in enumerate(text):
        for order in range(min(_ORDER, place), -1, -1):
            seen = counts.get(text[place - order : place])
            if not seen:
                continue
            whole = sum(seen.values()) + len(seen)
            if letter in seen:
                total -= math.log2(seen[letter] / whole)
                break
            total -= math.log2(len(seen) / whole)
        else:
            total += 8.0
        for order in range(min(_ORDER, place) + 1):
            counts[text[place - order : place]][letter] += 1
    return total


def distance(one: str, other: str) -> float:
    """Ten times the normalised compression distance of both orders; 0 for the same text."""
    if one == other:
        return 0.0
    alone = bits(one + one) + bits(other + other)
    return max(0.0, 10 * ((bits(one + other) + bits(other + one)) / alone - 1)) if alone else 0.0
