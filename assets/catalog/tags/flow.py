"""How tags flow: from the columns that have them along lineage to all that is made from these.

Each tag goes through the graph once, breadth first from its surest origins: a node keeps the surest origin that reaches
it and, of that, the shortest way. So the cost is linear in the edges that tagged columns reach, for each tag. Nothing
is read or written here; whatever else flows with columns (classes of sensitive data) uses the same function.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Set
from itertools import groupby
from typing import Generic, NamedTuple, TypeVar

N = TypeVar("N", bound=Hashable)


class Link(NamedTuple, Generic[N]):
    """That `end` is made from `start`; `detail` says what happens on the way, "" where nobody knows."""

    start: N
    end: N
    detail: str = ""


Stops = Callable[[Link[N], str], bool]
Came = dict[N, tuple[float, N]]  # node -> confidence of the origin, and the node before (itself at the origin)


class Flow(Generic[N]):
    """Where each tag came to; `came` is tag -> node -> (confidence, the node before)."""

    def __init__(self, came: Mapping[str, Came[N]]) -> None:
        self.came = came

    def nodes(self) -> dict[N, dict[str, float]]:
        """Every tagged node -> its tags with their confidence."""
        found: dict[N, dict[str, float]] = defaultdict(dict)
        for tag, reached in self.came.items():
            for node, (confidence, _) in reached.items():
                found[node][tag] = confidence
        return dict(found)

    def path(self, node: N, tag: str) -> list[N]:
        """The way of a tag to a node, from its origin, both included; raises KeyError when it has not the tag."""
        reached = self.came[tag]
        way = [node]
        while (before := reached[way[-1]][1]) != way[-1]:
            way.append(before)
        return way[::-1]


def flow(
    tags: Mapping[N, Mapping[str, float]],
    lineage: Iterable[Link[N]],
    *,
    refused: Set[tuple[N, str]] = frozenset(),
    stops: Stops[N] | None = None,
) -> Flow[N]:
    """Carries tags along lineage.

    Args:
        tags: node -> its own tags with their confidence, 0 to 1.
        refused: (node, tag) that a person refused: neither the node nor what only it leads to gets the tag.
        stops: whether an edge takes a tag away, such as one that hashes; None when none does.
    """
    below: dict[N, list[Link[N]]] = defaultdict(list)
    for link in lineage:
        below[link.start].append(link)
    origins: dict[str, list[tuple[float, N]]] = defaultdict(list)
    for node, own in tags.items():
        for tag, confidence in own.items():
            if (node, tag) not in refused:
                origins[tag].append((confidence, node))
    return Flow({tag: _one(tag, found, below, refused, stops) for tag, found in origins.items()})


def _one(
    tag: str,
    origins: list[tuple[float, N]],
    below: Mapping[N, list[Link[N]]],
    refused: Set[tuple[N, str]],
    stops: Stops[N] | None,
) -> Came[N]:
    came: Came[N] = {}
    for confidence, same in groupby(sorted(origins, key=lambda o: -o[0]), key=lambda o: o[0]):
        frontier = [node for _, node in same if node not in came]
        came |= {node: (confidence, node) for node in frontier}
        while frontier:
            reached = []
            for node in frontier:
                for link in below.get(node, ()):
                    end = link.end
                    if end in came or (end, tag) in refused or (stops is not None and stops(link, tag)):
                        continue
                    came[end] = (confidence, node)
                    reached.append(end)
            frontier = reached
    return came
