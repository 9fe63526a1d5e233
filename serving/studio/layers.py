"""Boxes of a directed graph in columns from left to right, after Sugiyama, Tagawa and Toda (1981).

Cycles are opened at edges back to where a depth-first walk came from, each box stands as far right as the longest way
to it, edges over several columns get a bend in each, and a column is ordered by the mean places of its neighbours.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 8
MOST_BENDS = 8000  # of all edges; beyond, long edges are drawn straight

Pair = tuple[str, str]
Neighbours = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Layered:
    """The columns of a graph, each from top to bottom.

    Attributes:
        columns: names of boxes and bends.
        bends: edge (as it was given) -> its bends, from its start to its end.
        links: pairs of neighbours in columns side by side, left to right.
    """

    columns: list[list[str]]
    bends: dict[Pair, list[str]]
    links: list[Pair]


def layered(boxes: Sequence[str], edges: Iterable[Pair]) -> Layered:
    """Columns of boxes and bends; edges from a box to itself are left out."""
    given = [e for e in dict.fromkeys(edges) if e[0] != e[1]]
    back = _back(boxes, given)
    forward = list(dict.fromkeys((b, a) if (a, b) in back else (a, b) for a, b in given))
    depth = _depths(boxes, forward)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for box in boxes:
        columns[depth[box]].append(box)
    bends = _bend(given, depth, columns)
    links = [pair for (a, b), way in bends.items() for pair in _links(a, b, way, depth)]
    _order(columns, links)
    return Layered(columns, bends, links)


def neighbours(pairs: Iterable[Pair]) -> tuple[Neighbours, Neighbours]:
    """What follows each box, and what precedes it."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    before: defaultdict[str, list[str]] = defaultdict(list)
    for a, b in pairs:
        after[a].append(b)
        before[b].append(a)
    return after, before


def _back(boxes: Sequence[str], edges: Sequence[Pair]) -> set[Pair]:
    """Edges that lead back to a box from which the walk has not returned: without them there is no cycle."""
    after, before = neighbours(edges)
    found: set[Pair] = set()
    state: dict[str, int] = {}  # 1: on the way, 2: done
    for root in sorted(boxes, key=lambda b: len(before.get(b, ()))):
        way = [(root, iter(after.get(root, ())))] if root not in state else []
        state.setdefault(root, 1)
        while way:
            box, rest = way[-1]
            follower = next(rest, None)
            if follower is None:
                state[box] = 2
                way.pop()
            elif state.get(follower) == 1:
                found.add((box, follower))
            elif follower not in state:
                state[follower] = 1
                way.append((follower, iter(after.get(follower, ()))))
    return found


def _depths(boxes: Sequence[str], edges: Sequence[Pair]) -> dict[str, int]:
    """The longest way to each box; what nothing leads to stands right before what it leads to."""
    after, before = neighbours(edges)
    waiting = {box: len(before.get(box, ())) for box in boxes}
    ready = [box for box in boxes if not waiting[box]]
    depth = dict.fromkeys(boxes, 0)
    for box in ready:  # grows
        for follower in after.get(box, ()):
            depth[follower] = max(depth[follower], depth[box] + 1)
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    for box in boxes:
        if box not in before and after.get(box):
            depth[box] = min(depth[f] for f in after[box]) - 1
    return depth


def _bend(edges: Sequence[Pair], depth: Mapping[str, int], columns: list[list[str]]) -> dict[Pair, list[str]]:
    many = sum(abs(depth[b] - depth[a]) - 1 for a, b in edges) > MOST_BENDS
    bends: dict[Pair, list[str]] = {}
    for number, (a, b) in enumerate(edges):
        step = 1 if depth[b] > depth[a] else -1
        between = [] if many else range(depth[a] + step, depth[b], step)
        bends[a, b] = [f"\0{number}:{column}" for column in between]
        for column, name in zip(between, bends[a, b], strict=True):
            columns[column].append(name)
    return bends


def _links(a: str, b: str, way: list[str], depth: Mapping[str, int]) -> list[Pair]:
    stops = [a, *way, b] if depth[a] < depth[b] else [b, *reversed(way), a]
    return list(pairwise(stops))


def _order(columns: list[list[str]], links: Sequence[Pair]) -> None:
    """Sorts each column, in place, by the mean place of its neighbours, from the left and from the right in turn."""
    after, before = neighbours(links)
    for sweep in range(SWEEPS):
        sides, known = (columns[1:], before) if sweep % 2 == 0 else (columns[-2::-1], after)
        place = {name: float(n) for column in columns for n, name in enumerate(column)}
        for column in sides:
            mean = {n: sum(place[m] for m in known[n]) / len(known[n]) if known.get(n) else place[n] for n in column}
            column.sort(key=mean.__getitem__)
            place |= {name: float(n) for n, name in enumerate(column)}
