"""Clusters of values that are likely spellings of the same thing: by key collision, or by nearest neighbours."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from assets.quality.refine.keyers import KEYERS, normalised
from core.errors import SourceError

DISTANCES = ("levenshtein", "ppm")
METHODS = (*KEYERS, *DISTANCES)
_MOST_IN_BLOCK = 2_000  # values that share a run of characters; more are compared with none


@dataclass(frozen=True, slots=True)
class Cluster:
    """Values with their rows, the most frequent first; that one is proposed for all of them."""

    values: tuple[tuple[str, int], ...]

    @property
    def to(self) -> str:
        """The proposed value."""
        return self.values[0][0]

    @property
    def rows(self) -> int:
        """Rows of all values."""
        return sum(count for _, count in self.values)


def cluster(
    values: Iterable[str | None], method: str = "fingerprint", *, size: int = 2, radius: float = 1.0, block: int = 6
) -> list[Cluster]:
    """Clusters of at least two different values, the largest first.

    Args:
        method: one of `METHODS`.
        size: characters of the n-grams of `ngram-fingerprint`.
        radius: greatest distance of neighbours.
        block: only values that share so many characters in a row, without case and blanks, are compared.

    Raises:
        SourceError: the method is not known.
    """
    counts = Counter(v for v in values if v is not None and v != "")
    if method in KEYERS:
        groups = _by_key(counts, KEYERS[method], (size,) if method == "ngram-fingerprint" else ())
    elif method in DISTANCES:
        groups = _by_distance(counts, _distance(method, radius), block)
    else:
        raise SourceError(f"there is no clustering method {method!r}", f"there are: {', '.join(METHODS)}")
    found = [Cluster(tuple(sorted(((v, counts[v]) for v in g), key=lambda p: (-p[1], p[0])))) for g in groups]
    return sorted(found, key=lambda c: (-len(c.values), -c.rows, c.to))


def edits(column: str, clusters: Iterable[Cluster]) -> dict[str, object]:
    """The clusters as OpenRefine's mass edit of a column."""
    return {
        "op": "core/mass-edit",
        "engineConfig": {"facets": [], "mode": "row-based"},
        "columnName": column,
        "expression": "value",
        "edits": [
            {"from": [v for v, _ in c.values], "fromBlank": False, "fromError": False, "to": c.to} for c in clusters
        ],
        "description": f"Mass edit cells in column {column}",
    }


def _by_key(counts: Counter[str], keyer: Callable[..., str], extra: tuple[int, ...]) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        groups[keyer(value, *extra)].append(value)
    return [g for key, g in groups.items() if len(g) > 1 and key]


def _distance(method: str, radius: float) -> Callable[[str, str], bool]:
    if method == "levenshtein":
        from rapidfuzz.distance import Levenshtein

        most = int(radius)
        return lambda a, b: Levenshtein.distance(a, b, score_cutoff=most) <= most
    from assets.quality.refine.ppm import distance

    return lambda a, b: distance(a, b) <= radius


def _by_distance(counts: Counter[str], near: Callable[[str, str], bool], size: int) -> list[list[str]]:
    """Neighbours of neighbours."""
    parent = {value: value for value in counts}

    def root(value: str) -> str:
        while parent[value] != value:
            parent[value] = value = parent[parent[value]]
        return value

    for one, other in _pairs(counts, size):
        if near(one, other):
            parent[root(one)] = root(other)
    groups: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        groups[root(value)].append(value)
    return [g for g in groups.values() if len(g) > 1]


def _pairs(counts: Counter[str], size: int) -> Iterator[tuple[str, str]]:
    """Pairs of values that share a run of characters, each once."""
    blocks: dict[str, list[str]] = defaultdict(list)
    for value in sorted(counts):
        plain = normalised(value, blanks=True) or value
        for gram in {plain[n : n + size] for n in range(max(1, len(plain) - size + 1))}:
            blocks[gram].append(value)
    seen: set[tuple[str, str]] = set()
    for members in blocks.values():
        if len(members) <= _MOST_IN_BLOCK:
            for pair in itertools.combinations(members, 2):
                if pair not in seen:
                    seen.add(pair)
                    yield pair
