"""Which pairs are looked at: all within a small source; elsewhere those with rare values or rare words in common.

With a thousand tables every pair of columns would be tens of millions. Numbers from 1 up are in every table and tell
nothing, and so do words that every table has: what many parents share proposes no pair.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from assets.catalog.relations import names
from assets.catalog.relations.evidence import Side
from assets.catalog.relations.model import Hashes

SMALL = 100_000  # pairs within one source that are all compared
PROBES = 24  # least hashes of a child that are looked for
COMMON = 48  # a value or word in more parents than this proposes nothing
KEY = 0.4  # how good a key must be to be looked up by words
SCANNED = 2000  # keys that one child's words may bring up
PER_CHILD = 40  # parents proposed to one child by each way


def pairs(children: Sequence[Side], parents: Sequence[Side]) -> Iterator[tuple[int, list[int]]]:
    """For each child its places among the parents worth a comparison; never itself."""
    whole = _small_sources(children, parents)
    by_source: dict[str, list[int]] = defaultdict(list)
    for number, parent in enumerate(parents):
        by_source[parent.table.source].append(number)
    blocked = len(by_source) > 1 or not all(whole.values())
    near = by_value(children, parents) if blocked else {}
    index = _Words(parents) if blocked else None
    for number, child in enumerate(children):
        found = set(near.get(number, ()))
        if index is not None:
            found.update(index.parents(child))
        if whole.get(child.table.source):
            found.update(by_source[child.table.source])
        ours = [p for p in sorted(found) if parents[p] is not child]
        if ours:
            yield number, ours


def _small_sources(children: Sequence[Side], parents: Sequence[Side]) -> dict[str, bool]:
    ours = Counter(c.table.source for c in children)
    theirs = Counter(p.table.source for p in parents)
    return {source: count * theirs[source] <= SMALL for source, count in ours.items()}


def by_value(children: Sequence[Side], parents: Sequence[Side]) -> dict[int, list[int]]:
    """Parents that have at least half of the child's first hashes, counting only hashes that few parents have."""
    probes = [c.column.hashes[:PROBES] for c in children]
    if not probes or not parents:
        return {}
    wanted = np.unique(np.concatenate(probes))
    hits = [_inside(p.column.hashes, wanted) for p in parents]
    owners = np.repeat(np.arange(len(parents)), [len(h) for h in hits])
    values = np.concatenate(hits)
    order = np.argsort(values, kind="stable")
    values, owners = values[order], owners[order]
    starts, ends = np.searchsorted(values, wanted), np.searchsorted(values, wanted, side="right")
    found: dict[int, list[int]] = {}
    for number, probe in enumerate(probes):
        places = np.searchsorted(wanted, probe)
        rare = [owners[starts[p] : ends[p]] for p in places if 0 < ends[p] - starts[p] <= COMMON]
        if not rare:
            continue
        who, count = np.unique(np.concatenate(rare), return_counts=True)
        enough = max(1, min(3, len(probe) // 2))
        best = sorted(((-int(n), int(w)) for w, n in zip(who, count, strict=True) if n >= enough))[:PER_CHILD]
        found[number] = [w for _, w in best]
    return found


def _inside(hashes: Hashes, wanted: Hashes) -> Hashes:
    places = np.searchsorted(wanted, hashes)
    places[places == len(wanted)] = 0
    return np.asarray(hashes[wanted[places] == hashes])


class _Words:
    """Keys by the beginnings of the words of their tables and columns, so that abbreviations meet."""

    def __init__(self, parents: Sequence[Side]) -> None:
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._words = [{*p.subject, *p.core} for p in parents]
        self._cores = [p.core for p in parents]
        for number, parent in enumerate(parents):
            if parent.key < KEY:
                continue  # an attribute that happens to be unique is met by its values
            for mark in {w[:3] for w in self._words[number]} | {names.initials(parent.subject)}:
                self._postings[mark].append(number)

    def parents(self, child: Side) -> list[int]:
        """Those that share the rarest beginnings, the best first; no more than SCANNED are looked at."""
        scores: dict[int, float] = defaultdict(float)
        marks = {w[:3] for w in child.core}
        found = sorted((self._postings[mark] for mark in marks if mark in self._postings), key=len)
        scanned = 0
        for posting in found:
            if scanned and scanned + len(posting) > SCANNED:
                break
            scanned += len(posting)
            for number in posting[:SCANNED]:
                scores[number] += 1.0 / len(posting)
        words = {*child.core}
        for number in scores:
            scores[number] += len(words & self._words[number]) + 0.5 * (child.core == self._cores[number])
        return sorted(scores, key=lambda n: (-scores[n], n))[:PER_CHILD]
