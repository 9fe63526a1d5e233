"""Columns that are the sum or the product of two others in most rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

KEPT = 0.9  # share of the rows that keep it
LEAST = 50
WIDEST = 16  # columns tried; triples are cubic in them
TRIED = 300  # rows by which a triple is chosen
NEAR = 0.006  # rounding to two decimals, and a little of the result
SHARE = 1e-4
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Triple:
    """`result = one operator two` in most rows."""

    result: str
    one: str
    two: str
    operator: str

    def right(self, numbers: Mapping[str, Numbers]) -> Numbers:
        """What the result should be."""
        made = np.add if self.operator == "+" else np.multiply
        right: Numbers = made(numbers[self.one], numbers[self.two])
        return right


def triples(numbers: Mapping[str, Numbers]) -> Iterator[Triple]:
    """Sums and products that most rows keep."""
    names = [n for n, v in numbers.items() if len(np.unique(v[np.isfinite(v)][:5000])) > 5][:WIDEST]
    for result in names:
        for one, two in combinations([n for n in names if n != result], 2):
            for operator in "+*":
                triple = Triple(result, one, two, operator)
                if _kept(triple, numbers):
                    yield triple


def _kept(triple: Triple, numbers: Mapping[str, Numbers]) -> bool:
    a, b, whole = numbers[triple.one], numbers[triple.two], numbers[triple.result]
    there = np.flatnonzero(np.isfinite(a) & np.isfinite(b) & np.isfinite(whole))
    if len(there) < LEAST:
        return False
    part = there[np.linspace(0, len(there) - 1, min(TRIED, len(there))).astype(np.int64)]
    if _trivial(a[part], b[part], triple.operator):
        return False
    right = (np.add if triple.operator == "+" else np.multiply)(a[part], b[part])
    return kept(whole[part], right) >= KEPT - 0.05


def kept(whole: Numbers, right: Numbers) -> float:
    """Share of the rows that keep it beyond chance: columns of zeros, and numbers below the rounding, agree anyhow."""
    shuffled = np.random.default_rng(7).permutation(right)
    chance, share = float(holds(whole, shuffled).mean()), float(holds(whole, right).mean())
    return (share - chance) / (1 - chance) if chance < 1 else 0.0


def holds(whole: Numbers, right: Numbers) -> npt.NDArray[np.bool_]:
    """Where the two agree but for rounding."""
    return np.asarray(np.abs(whole - right) <= NEAR + SHARE * np.abs(right))


def _trivial(a: Numbers, b: Numbers, operator: str) -> bool:
    """A column of 0 (or 1) makes any column the sum (or product) of itself."""
    neutral = 0.0 if operator == "+" else 1.0
    return max(float((a == neutral).mean()), float((b == neutral).mean())) > 0.5
