"""The lineage graph as tags flow through it: from column to column, from columns to the asset that has them."""

import re
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping

from assets.catalog.lineage.model import DATA
from assets.catalog.lineage.store import LineageStore
from assets.catalog.tags.flow import Link
from assets.catalog.tags.kept import GUARDED

Place = tuple[str, str]  # key and column, "" for the asset as a whole
STAR = "*"
_MASKS = re.compile(
    r"\b(sha-?\d*|md5|crc-?32|adler-?32|hmac|pgp|hash(ed|es)?|digest|mask(ed|s)?|encrypt(ed|s)?|tokeni[sz]e[ds]?"
    r"|anonymi[sz]e[ds]?|pseudonymi[sz]e[ds]?|redact(ed|s)?)\b|脱敏|掩码|加密|哈希",
    re.IGNORECASE,
)


def masked(link: Link[Place], tag: str) -> bool:
    """Whether an edge says that it hashes, masks or encrypts, which leaves nothing personal."""
    return bool(link.detail) and tag.startswith(GUARDED) and bool(_MASKS.search(link.detail))


def ways(store: LineageStore, columns: Mapping[str, Collection[str]]) -> list[Link[Place]]:
    """All edges by which values go on.

    An edge between whole assets counts only where nobody knows by column what the lower one is made from: else a
    column that is masked would leak around its mask. An edge of all columns (`*`) is one for each column of the same
    name. A column's tags are tags of its asset too.

    Args:
        columns: key -> its columns, where the catalogue knows them.
    """
    found = list(_edges(store))
    by_column = {link.end[0] for link in found if link.start[1] and link.start[0] != link.end[0]}
    kept = [x for x in found if STAR not in (x.start[1], x.end[1]) and (x.start[1] or x.end[0] not in by_column)]
    kept += _stars([x for x in found if x.start[1] == STAR], kept, columns)
    places = dict.fromkeys(place for link in kept for place in (link.start, link.end) if place[1])
    places |= dict.fromkeys((key, name) for key, names in columns.items() for name in names)
    return [*kept, *(Link(place, (place[0], "")) for place in places)]


def _edges(store: LineageStore) -> Iterator[Link[Place]]:
    nodes = "select n.id, k.key, n.name from lineage_nodes n join lineage_keys k on k.id = n.key"
    edges = "select distinct start, finish, detail from lineage_edges where kind = '" + DATA + "' order by 1, 2, 3"
    with store.engine.connect() as connection:
        names: dict[int, Place] = {row[0]: (row[1], row[2]) for row in connection.exec_driver_sql(nodes)}
        for start, finish, detail in connection.exec_driver_sql(edges):
            yield Link(names[start], names[finish], detail)


def _stars(
    stars: list[Link[Place]], others: list[Link[Place]], columns: Mapping[str, Collection[str]]
) -> Iterator[Link[Place]]:
    """Edges of all columns, one for each; columns that are known only through a star are handed on."""
    known: dict[str, set[str]] = defaultdict(set)
    for link in others:
        known[link.start[0]].add(link.start[1])
        known[link.end[0]].add(link.end[1])
    for key, names in columns.items():
        known[key].update(names)
    above: dict[str, list[Link[Place]]] = defaultdict(list)
    for link in stars:
        above[link.start[0]].append(link)
    waiting = deque((key, name) for key in above for name in known[key] if name)
    while waiting:
        key, name = waiting.popleft()
        for link in above[key]:
            end, column = link.end
            if column != STAR:
                yield Link((key, name), (end, column), link.detail)
            elif name in known[end]:
                yield Link((key, name), (end, name), link.detail)
            elif end not in columns:
                known[end].add(name)
                yield Link((key, name), (end, name), link.detail)
                if end in above:
                    waiting.append((end, name))
