"""The parts of the lineage graph.

Nodes are named by keys: `layer/domain/noun` for assets, and `kind:name` for what is no asset, such as
`step:load.ktr#Calculate`, `answer:4f0c` or `document:returns.md`.
"""

from dataclasses import dataclass, field

from core.errors import HeddleError

DATA = "data"
INFLUENCES = ("filter", "join", "group")  # how a column decides which rows there are
KINDS = (DATA, *INFLUENCES)
ORIGINS = ("definition", "run", "import")


@dataclass(frozen=True)
class Edge:
    """What one node gives another one.

    Attributes:
        from_column, to_column: "" for a node as a whole, "*" for all columns where nobody knows which.
        kind: data, or filter, join, group.
        detail: what happens on the way, in words.
    """

    from_key: str
    from_column: str
    to_key: str
    to_column: str
    kind: str = DATA
    detail: str = ""


@dataclass(frozen=True)
class Stated:
    """Edges that one definition, run or import states; stating the same name again replaces them.

    Attributes:
        name: what states them: an asset key, a Kettle file, an answer.
        evidence: what they were read from: sql digest, file, commit, code version, model package.
        run: id of the run that did what they say, "" for definitions.
        at: ISO 8601 moment of that run.

    Raises:
        HeddleError: there is no evidence, or an unknown origin or kind.
    """

    origin: str
    name: str
    edges: tuple[Edge, ...]
    evidence: dict[str, str] = field(default_factory=dict)
    run: str = ""
    at: str = ""

    def __post_init__(self) -> None:
        if not any(self.evidence.values()):
            raise HeddleError(f"the lineage of {self.name} has no evidence", "say what it was read from")
        if self.origin not in ORIGINS:
            raise HeddleError(f"{self.name}: unknown origin {self.origin!r}", f"use one of {', '.join(ORIGINS)}")
        wrong = next((e.kind for e in self.edges if e.kind not in KINDS), None)
        if wrong is not None:
            raise HeddleError(f"{self.name}: unknown kind of edge {wrong!r}", f"use one of {', '.join(KINDS)}")


@dataclass(frozen=True)
class Point:
    """A node, or a column of it ("" for the node as a whole)."""

    key: str
    column: str = ""

    def __str__(self) -> str:
        return f"{self.key}.{self.column}" if self.column else self.key


@dataclass(frozen=True)
class Step:
    """One edge of an answer; `sources` name what states it, see `LineageStore.evidence`."""

    start: Point
    end: Point
    kind: str
    detail: str
    sources: tuple[int, ...]


@dataclass(frozen=True)
class Reached:
    """A node that a question reached.

    Attributes:
        distance: edges on the shortest way.
        how: data (its values), rows (which rows it has), whole (it reads all of what changes).
        before: the node on the shortest way before it.
    """

    point: Point
    distance: int
    how: str
    before: Point


@dataclass(frozen=True)
class Answer:
    """What lies above or below a node.

    Attributes:
        reached: nearest first.
        cut: why there is more than this; "" when it is all.
    """

    start: Point
    direction: str
    reached: tuple[Reached, ...]
    steps: tuple[Step, ...]
    cut: str = ""

    def path(self, point: Point) -> list[Point]:
        """The shortest way from the start to a node that was reached."""
        before = {r.point: r.before for r in self.reached}
        way = [point]
        while way[-1] in before and way[-1] != self.start and len(way) <= len(before) + 1:
            way.append(before[way[-1]])
        return way[::-1]
