"""Which assets a breaking change of a scanned table hits: by the lineage graph, column by column."""

from collections.abc import Iterable

from assets.catalog.changes.diff import Difference
from assets.catalog.keys import asset_of
from assets.catalog.lineage.model import Point
from assets.catalog.lineage.store import LineageStore
from assets.catalog.lineage.walk import Lineage
from assets.catalog.model import TableInfo
from core.errors import HeddleError


def hits(store: LineageStore, source: str, differences: Iterable[Difference]) -> dict[Difference, tuple[str, ...]]:
    """Breaking difference -> keys of the assets that read what changed, the nearest first.

    A table that no lineage mentions hits nobody that is known of.
    """
    graph = Lineage(store)
    return {d: _hit(graph, source, d) for d in differences if d.breaks == "readers"}


def told(differences: Iterable[Difference], hit: dict[Difference, tuple[str, ...]]) -> list[str]:
    """The differences in words, breaking ones with whom they hit."""
    return [f"{d}; hits {', '.join(hit[d])}" if hit.get(d) else str(d) for d in differences]


def _hit(graph: Lineage, source: str, change: Difference) -> tuple[str, ...]:
    schema, _, name = change.table.rpartition(".")
    key = str(asset_of(source, TableInfo(name=name, schema_name=schema)))
    # of a rename it is the former name that others still ask for
    column = change.before if change.what == "column renamed" else change.column
    try:
        reached = graph.impact(Point(key, column)).reached
    except HeddleError:  # the graph does not have the column, or not even the table
        return ()
    return tuple(dict.fromkeys(r.point.key for r in reached if "/" in r.point.key and ":" not in r.point.key))
