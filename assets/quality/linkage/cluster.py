"""From pairs to things: clusters without chains, or one-to-one pairs of sources that have no duplicates.

A chain of likely pairs does not make its ends the same thing: within connected records, clusters are merged by mean
log odds of all their pairs (average linkage) while that speaks for a match.
"""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int64]
Score = Callable[[Places, Places], Floats]
LOOSE = -3.0  # log odds from which a pair connects records at all
STRONG = 8.0  # no pair counts more than this, so that one cannot outweigh many
LARGEST = 300  # connected records that are looked at together; larger ones are cut at weak pairs first
STEP = 1.0


def clusters(size: int, left: Places, right: Places, odds: Floats, score: Score | None = None) -> Labels:
    """The cluster of each record, int64 [size], numbered by their first record.

    Args:
        odds: log odds of the pairs; pairs below LOOSE may be left out.
        score: log odds of pairs that were not compared; without it they count as LOOSE.
    """
    keep = odds > LOOSE
    left, right, odds = left[keep], right[keep], odds[keep]
    found = np.arange(size, dtype=np.int64)
    groups = _connected(size, left, right, odds)
    known = {(int(a), int(b)): float(o) for a, b, o in zip(left, right, odds, strict=True)}
    if score is not None:
        known |= _missing(groups, known, score)
    for members in groups:
        for label in _merged(members, known):
            found[label] = label.min()
    return found


def one_to_one(size: int, source: npt.NDArray[np.int32], left: Places, right: Places, odds: Floats) -> Labels:
    """Clusters with at most one record of each source: the likeliest pairs first."""
    found = np.arange(size, dtype=np.int64)
    members: dict[int, list[int]] = {}
    for place in np.argsort(-odds, kind="stable"):
        if odds[place] <= 0:
            break
        a, b = int(found[left[place]]), int(found[right[place]])
        ours, theirs = members.get(a, [a]), members.get(b, [b])
        if a == b or {int(source[m]) for m in ours} & {int(source[m]) for m in theirs}:
            continue
        both = sorted(ours + theirs)
        members[both[0]] = both
        found[both] = both[0]
    return found


def _connected(size: int, left: Places, right: Places, odds: Floats) -> list[Places]:
    """Connected records, two or more; too large ones cut again and again at their weakest pairs."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    groups: list[Places] = []
    threshold = LOOSE
    while len(left):
        graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
        _, label = connected_components(graph, directed=False)
        counts = np.bincount(label)
        order = np.argsort(label, kind="stable")
        ends = np.cumsum(counts)
        small = (counts > 1) & (counts <= LARGEST)
        groups += [order[ends[n] - counts[n] : ends[n]] for n in np.flatnonzero(small)]
        threshold += STEP
        keep = (counts[label[left]] > LARGEST) & (odds > threshold)
        left, right, odds = left[keep], right[keep], odds[keep]
    return groups


def _missing(groups: list[Places], known: dict[tuple[int, int], float], score: Score) -> dict[tuple[int, int], float]:
    wanted = [
        (int(a), int(b))
        for members in groups
        if len(members) > 2
        for n, a in enumerate(members)
        for b in members[n + 1 :]
        if (int(a), int(b)) not in known
    ]
    if not wanted:
        return {}
    pairs = np.asarray(wanted, dtype=np.int64)
    step = 100_000
    found = [score(pairs[n : n + step, 0], pairs[n : n + step, 1]) for n in range(0, len(pairs), step)]
    return dict(zip(wanted, np.concatenate(found).tolist(), strict=True))


def _merged(members: Places, known: dict[tuple[int, int], float]) -> list[Places]:
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(members) == 2:
        return [members] if known[int(members[0]), int(members[1])] > 0 else []
    away = np.array(
        [STRONG - float(np.clip(known.get((int(a), int(b)), LOOSE), -STRONG, STRONG))
         for n, a in enumerate(members) for b in members[n + 1 :]]
    )  # fmt: skip
    label = fcluster(linkage(away, "average"), STRONG - 1e-9, criterion="distance")
    parts: dict[int, list[int]] = defaultdict(list)
    for member, part in zip(members, label, strict=True):
        parts[int(part)].append(int(member))
    return [np.asarray(p, dtype=np.int64) for p in parts.values() if len(p) > 1]
