"""What a graph shows: which nodes, which columns of them, which edges, and how each is marked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assets.catalog.lineage.model import DATA, Point, Step
from assets.catalog.lineage.overview import Way, between, links
from assets.catalog.lineage.walk import Lineage
from assets.catalog.relations.model import Relation, State
from serving.studio.drawing import MOST_LINES, Arrow, Box
from serving.studio.shelf import Listing
from serving.studio.studio import Studio, table_of
from serving.studio.visit import link

MOST = 500  # nodes of a drawing
MOST_ARROWS = 4000
BREAKS, BEHIND, START = "breaks", "behind", "start"


@dataclass
class Graph:
    """Nodes and arrows before they are placed.

    Attributes:
        keys: nodes in the order of their importance.
        columns: of nodes, those that arrows name or that are asked for.
        marks: nodes, and columns, that are marked.
        left: nodes that did not fit.
        cut: why an answer ends early; "" when it is whole.
    """

    keys: list[str] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    marks: dict[Point, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    left: int = 0
    cut: str = ""


def relations(studio: Studio, listing: Listing, words: str, least: float) -> Graph:
    """Tables and the keys between them.

    Args:
        words: what the key of one end contains.
        least: score of a proposal; accepted ones are always shown.
    """
    found = [r for r in studio.relations(listing) if r.state is not State.REFUSED]
    found = [r for r in found if r.score >= least or r.state is State.ACCEPTED]
    names = {table_of(e): _key_of(listing, table_of(e)) for r in found for e in (r.child, r.parent)}
    found = [r for r in found if _fits(words, names[table_of(r.child)], names[table_of(r.parent)])]
    kept = dict.fromkeys(names[table_of(e)] for r in found for e in (r.child, r.parent))
    graph = _limited(list(kept))
    for relation in found:
        _add_relation(graph, relation, names)
    return graph


def _add_relation(graph: Graph, relation: Relation, names: Mapping[str, str]) -> None:
    ends = [(names[table_of(e)], e.columns) for e in (relation.child, relation.parent)]
    for key, columns in ends:
        known = graph.columns.setdefault(key, [])
        known += [c for c in columns if c not in known]
    (child, left), (parent, right) = ends
    mark = "accepted" if relation.state is State.ACCEPTED else "relation"
    says = f"{relation.child} → {relation.parent}: {relation.score:.0%}; {'; '.join(relation.reasons)}"
    graph.arrows += [Arrow(child, parent, c, p, mark, says) for c, p in zip(left, right, strict=False)]


def whole(studio: Studio, listing: Listing, words: str, layer: str, opened: Collection[str], rows: bool) -> Graph:
    """The lineage graph; of one that is too large, its best connected nodes, or those that fit words."""
    pairs = [(a, b) for a, b in links(studio.lineage) if listing.sees(a) and listing.sees(b)]
    degree: dict[str, int] = {}
    for pair in pairs:
        for key in pair:
            degree[key] = degree.get(key, 0) + 1
    chosen = [k for k in degree if _fits(words, k) and (not layer or layer_of(k) == layer)]
    if words:
        named = set(chosen)
        near = [b if a in named else a for a, b in pairs if (a in named) != (b in named)]
        chosen += [k for k in dict.fromkeys(near) if not layer or layer_of(k) == layer]
    graph = _limited(sorted(chosen, key=lambda k: (not (words and _fits(words, k)), -degree[k], k)))
    kept = set(graph.keys)
    graph.arrows = [Arrow(a, b) for a, b in pairs if a in kept and b in kept][:MOST_ARROWS]
    ways = between(studio.lineage, graph.keys, rows=rows)
    for way in ways:
        _note(graph, way.start)
        _note(graph, way.end)
    by_column = [w for w in ways if w.start.key in opened or w.end.key in opened]
    known = {(w.start.key, w.end.key) for w in by_column}
    graph.arrows = [a for a in graph.arrows if (a.start, a.end) not in known]
    _add_ways(graph, by_column)
    return graph


def around(studio: Studio, listing: Listing, point: Point, direction: str, depth: int, rows: bool) -> Graph:
    """What lies above and below a node, or a column: its edges, column by column."""
    asked = Lineage(studio.lineage)
    answers = [asked.up(point, depth, rows=rows)] if direction in ("up", "both") else []
    answers += [asked.down(point, depth, rows=rows)] if direction in ("down", "both") else []
    steps = [s for answer in answers for s in answer.steps]
    reached = dict.fromkeys(r.point.key for answer in answers for r in answer.reached)
    graph = _limited([k for k in dict.fromkeys([point.key, *reached]) if listing.sees(k)])
    graph.cut = "; ".join(filter(None, (answer.cut for answer in answers)))
    kept = set(graph.keys)
    graph.steps = [s for s in steps if s.start.key in kept and s.end.key in kept]
    graph.marks = {Point(point.key): START, point: START}
    if point.column:
        ways: Sequence[Way] = [Way(s.start, s.end, s.kind) for s in graph.steps]
    else:
        ways = between(studio.lineage, graph.keys, rows=rows)
    _add_ways(graph, ways)
    return graph


def impact(studio: Studio, listing: Listing, point: Point, depth: int) -> Graph:
    """Everything below a table, with what a change of the column breaks and what gets it from there marked."""
    answer = Lineage(studio.lineage).impact(point, depth)
    hit = {r.point: r.distance for r in answer.reached if listing.sees(r.point.key)}
    below = Lineage(studio.lineage).down(Point(point.key), depth, rows=True)
    others = [r.point.key for r in below.reached if listing.sees(r.point.key)]
    graph = _limited(list(dict.fromkeys([point.key, *(p.key for p in hit), *others])))
    kept = set(graph.keys)
    graph.cut = answer.cut
    graph.steps = [s for s in answer.steps if s.start.key in kept and s.end.key in kept]
    for p, distance in sorted(hit.items(), key=lambda item: -item[1]):
        graph.marks[p] = graph.marks[Point(p.key)] = BREAKS if distance == 1 else BEHIND
    graph.marks |= {Point(point.key): START, point: START}
    _add_ways(graph, [Way(s.start, s.end, s.kind) for s in graph.steps], "hit")
    known = {(a.start, a.end) for a in graph.arrows}
    pairs = {(w.start.key, w.end.key) for w in between(studio.lineage, graph.keys, rows=True)}
    graph.arrows += [Arrow(a, b, mark="dim") for a, b in sorted(pairs - known) if a != b]
    return graph


def boxes(graph: Graph, opened: Collection[str], toggles: Mapping[str, str], listing: Listing, view: str) -> list[Box]:
    """The nodes of a graph as boxes; `opened` show their columns, `toggles` are the addresses that change that."""
    return [_box(graph, key, key in opened, toggles.get(key, ""), listing, view) for key in graph.keys]


def arrows(graph: Graph, opened: Collection[str]) -> list[Arrow]:
    """The arrows, those of a closed box's columns as one each."""
    found: dict[Arrow, None] = {}
    for a in graph.arrows:
        left = a.start_column if a.start in opened else ""
        right = a.end_column if a.end in opened else ""
        found[a._replace(start_column=left, end_column=right)] = None
    return list(found)


def merged(one: Graph, other: Graph) -> Graph:
    """Both graphs in one drawing."""
    made = _limited(list(dict.fromkeys([*one.keys, *other.keys])))
    made.left += one.left + other.left
    made.arrows = [*one.arrows, *other.arrows]
    made.columns = {k: list(dict.fromkeys([*one.columns.get(k, []), *other.columns.get(k, [])])) for k in made.keys}
    return made


def _box(graph: Graph, key: str, opened: bool, toggle: str, listing: Listing, view: str) -> Box:
    columns = graph.columns.get(key, [])
    marked = [c for c in columns if Point(key, c) in graph.marks]
    shown = [*marked, *(c for c in columns if c not in set(marked))][:MOST_LINES] if opened else []
    title, under = names(key)
    known = key in listing.by_key
    to = link("/entry", key=key) if known and view == "relations" else link("/graph", view="lineage", node=key)
    return Box(
        key, title, under, to, toggle if columns else "", layer_of(key), graph.marks.get(Point(key), ""),
        tuple((c, graph.marks.get(Point(key, c), "")) for c in shown),
        len(columns) - len(shown) if opened else 0, opened,
    )  # fmt: skip


def names(key: str) -> tuple[str, str]:
    """The two lines of a node: its name, and what it is."""
    kind, colon, rest = key.partition(":")
    if colon and "/" not in kind:
        return rest.rsplit("#", 1)[-1] or rest, f"{kind} {rest.rsplit('#', 1)[0]}" if "#" in rest else kind
    before, _, name = key.rpartition("/")
    return name, before


def layer_of(key: str) -> str:
    """`raw`, `table`, `model` of an asset, `step` or `answer` of what is none."""
    kind, colon, _ = key.partition(":")
    return kind if colon and "/" not in kind else key.split("/", 1)[0]


def _add_ways(graph: Graph, ways: Iterable[Way], mark: str = "") -> None:
    for way in ways:
        if len(graph.arrows) >= MOST_ARROWS:
            break
        _note(graph, way.start)
        _note(graph, way.end)
        style = " ".join(filter(None, (mark, _style(way.kind))))
        if way.start.key != way.end.key:
            graph.arrows.append(Arrow(way.start.key, way.end.key, way.start.column, way.end.column, style, way.kind))


def _note(graph: Graph, point: Point) -> None:
    known = graph.columns.setdefault(point.key, [])
    if point.column not in ("", "*") and point.column not in known:
        known.append(point.column)


def _style(kind: str) -> str:
    return "" if kind == DATA else "rows"


def _limited(keys: list[str]) -> Graph:
    return Graph(keys[:MOST], left=max(0, len(keys) - MOST))


def _fits(words: str, *keys: str) -> bool:
    return not words or any(all(w in key.lower() for w in words.lower().split()) for key in keys)


def _key_of(listing: Listing, table: str) -> str:
    """The entry's key of a scanned table."""
    asset = listing.tables.get(table, table)
    return asset if asset in listing.by_key else table
