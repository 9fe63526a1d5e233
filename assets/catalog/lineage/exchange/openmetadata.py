"""OpenMetadata's addLineage requests (PUT /v1/lineage), one JSON object a line."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from assets.catalog.lineage.exchange.taken import Taken
from assets.catalog.lineage.identity import NAMESPACE, key_of, name_of
from assets.catalog.lineage.model import DATA, Edge, Stated
from assets.catalog.lineage.sql.identifiers import join, split
from core.errors import HeddleError
from core.hashing import digest

KINDS = {"model": "mlmodel", "report": "dashboard", "endpoint": "apiEndpoint"}  # layer -> type of entity; else table
TYPES = ("table", "mlmodel", "dashboard", "apiEndpoint", "topic", "pipeline", "container", "searchIndex")


def requests(stated: Iterable[Stated]) -> Iterator[dict[str, Any]]:
    """A request for each pair of nodes. Entities are named in full; ids are made of these names."""
    pairs: dict[tuple[str, str], dict[Edge, None]] = {}
    for edge in (e for s in stated for e in s.edges):
        pairs.setdefault((edge.from_key, edge.to_key), {})[edge] = None
    for (start, end), edges in pairs.items():
        by_column: dict[str, list[Edge]] = {}
        for edge in edges:
            if edge.from_column and edge.to_column and edge.kind == DATA:
                by_column.setdefault(edge.to_column, []).append(edge)
        columns = [_column(start, end, column, found) for column, found in by_column.items()]
        details = {"source": "ExternalTableLineage", "columnsLineage": columns}
        yield {"edge": {"fromEntity": _entity(start), "toEntity": _entity(end), "lineageDetails": details}}


def read_requests(text: str, name: str) -> Taken:
    """Edges of requests; each line, or each element of a list, is one."""
    taken, edges = Taken(), list[Edge]()
    for where, given in taken.objects(text, "request"):
        try:
            edges += _read(given)
        except (KeyError, TypeError, AttributeError) as error:
            told = f"there is no {error}" if isinstance(error, KeyError) else "it is no addLineage request"
            taken.problems.append(f"{where}: {told}")
        except HeddleError as error:
            taken.problems.append(f"{where}: {error.what}")
    if edges:
        evidence = {"file": name, "digest": digest([text])}
        taken.stated.append(Stated("import", name, tuple(dict.fromkeys(edges)), evidence))
    return taken


def _read(given: Any) -> Iterator[Edge]:
    edge = given["edge"]
    start, end = (_name(edge[side]) for side in ("fromEntity", "toEntity"))
    yield Edge(_key(start), "", _key(end), "")
    for told in (edge.get("lineageDetails") or {}).get("columnsLineage") or ():
        target = _below(end, told["toColumn"])
        for source in told["fromColumns"]:
            words = str(told.get("function") or "")
            yield Edge(_key(start), _below(start, source), _key(end), target, detail=words)


def _column(start: str, end: str, column: str, edges: list[Edge]) -> dict[str, Any]:
    sources = list(dict.fromkeys(join((*split(_full(start)), e.from_column)) for e in edges))
    words = next((e.detail for e in edges if e.detail), "")
    told = {"fromColumns": sources, "toColumn": join((*split(_full(end)), column))}
    return told | ({"function": words} if words else {})


def _entity(key: str) -> dict[str, str]:
    full = _full(key)
    kind = KINDS.get(key.split("/", 1)[0], "table")
    return {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, full)), "type": kind, "fullyQualifiedName": full}


def _full(key: str) -> str:
    """`service.name`, the name in double quotes where it has dots."""
    return join(name_of(key))


def _name(entity: Any) -> str:
    if str(entity.get("type")) not in TYPES:
        raise HeddleError(f"unknown type of entity {entity.get('type')!r}", f"one of {', '.join(TYPES)}")
    name = entity.get("fullyQualifiedName") or entity.get("name")
    if not name:
        raise HeddleError("an entity has no fullyQualifiedName", "ids alone do not say what is meant")
    return str(name)


def _key(full: str) -> str:
    service, *name = split(full)
    return key_of(service, name[0] if service == NAMESPACE and len(name) == 1 else ".".join(name))


def _below(entity: str, column: str) -> str:
    parts, own = split(column), split(entity)
    if parts[: len(own)] != own or len(parts) == len(own):
        raise HeddleError(f"{column} is no column of {entity}", "name columns in full, below their entity")
    return ".".join(parts[len(own) :])
