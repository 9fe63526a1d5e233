"""Which dependencies, as rules by majority, do what the votes on single cells came to, and little else."""

from collections.abc import Mapping, Sequence

import numpy as np

from assets.quality.detect.coded import MISSING, Coded, joined
from assets.quality.detect.dependencies import Strong
from assets.quality.detect.sureness import HALF, TWO, counts
from assets.quality.repair.model import Repair

TRIED = 12  # dependencies of a column
HARM = 3.0  # repairs that a wrong change costs


def choose(
    columns: Sequence[Coded], rules: Sequence[Strong], then: int, repairs: Mapping[int, Repair]
) -> list[tuple[Strong, set[int]]]:
    """Rules with the rows of the repairs that each makes, greedily by repairs made less harm done.

    Args:
        columns: as they came.
        rules: dependencies by the places of columns; those of other columns than `then` do not count.
        repairs: of the column, by row.
    """
    makes = []
    for rule in [r for r in rules if r.then == then][:TRIED]:
        right, wrong = _effect(columns, rule, repairs)
        makes.append((rule, right, wrong))
    left, harmed = set(repairs), set[int]()
    chosen: list[tuple[Strong, set[int]]] = []
    while makes:
        rule, right, wrong = max(makes, key=lambda m: len(m[1] & left) - HARM * len(m[2] - harmed))
        if len(right & left) - HARM * len(wrong - harmed) <= 0:
            break
        chosen.append((rule, right & left))
        left -= right
        harmed |= wrong
    return chosen


def _effect(columns: Sequence[Coded], rule: Strong, repairs: Mapping[int, Repair]) -> tuple[set[int], set[int]]:
    """Rows that the rule repairs as the votes did, and those that it changes otherwise."""
    given = joined([columns[place] for place in rule.given])
    target = columns[rule.then]
    _, most, filled, usual = counts(given, target)
    fill = any(not r.before for r in repairs.values())
    changed = (given != MISSING) & (most >= TWO) & (most > HALF * filled)
    changed &= (usual != target.codes) & (fill | (target.codes != MISSING))
    right: set[int] = set()
    wrong: set[int] = set()
    for row in np.flatnonzero(changed).tolist():
        known = repairs.get(row)
        (right if known is not None and known.after == target.values[usual[row]] else wrong).add(row)
    return right, wrong
