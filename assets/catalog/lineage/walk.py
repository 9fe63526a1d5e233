"""Questions over the graph: what a column or an asset is made from, what is made from it, what a change breaks.

Walks level by level through the database, so that a question costs what it reaches and not what the graph holds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from assets.catalog.lineage.model import DATA, Answer, Point, Reached, Step
from assets.catalog.lineage.store import LineageStore
from core.errors import HeddleError

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST = 20_000  # nodes of one answer
DEEPEST = 100
CHUNK = 5_000  # numbers in one statement
UP, DOWN = "up", "down"
HOW = "`heddle lineage refresh` reads the definitions and runs again"


class Node(NamedTuple):
    """A column of a key, both as the database numbers them; `id` is 0 where no edge names it."""

    id: int
    key: int
    name: str


@dataclass
class _Walk:
    """A question and what it has found so far."""

    direction: str
    rows: bool  # follow filters, joins and groups too
    origin: str
    found: dict[Node, tuple[int, str, Node]] = field(default_factory=dict)  # -> distance, how, the node before
    steps: dict[tuple[Node, Node, str], list[tuple[int, str]]] = field(default_factory=dict)  # -> sources, details
    special: dict[int, dict[str, int]] = field(default_factory=dict)  # key -> "" and "*" -> id

    def step(self, near: Node, far: Node, edge: "_Edge", how: str, reached: list[Node]) -> None:
        """Note an edge; its far end goes to `reached` when it is new."""
        if near == far:
            return
        self.steps.setdefault((near, far, edge.kind), []).append((edge.source, edge.detail))
        if far not in self.found:
            distance, before, _ = self.found[near]
            self.found[far] = (distance + 1, how if before == DATA else before, near)
            reached.append(far)


class _Edge(NamedTuple):
    """An edge as it is read: `near` is the side that was asked for, `node` the other one."""

    near: int
    node: Node
    kind: str
    source: int
    detail: str


class Lineage:
    """Answers questions of a store."""

    def __init__(self, store: LineageStore) -> None:
        self.store = store

    def up(self, point: Point, depth: int = DEEPEST, *, rows: bool = False, origin: str = "") -> Answer:
        """What a node is made from.

        Args:
            depth: edges at most.
            rows: also what decides which rows there are: filters, joins, groups.
            origin: definition, run or import alone.

        Raises:
            HeddleError: the graph does not have the node.
        """
        return self._ask(point, depth, _Walk(UP, rows, origin))

    def down(self, point: Point, depth: int = DEEPEST, *, rows: bool = False, origin: str = "") -> Answer:
        """What is made from a node; as `up`."""
        return self._ask(point, depth, _Walk(DOWN, rows, origin))

    def impact(self, point: Point, depth: int = DEEPEST, *, origin: str = "") -> Answer:
        """What a change of a node touches, by its values or by the rows that it decides.

        Nodes at distance 1 name the column themselves: they break when it is renamed or dropped.
        """
        return self._ask(point, depth, _Walk(DOWN, True, origin))

    # -- walking

    def _ask(self, point: Point, depth: int, walk: _Walk) -> Answer:
        with self.store.engine.connect() as connection:
            start = self._start(connection, point)
            walk.found[start] = (0, DATA, start)
            frontier, cut = [start], ""
            for _ in range(depth):
                frontier = self._level(connection, walk, frontier)
                if not frontier or len(walk.found) > MOST:
                    break
            if frontier:
                many = len(walk.found) > MOST
                cut = f"more than {MOST} nodes: ask for a column, or less deep" if many else f"deeper than {depth}"
            return self._answer(connection, walk, start, point, cut)

    def _start(self, connection: "Connection", point: Point) -> Node:
        from sqlalchemy import select

        t = self.store.t
        key = connection.execute(select(t.KEYS.c.id).where(t.KEYS.c.key == point.key)).scalar()
        if key is None:
            raise HeddleError(f"the lineage graph has no {point.key!r}", HOW)
        where = (t.NODES.c.key == key) & (t.NODES.c.name == point.column)
        return Node(connection.execute(select(t.NODES.c.id).where(where)).scalar() or 0, key, point.column)

    def _level(self, connection: "Connection", walk: _Walk, frontier: list[Node]) -> list[Node]:
        reached: list[Node] = []
        asked = self._asked(connection, walk, frontier)
        whole: list[tuple[Node, _Edge]] = []
        for edge in self._edges(connection, walk, asked):
            for near in asked[edge.near]:
                if (
                    near.name
                    and edge.near == walk.special[near.key].get("")
                    and edge.kind == DATA
                    and not edge.node.name
                ):
                    whole.append((near, edge))
                    continue
                star = near.name and edge.node.name == "*" and edge.near == walk.special[near.key].get("*")
                far = Node(0, edge.node.key, near.name) if star else edge.node
                if not near.name and walk.found[near][1] != DATA:
                    far = Node(0, edge.node.key, "")  # what has other rows has them in all columns
                walk.step(near, far, edge, DATA if edge.kind == DATA else "rows", reached)
        known = self._by_column(connection, walk, whole) if whole else set()
        for near, edge in whole:
            if (near.key, edge.node.key) not in known:
                walk.step(near, edge.node, edge, "whole", reached)
        return self._numbered(connection, walk, reached)

    def _asked(self, connection: "Connection", walk: _Walk, frontier: list[Node]) -> dict[int, list[Node]]:
        """Nodes of which the edges are wanted -> for which of the frontier: columns, stars, the key as a whole."""
        keys = {n.key for n in frontier}
        for row in self._select(
            connection, "id, key, name", "lineage_nodes", "key", keys - walk.special.keys(), "name in ('', '*')"
        ):
            walk.special.setdefault(row[1], {})[row[2]] = row[0]
        asked: dict[int, list[Node]] = {}
        parents = {
            (n.key, ".".join(n.name.split(".")[:i])): n for n in frontier for i in range(1, n.name.count(".") + 1)
        }
        every = {n.key: n for n in frontier if not n.name}
        for key in keys:
            walk.special.setdefault(key, {})
        if every or parents:
            for row in self._select(
                connection, "id, key, name", "lineage_nodes", "key", {*every, *(k for k, _ in parents)}
            ):
                if row[1] in every:
                    asked.setdefault(row[0], []).append(every[row[1]])
                if (row[1], row[2]) in parents:
                    asked.setdefault(row[0], []).append(parents[row[1], row[2]])
        for node in frontier:
            if node.name:
                for number in {node.id, *walk.special[node.key].values()} - {0}:
                    asked.setdefault(number, []).append(node)
        return asked

    def _edges(self, connection: "Connection", walk: _Walk, asked: Iterable[int]) -> Iterator[_Edge]:
        near, far = ("finish", "start") if walk.direction == UP else ("start", "finish")
        tables = f"lineage_edges e join lineage_nodes n on n.id = e.{far}"
        condition = "" if walk.rows else f"e.kind = '{DATA}'"
        if walk.origin:
            tables += " join lineage_sources s on s.id = e.source"
            condition += (" and " if condition else "") + f"s.origin = '{_origin(walk.origin)}'"
        columns = f"e.{near}, n.id, n.key, n.name, e.kind, e.source, e.detail"
        for row in self._select(connection, columns, tables, f"e.{near}", asked, condition):
            yield _Edge(row[0], Node(row[1], row[2], row[3]), row[4], row[5], row[6])

    def _by_column(
        self, connection: "Connection", walk: _Walk, whole: list[tuple[Node, _Edge]]
    ) -> set[tuple[int, int]]:
        """Of edges between whole nodes, the pairs for which it is known which column goes where."""
        near, far = ("finish", "start") if walk.direction == UP else ("start", "finish")
        tables = f"lineage_nodes n join lineage_edges e on e.{near} = n.id join lineage_nodes m on m.id = e.{far}"
        named = "n.name <> '' or m.name <> ''"
        rows = self._select(
            connection, "distinct n.key, m.key", tables, "n.key", {n.key for n, _ in whole}, f"({named})"
        )
        return {(row[0], row[1]) for row in rows}

    def _numbered(self, connection: "Connection", walk: _Walk, reached: list[Node]) -> list[Node]:
        """With the numbers of columns that were reached through a star."""
        unknown = [n for n in reached if not n.id and n.name]
        if not unknown:
            return reached
        rows = self._select(connection, "key, name, id", "lineage_nodes", "key", {n.key for n in unknown})
        numbers = {(row[0], row[1]): row[2] for row in rows}
        for node in unknown:
            number = numbers.get((node.key, node.name), 0)
            if number:
                reached.append(Node(number, node.key, node.name))
                walk.found.setdefault(reached[-1], walk.found[node])
        return reached

    def _select(
        self, connection: "Connection", columns: str, tables: str, name: str, numbers: Iterable[int], more: str = ""
    ) -> Iterator[Any]:
        """Rows of which a column is one of many numbers, which stand in the statement: too many for parameters."""
        wanted = sorted(numbers)
        for start in range(0, len(wanted), CHUNK):
            listed = ",".join(str(int(n)) for n in wanted[start : start + CHUNK])
            sql = f"select {columns} from {tables} where {name} in ({listed})" + (f" and {more}" if more else "")
            yield from connection.exec_driver_sql(sql).fetchall()

    # -- telling

    def _answer(self, connection: "Connection", walk: _Walk, start: Node, point: Point, cut: str) -> Answer:
        rows = self._select(connection, "id, key", "lineage_keys", "id", {n.key for n in walk.found})
        names = {row[0]: row[1] for row in rows}
        points = {node: Point(names[node.key], node.name) for node in walk.found}
        reached = {
            points[node]: Reached(points[node], distance, how, points[before])
            for node, (distance, how, before) in walk.found.items()
            if node != start
        }
        steps = []
        for (near, far, kind), known in walk.steps.items():
            ends = (points[far], points[near]) if walk.direction == UP else (points[near], points[far])
            detail = next((text for _, text in known if text), "")
            steps.append(Step(*ends, kind, detail, tuple(dict.fromkeys(source for source, _ in known))))
        ordered = sorted(reached.values(), key=lambda r: (r.distance, r.point.key, r.point.column))
        return Answer(point, walk.direction, tuple(ordered), tuple(steps), cut)


def _origin(name: str) -> str:
    from assets.catalog.lineage.model import ORIGINS

    if name not in ORIGINS:
        raise HeddleError(f"unknown origin {name!r}", f"use one of {', '.join(ORIGINS)}")
    return name
