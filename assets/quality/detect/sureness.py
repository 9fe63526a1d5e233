"""How sure a group of rows has to be, so that a dependency changes no more cells than were proposed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assets.quality.detect.coded import MISSING, Coded, joined
from assets.quality.repair.model import Repair

HALF, TWO = 0.5, 2  # what the rule asks for where nothing is said
NAMED = 50  # values of `kept` at the most


def limits(given: Sequence[Coded], then: Coded, repairs: Sequence[Repair]) -> Mapping[str, Any]:
    """Parameters of the kind `dependency`, each only as strict as it has to be.

    First a wrong value may not be that of many rows of its group (`alone`), then the usual value has to be that of
    more of them (`share`), then of more rows (`least`); at last values that are right all the same are named (`kept`).

    Args:
        repairs: of `then`, whatever they were made by.
    """
    codes = joined(given)
    own, most, filled, usual = counts(codes, then)
    there = (codes != MISSING) & (then.codes != MISSING)
    wrong = there & (then.codes != usual) & (most > HALF * filled) & (most >= TWO)
    wanted, doubted = np.zeros(len(codes), dtype=bool), np.zeros(len(codes), dtype=bool)
    for repair in repairs:
        doubted[repair.row] = True
        wanted[repair.row] = wrong[repair.row] and then.values[usual[repair.row]] == repair.after
    left = wrong & ~doubted
    params: dict[str, Any] = {}
    if left.any():
        params["alone"] = int(own[wanted].max(initial=0))
        left &= own <= params["alone"]
    if left.any():
        # just below what the least sure proposed cell has; a share of exactly this much would not be enough
        params["share"] = max(HALF, math.floor(100 * float((most / filled.clip(1))[wanted].min()) - 1e-9) / 100)
        left &= most > params["share"] * filled
    if left.any():
        params["least"] = int(most[wanted].min())
        left &= most >= params["least"]
    if left.any():
        kept = sorted({then.values[c] for c in then.codes[left]} - {then.values[c] for c in then.codes[wanted]})
        params |= {"kept": kept[:NAMED]} if kept else {}
    return params


def upheld(given: Sequence[Coded], then: Coded, repairs: Sequence[Repair]) -> float:
    """Share of what breaks a plain majority by the dependency that is repaired to it; the rest is right all the same.

    Where most of it is right the columns go together, but one does not decide the other. A value that several rows of
    a group have counts once.
    """
    codes = joined(given)
    _, most, filled, usual = counts(codes, then)
    wrong = (codes != MISSING) & (then.codes != MISSING) & (then.codes != usual) & (most > HALF * filled)
    wrong &= most >= TWO
    made = [r.row for r in repairs if wrong[r.row] and then.values[usual[r.row]] == r.after]
    breaks = codes * len(then.values) + then.codes
    total = len(np.unique(breaks[wrong]))
    return len(np.unique(breaks[made])) / total if total else 1.0


def counts(codes: np.ndarray, then: Coded) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Per row: rows of its group with its value, with the commonest value, with any value; and the commonest value."""
    width = len(then.values)
    known = np.where(then.codes == MISSING, 0, 1)
    keys, inverse, count = np.unique(codes * width + then.codes, return_inverse=True, return_counts=True)
    count = np.where(keys % width == MISSING, 0, count)
    group = keys // width
    size = int(codes.max(initial=0)) + 1
    most = np.zeros(size, dtype=np.int64)
    np.maximum.at(most, group, count)
    usual = np.zeros(size, dtype=np.int64)
    first = count == most[group]
    usual[group[first]] = (keys % width)[first]
    filled = np.bincount(codes, weights=known, minlength=size)
    return count[inverse.ravel()], most[codes], filled[codes], usual[codes]
