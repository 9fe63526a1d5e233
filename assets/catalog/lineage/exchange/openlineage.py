"""OpenLineage run events, as of spec 2-0-2 and column lineage facet 1-2-0."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from assets.catalog.lineage.exchange.taken import Taken
from assets.catalog.lineage.identity import NAMESPACE, key_of, name_of
from assets.catalog.lineage.model import DATA, Edge, Stated
from core.errors import HeddleError

PRODUCER = "https://heddle.dev"
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACET = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet"
ERROR = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet"
INDIRECT = {"filter": "FILTER", "join": "JOIN", "group": "GROUP_BY"}
KINDS = {subtype: kind for kind, subtype in INDIRECT.items()}
MOST_PROBLEMS = 1_000


def events(stated: Iterable[Stated]) -> Iterator[dict[str, Any]]:
    """A START and a COMPLETE event for each target that something states; the job is what states it."""
    for one in stated:
        for target in dict.fromkeys(e.to_key for e in one.edges):
            edges = [e for e in one.edges if e.to_key == target]
            run = one.run or f"{one.origin} {one.name}"
            inputs = [_dataset(key) for key in dict.fromkeys(e.from_key for e in edges)]
            output = _dataset(target) | {"facets": {"columnLineage": _facet(edges)}}
            job = one.name if one.name == target else f"{one.name}:{target}"
            yield event("START", one.at, run, job, inputs, [_dataset(target)])
            yield event("COMPLETE", one.at, run, job, inputs, [output])


def event(
    kind: str, at: str, run: str, job: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], error: str = ""
) -> dict[str, Any]:
    """One run event.

    Args:
        kind: START, COMPLETE, FAIL or ABORT.
        at: ISO 8601; now when empty.
        run: Dagster's id of the run, or any text that names it.
    """
    told = {"_producer": PRODUCER, "_schemaURL": ERROR, "message": error, "programmingLanguage": "python"}
    return {
        "eventTime": at or datetime.now(UTC).isoformat(),
        "producer": PRODUCER,
        "schemaURL": SPEC,
        "eventType": kind,
        "run": {"runId": run_id(run), "facets": {"errorMessage": told} if error else {}},
        "job": {"namespace": NAMESPACE, "name": job, "facets": {}},
        "inputs": inputs,
        "outputs": outputs,
    }


def run_id(run: str) -> str:
    """A UUID, as the spec asks for: the run's own one, or one made of its name."""
    try:
        return str(uuid.UUID(run))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}/{run}"))


def read_events(text: str, name: str) -> Taken:
    """Events of a file: one JSON object a line, one object, or a list of them."""
    taken = Taken()
    found: dict[str, Stated] = {}
    for where, given in taken.objects(text, "event"):
        try:
            for one in read_event(given, f"{name}, {where}"):
                found[one.name] = one
        except HeddleError as error:
            taken.problems.append(f"{where}: {error.what}")
    taken.stated += found.values()
    return taken


def read_event(given: Any, where: str) -> list[Stated]:
    """What one event states; nothing for those that tell no data (START without outputs, FAIL, ABORT, RUNNING).

    Raises:
        HeddleError: it is no OpenLineage event.
    """
    job = _part(given, "job", where)
    name = f"openlineage:{_text(job, 'namespace', where)}/{_text(job, 'name', where)}"
    if given.get("eventType") in ("FAIL", "ABORT", "START", "RUNNING"):
        return []
    _text(given, "eventTime", where)
    inputs = [_key(d, where) for d in _list(given, "inputs", where)]
    edges: list[Edge] = []
    for output in _list(given, "outputs", where):
        target = _key(output, where)
        edges += [Edge(key, "", target, "") for key in inputs]
        edges += _read_facet((output.get("facets") or {}).get("columnLineage"), target, where)
    if not edges:
        return []
    run = str((given.get("run") or {}).get("runId") or "")
    evidence = {"event": where, "producer": str(given.get("producer") or "")}
    return [Stated("import", name, tuple(dict.fromkeys(edges)), evidence, run, str(given["eventTime"]))]


def _read_facet(facet: Any, target: str, where: str) -> Iterator[Edge]:
    if facet is None:
        return
    fields = facet.get("fields") if isinstance(facet, dict) else None
    if not isinstance(fields, dict):
        raise HeddleError(f"{where}: columnLineage has no fields", "give a ColumnLineageDatasetFacet")
    for column, told in fields.items():
        for source in _list(told, "inputFields", where):
            yield from _read_field(source, target, column, where)
    for source in facet.get("dataset") or []:
        yield from _read_field(source, target, "", where)


def _read_field(source: Any, target: str, column: str, where: str) -> Iterator[Edge]:
    key, name = _key(source, where), _text(source, "field", where)
    ways = source.get("transformations") or [{}]
    for way in ways:
        indirect = way.get("type") == "INDIRECT" or not column
        kind = KINDS.get(str(way.get("subtype")), "filter") if indirect else DATA
        yield Edge(key, name, target, "" if indirect else column, kind, str(way.get("description") or ""))


def _facet(edges: list[Edge]) -> dict[str, Any]:
    fields: dict[str, dict[str, Any]] = {}
    rows = []
    for edge in edges:
        if not edge.from_column:
            continue
        way = {"type": "DIRECT"} if edge.kind == DATA else {"type": "INDIRECT", "subtype": INDIRECT[edge.kind]}
        told = way | ({"description": edge.detail} if edge.detail else {})
        source = _dataset(edge.from_key) | {"field": edge.from_column, "transformations": [told]}
        if edge.kind == DATA and edge.to_column:
            fields.setdefault(edge.to_column, {"inputFields": []})["inputFields"].append(source)
        else:
            rows.append(source)
    return {"_producer": PRODUCER, "_schemaURL": FACET, "fields": fields} | ({"dataset": rows} if rows else {})


def _dataset(key: str) -> dict[str, Any]:
    namespace, name = name_of(key)
    return {"namespace": namespace, "name": name}


def _part(given: Any, name: str, where: str) -> Mapping[str, Any]:
    found = given.get(name) if isinstance(given, dict) else None
    if not isinstance(found, dict):
        raise HeddleError(f"{where}: there is no object {name!r}", "give OpenLineage events")
    return found


def _text(given: Any, name: str, where: str) -> str:
    found = given.get(name) if isinstance(given, dict) else None
    if not isinstance(found, str) or not found:
        raise HeddleError(f"{where}: there is no text {name!r}", "give OpenLineage events")
    return found


def _list(given: Any, name: str, where: str) -> list[Any]:
    found = given.get(name) if isinstance(given, dict) else None
    if found is None:
        return []
    if not isinstance(found, list):
        raise HeddleError(f"{where}: {name!r} is no list", "give OpenLineage events")
    return found


def _key(dataset: Any, where: str) -> str:
    return key_of(_text(dataset, "namespace", where), _text(dataset, "name", where))
