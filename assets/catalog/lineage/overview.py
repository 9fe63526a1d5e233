"""The lineage graph as a whole, for drawings: which keys there are, and what leads from one to another."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from assets.catalog.lineage.model import DATA, Point
from assets.catalog.lineage.store import LineageStore, batches

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Way(NamedTuple):
    """That something leads from one node to another; `kind` is data, or filter, join, group."""

    start: Point
    end: Point
    kind: str


def links(store: LineageStore) -> list[tuple[str, str]]:
    """Every pair of keys of which the one gives the other something, by whatever column."""
    sql = (
        "select distinct n.key, m.key from lineage_edges e"
        " join lineage_nodes n on n.id = e.start join lineage_nodes m on m.id = e.finish where n.key <> m.key"
    )
    with store.engine.connect() as connection:
        names = {row[0]: row[1] for row in connection.exec_driver_sql("select id, key from lineage_keys")}
        return sorted((names[a], names[b]) for a, b in connection.exec_driver_sql(sql))


def between(store: LineageStore, keys: Collection[str], *, rows: bool = False) -> list[Way]:
    """The edges among some keys, column by column.

    Args:
        rows: also what filters, joins and groups.
    """
    with store.engine.connect() as connection:
        names = dict(_numbers(store, connection, sorted(keys)))
        nodes = {n: Point(names[key], column) for n, key, column in _nodes(connection, sorted(names))}
        found = dict.fromkeys(
            Way(nodes[start], nodes[end], kind)
            for start, end, kind in _edges(connection, sorted(nodes))
            if end in nodes and (rows or kind == DATA)
        )
    return [way for way in found if way.start != way.end]


def _numbers(store: LineageStore, connection: "Connection", keys: Sequence[str]) -> Iterator[tuple[int, str]]:
    from sqlalchemy import select

    table = store.t.KEYS
    for chunk in batches(list(keys)):
        for row in connection.execute(select(table.c.id, table.c.key).where(table.c.key.in_(chunk))):
            yield row.id, row.key


def _nodes(connection: "Connection", keys: Sequence[int]) -> Iterator[Any]:
    for chunk in batches(list(keys)):
        yield from connection.exec_driver_sql(f"select id, key, name from lineage_nodes where key in ({_in(chunk)})")


def _edges(connection: "Connection", nodes: Sequence[int]) -> Iterator[Any]:
    for chunk in batches(list(nodes)):
        yield from connection.exec_driver_sql(
            f"select distinct start, finish, kind from lineage_edges where start in ({_in(chunk)}) order by 1, 2, 3"
        )


def _in(numbers: Sequence[int]) -> str:
    """Our own numbers, which may be too many for parameters."""
    return ",".join(str(int(n)) for n in numbers)
