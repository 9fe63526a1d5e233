"""Relations and lineage as a drawing, with the same in words below it."""

from typing import Any, NamedTuple

from assets.catalog.lineage.find import find
from assets.catalog.lineage.model import Point, Step
from assets.catalog.relate import of_table
from assets.catalog.relations.model import Relation
from core.errors import HeddleError
from serving.studio import graphs
from serving.studio.drawing import draw
from serving.studio.shelf import Listing
from serving.studio.studio import table_of
from serving.studio.texts import MissingError
from serving.studio.visit import Visit

VIEWS = ("lineage", "relations", "all")
DIRECTIONS = ("both", "up", "down", "impact")
LEVELS = ("auto", "table", "column")
LEAST = 0.8  # score of a proposed relation that is drawn
FEW = 25  # boxes that are opened by themselves
MOST_ROWS = 200  # of the tables below
DEEPEST = 100


class Seen(NamedTuple):
    """A relation in the table below the drawing, with the names its form sends back."""

    relation: Relation
    child: str
    parent: str


def page(visit: Visit) -> str:
    """The page of `?view=&node=&direction=&depth=&level=&open=&q=&layer=&rows=&least=`.

    Raises:
        MissingError: the graph has no such node, or the reader may not see it.
    """
    studio, listing = visit.studio, visit.studio.shelf.listing()
    view = visit.choice("view", *VIEWS)
    point = _point(visit, listing) if view == "lineage" and visit["node"] else None
    graph = _graph(visit, listing, view, point)
    opened = _opened(visit, graph, point)
    keys = studio.lineage.keys()
    toggles = {key: _toggle(visit, key, opened) for key in graph.keys}
    shown = graphs.boxes(graph, opened, toggles, listing, view)
    return visit.page(
        "graph.html",
        visit.say({"all": "everything"}.get(view, view)),
        view=view,
        point=point,
        drawing=draw(shown, graphs.arrows(graph, opened)),
        graph=graph,
        direction=visit.choice("direction", *DIRECTIONS),
        directions=DIRECTIONS,
        level=visit.choice("level", *LEVELS),
        levels=LEVELS,
        depth=_depth(visit),
        least=_least(visit),
        layers=sorted({graphs.layer_of(k) for k in keys}),
        columns=studio.lineage.columns(point.key) if point else [],
        steps=_told(visit, listing, graph.steps[:MOST_ROWS]),
        hit=[(p, mark) for p, mark in graph.marks.items() if mark in (graphs.BREAKS, graphs.BEHIND)],
        relations=_relations(visit, listing) if view == "relations" else [],
        known=listing.by_key,
    )


def _graph(visit: Visit, listing: Listing, view: str, point: Point | None) -> graphs.Graph:
    studio, rows = visit.studio, visit["rows"] == "1"
    opened = set(visit["open"].split("\n")) - {""}
    if view == "relations":
        return graphs.relations(studio, listing, visit["q"], _least(visit))
    if point is None:
        graph = graphs.whole(studio, listing, visit["q"], visit["layer"], opened, rows)
        if view == "lineage":
            return graph
        return graphs.merged(graph, graphs.relations(studio, listing, visit["q"], _least(visit)))
    direction = visit.choice("direction", *DIRECTIONS)
    if direction == "impact":
        return graphs.impact(studio, listing, point, _depth(visit))
    return graphs.around(studio, listing, point, direction, _depth(visit), rows)


def _point(visit: Visit, listing: Listing) -> Point:
    """The node that is asked for; also by the key of a scanned table."""
    text = visit["node"]
    given = listing.tables.get(text, text)
    known = set(visit.studio.lineage.keys(given))
    try:
        point = Point(given) if given in known else find(visit.studio.lineage, given)
    except HeddleError:
        raise MissingError(text, listing.near(text)) from None
    if not listing.sees(point.key):
        raise MissingError(text, listing.near(text))
    return Point(point.key, visit["column"] or point.column)


def _depth(visit: Visit) -> int:
    return visit.number("depth", 3 if visit.choice("direction", *DIRECTIONS) == "both" else DEEPEST, DEEPEST)


def _least(visit: Visit) -> float:
    try:
        return min(1.0, max(0.0, float(visit["least"] or LEAST)))
    except ValueError:
        return LEAST


def _opened(visit: Visit, graph: graphs.Graph, point: Point | None) -> set[str]:
    """Boxes that show their columns: all at that level, or where a column is asked about; else those opened by hand."""
    level = visit.choice("level", *LEVELS)
    asked = set(visit["open"].split("\n")) & set(graph.keys)
    if level == "column" or (level == "auto" and point and point.column and len(graph.keys) <= FEW):
        return set(graph.columns) - set(visit["shut"].split("\n"))
    return asked


def _toggle(visit: Visit, key: str, opened: set[str]) -> str:
    """The address on which a box is open that is closed here, or the reverse."""
    if len(opened) > FEW:
        return visit.here(shut="\n".join({*visit["shut"].split("\n"), key} - {""}), at=key)
    return visit.here(open="\n".join(sorted(opened ^ {key})), level="table", shut="", at=key)


def _told(visit: Visit, listing: Listing, steps: list[Step]) -> list[tuple[Step, list[dict[str, Any]]]]:
    """Edges with what they were read from, as far as the reader may see what states it."""
    evidence = visit.studio.lineage.evidence(s for step in steps for s in step.sources)
    return [
        (step, [evidence[s] for s in step.sources if s in evidence and listing.sees(evidence[s]["of"])])
        for step in steps
    ]


def _relations(visit: Visit, listing: Listing) -> list[Seen]:
    found = visit.studio.relations(listing)
    if visit["table"]:
        found = of_table(found, visit["table"])
    words = visit["q"].lower().split()
    fitting = [r for r in found if all(w in f"{r.child} {r.parent}".lower() for w in words)]
    return [Seen(r, _text(r.child), _text(r.parent)) for r in fitting if r.score >= _least(visit)][:MOST_ROWS]


def _text(end: Any) -> str:
    return f"{table_of(end)}.{','.join(end.columns)}"
