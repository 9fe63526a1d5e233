"""How surely cells that break a dependency are errors, seen together: a rule may have exceptions that are right.

Votes judge a cell as if the dependency were a rule. One value that another row has too, against two or three rows, is
as likely an exception; a misspelling, or an empty cell where hardly any is empty, is an error by its look. So each cell
brings evidence e, and the cells together are errors with e² : d², the odds of an exception. What only one column tells
is less sure, and least where that column's own cell may be the wrong one. Weights and shares are those that the
development half of the tables of benchmarks/accuracy/cleaning/public.py showed, rounded.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from assets.quality.detect.coded import MISSING, Coded, joined
from assets.quality.detect.sureness import HALF, TWO, counts
from assets.quality.repair.factors import RATE
from assets.quality.repair.model import Repair

SHOWN = 10.0  # evidence of a cell that looks wrong by itself
AGREED = 5.0  # the most that the rows of its group give; each but the first is 1
DOUBT = 3.0
SINGLE = 0.8  # share of the cells rightly repaired that one dependency alone told
CONTESTED = 0.7  # of those where the deciding cell may be the wrong one
ALIKE = 60.0  # similarity of a misspelling, per cent
LONG = 2000  # characters from which texts are not compared
KNOWN = 200  # rows that the usual rate of errors is worth, as against the column's own


def believed(given: Sequence[Coded], then: Coded, repairs: Sequence[Repair]) -> list[float]:
    """Confidence of each repair, less the doubt in all of them.

    Args:
        given: the deciding columns as they came; none where several dependencies told.
        then: the column as it came.
        repairs: of that column.
    """
    gone = _gone(then, repairs)
    agreed, contested, filled = _groups(given, then)
    evidence, each = 0.0, []
    for repair in repairs:
        row = repair.row
        if not repair.before:
            evidence, sure = evidence + SHOWN, filled
        elif int(then.codes[row]) in gone and _misspelt(repair):
            evidence, sure = evidence + SHOWN, 1.0
        else:
            evidence += min(AGREED, max(1.0, float(agreed[row]) - 1))
            sure = 1.0 if len(repair.voters) > 1 else CONTESTED if contested[row] else SINGLE
        each.append(repair.confidence * sure)
    whole = evidence**2 / (evidence**2 + DOUBT**2)
    return [whole * sure for sure in each]


def rated(repairs: Sequence[Repair], rows: int) -> list[float]:
    """Confidence of misspelt words by how many of them the column has: where there are few, its errors are rarer.

    Args:
        rows: of the column with a value.
    """
    rate = (sum(r.confidence for r in repairs) + KNOWN * RATE) / (rows + KNOWN)
    part = min(1.0, rate / RATE)
    return [part * r.confidence / (part * r.confidence + 1 - r.confidence) for r in repairs]


def _gone(then: Coded, repairs: Sequence[Repair]) -> set[int]:
    """Values that no cell has any more."""
    codes, made = np.unique([int(then.codes[r.row]) for r in repairs], return_counts=True)
    return {int(c) for c, n in zip(codes, made, strict=True) if then.counts[c] == n}


def _misspelt(repair: Repair) -> bool:
    """Whether the text is a misspelling by its look; any number is close to another."""
    from rapidfuzz.fuzz import ratio

    before, after = repair.before, repair.after or ""
    lettered = 2 * sum(c.isalpha() for c in before + after) > len(before + after)
    return lettered and len(before) < LONG and ratio(before[:LONG], after[:LONG]) >= ALIKE


def _groups(given: Sequence[Coded], then: Coded) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], float]:
    """Per row how many of its group agree, and whether its deciding cell is contested; how surely a hole is a loss.

    A deciding cell is contested where the rows with the same decided value mostly have another one: then either of the
    two may be wrong.
    """
    holes = then.codes == MISSING
    share = float(holes.mean()) if len(holes) else 0.0
    none = np.zeros(len(holes), dtype=bool)
    if not given:
        return np.zeros(len(holes), dtype=np.int64), none, 1 - share
    codes = joined(given)
    _, agreed, _, _ = counts(codes, then)
    contested = none
    if len(given) == 1:
        _, most, known, usual = counts(then.codes, given[0])
        contested = ~holes & (most >= TWO) & (most > HALF * known) & (codes != usual)
    # few cells are empty, or those that are lie together in groups
    size = np.bincount(codes)[codes]
    asked = holes & (codes != MISSING) & (size > 1)
    empty = np.bincount(codes, weights=holes)[codes]
    together = float(((empty[asked] - 1) / (size[asked] - 1)).mean()) if asked.any() else 0.0
    return agreed, contested, max(1 - share, (together - share) / (1 - share) if share < 1 else 0.0)
