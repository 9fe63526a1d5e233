"""From pairs to things: clusters without chains, or one-to-one pairs of sources that have no duplicates.

A chain of likely pairs does not make its ends the same thing: within connected records, clusters are merged by mean
log odds of all their pairs (average linkage) while that speaks for a match.
"""

from collections.abc import Callable
from itertools import combinations

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
LEAST = 1e-9  # mean log odds above which clusters are merged


def clusters(size: int, left: Places, right: Places, odds: Floats, score: Score) -> Labels:
    """The cluster of each record, int64 [size], numbered by their first record.

    Args:
        odds: log odds of the pairs, infinite where a person judged, which holds whatever other pairs say (where people
            contradict each other, some of their words hold); pairs below LOOSE may be left out.
        score: log odds of pairs that were not compared.
    """
    near = odds > LOOSE
    groups = _connected(size, left[near], right[near], odds[near])
    found, group = np.arange(size, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    for number, members in enumerate(groups):
        group[members] = number
    inside = (group[left] == group[right]) & (group[left] >= 0)
    known = dict(
        zip(zip(left[inside].tolist(), right[inside].tolist(), strict=True), odds[inside].tolist(), strict=True)
    )
    known |= _missing(groups, known, score)
    for members in groups:
        for label in _merged(members, known):
            found[label] = label.min()
    return found


def one_to_one(size: int, source: npt.NDArray[np.int32], left: Places, right: Places, odds: Floats) -> Labels:
    """Clusters with at most one record of each source: the likeliest pairs first, before them what people said."""
    found = np.arange(size, dtype=np.int64)
    members: dict[int, list[int]] = {}
    apart = {(int(left[n]), int(right[n])) for n in np.flatnonzero(np.isneginf(odds))}
    for place in np.argsort(-odds, kind="stable"):
        if odds[place] <= 0:
            break
        a, b = int(found[left[place]]), int(found[right[place]])
        ours, theirs = members.get(a, [a]), members.get(b, [b])
        twice = {int(source[m]) for m in ours} & {int(source[m]) for m in theirs}
        if a == b or (twice and not np.isposinf(odds[place])):
            continue
        if apart and any((min(m, n), max(m, n)) in apart for m in ours for n in theirs):
            continue
        both = sorted(ours + theirs)
        members[both[0]] = both
        found[both] = both[0]
    return found


def _connected(size: int, left: Places, right: Places, odds: Floats) -> list[Places]:
    """Connected records, two or more; too large ones cut again and again at their weakest pairs, none of them told."""
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
        small = (counts > 1) & ((counts <= LARGEST) | np.isinf(odds).all())
        groups += [order[ends[n] - counts[n] : ends[n]] for n in np.flatnonzero(small)]
        threshold += STEP
        keep = ~small[label[left]] & (odds > threshold)
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
    """Average linkage; an infinite log odds stays infinite in every mean."""
    if len(members) == 2:
        return [members] if known[int(members[0]), int(members[1])] > 0 else []
    mean = np.full((len(members), len(members)), -np.inf)
    for (n, a), (m, b) in combinations(enumerate(members.tolist()), 2):
        odds = known[a, b]
        mean[n, m] = mean[m, n] = odds if np.isinf(odds) else min(max(odds, -STRONG), STRONG)
    parts = [[member] for member in members.tolist()]
    while True:
        a, b = divmod(int(mean.argmax()), len(members))
        if mean[a, b] <= LEAST:
            return [np.asarray(sorted(p), dtype=np.int64) for p in parts if len(p) > 1]
        with np.errstate(invalid="ignore"):
            both = (len(parts[a]) * mean[a] + len(parts[b]) * mean[b]) / (len(parts[a]) + len(parts[b]))
        both[np.isnan(both)] = -np.inf  # one person said the same, another one the contrary
        both[a] = -np.inf
        mean[a], mean[:, a] = both, both
        mean[b], mean[:, b] = -np.inf, -np.inf
        parts[a], parts[b] = parts[a] + parts[b], []
