"""DataHub's ingestion files: the YAML of its file-based lineage source, and JSON of metadata change proposals."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from assets.catalog.lineage.exchange.taken import Taken
from assets.catalog.lineage.identity import key_of, name_of
from assets.catalog.lineage.model import Edge, Stated
from core.errors import HeddleError
from core.hashing import digest
from core.jsons import parse

ENVIRONMENT = "PROD"
DATASET = re.compile(r"^urn:li:dataset:\(urn:li:dataPlatform:([^,]+),(.+),([^,]+)\)$")
FIELD = re.compile(r"^urn:li:schemaField:\((urn:li:dataset:\(.+\)),(.+)\)$")
ESCAPED = {"%": "%25", ",": "%2C", "(": "%28", ")": "%29"}  # what a URN's parts may not hold


def lineage_file(stated: Iterable[Stated]) -> dict[str, Any]:
    """The content of a file for DataHub's source `datahub-lineage-file`."""
    entries = []
    for target, edges in _by_target(stated).items():
        upstream = [{"entity": _entity(key)} for key in dict.fromkeys(e.from_key for e in edges)]
        entry: dict[str, Any] = {"entity": _entity(target), "upstream": upstream}
        fine = _fine(target, edges)
        entries.append(entry | ({"fineGrainedLineages": fine} if fine else {}))
    return {"version": 1, "lineage": entries}


def read_lineage_file(content: Any, name: str) -> Taken:
    """Edges of such a file's content."""
    taken = Taken()
    entries = content.get("lineage") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        taken.problems.append("line 1: there is no list `lineage`")
        return taken
    edges: list[Edge] = []
    for number, entry in enumerate(entries, 1):
        try:
            target = _key_of_entity(entry["entity"])
            above = [Edge(_key_of_entity(up["entity"]), "", target, "") for up in entry.get("upstream") or ()]
            edges += [*above, *_read_fine(entry.get("fineGrainedLineages") or ())]
        except (KeyError, TypeError, AttributeError, HeddleError) as error:
            taken.problems.append(f"entry {number}: {_told(error)}")
    return _one(taken, edges, name, json.dumps(content, sort_keys=True, default=str))


def proposals(stated: Iterable[Stated]) -> list[dict[str, Any]]:
    """Metadata change proposals with the aspect upstreamLineage, for DataHub's source `file`."""
    found = []
    for target, edges in _by_target(stated).items():
        keys = dict.fromkeys(e.from_key for e in edges)
        stamp = {"time": 0, "actor": "urn:li:corpuser:heddle"}
        upstreams = [{"auditStamp": stamp, "dataset": urn(key), "type": "TRANSFORMED"} for key in keys]
        aspect = {"upstreams": upstreams, "fineGrainedLineages": _fine(target, edges)}
        proposal = {"entityType": "dataset", "entityUrn": urn(target), "changeType": "UPSERT"}
        found.append(proposal | {"aspectName": "upstreamLineage", "aspect": {"json": aspect}})
    return found


def read_proposals(given: list[Any], name: str) -> Taken:
    """Edges of proposals; those with other aspects are passed over."""
    taken, edges = Taken(), list[Edge]()
    for number, proposal in enumerate(given, 1):
        try:
            if proposal.get("aspectName") != "upstreamLineage":
                continue
            target = _key_of_urn(proposal["entityUrn"])
            aspect = proposal["aspect"]
            aspect = aspect["json"] if "json" in aspect else parse(aspect["value"])
            edges += [Edge(_key_of_urn(up["dataset"]), "", target, "") for up in aspect.get("upstreams") or ()]
            edges += _read_fine(aspect.get("fineGrainedLineages") or ())
        except (KeyError, TypeError, AttributeError, ValueError, HeddleError) as error:
            taken.problems.append(f"entry {number}: {_told(error)}")
    return _one(taken, edges, name, json.dumps(given, sort_keys=True))


def urn(key: str) -> str:
    """The URN of a data set."""
    namespace, name = name_of(key)
    return f"urn:li:dataset:(urn:li:dataPlatform:{_escaped(namespace)},{_escaped(name)},{ENVIRONMENT})"


def _by_target(stated: Iterable[Stated]) -> dict[str, list[Edge]]:
    found: dict[str, dict[Edge, None]] = {}
    for edge in (e for s in stated for e in s.edges):
        found.setdefault(edge.to_key, {})[edge] = None
    return {target: list(edges) for target, edges in found.items()}


def _fine(target: str, edges: list[Edge]) -> list[dict[str, Any]]:
    by_column: dict[str, list[str]] = {}
    for edge in edges:
        if edge.from_column and edge.to_column:
            by_column.setdefault(edge.to_column, []).append(_field(edge.from_key, edge.from_column))
    return [
        {
            "upstreamType": "FIELD_SET",
            "upstreams": list(dict.fromkeys(upstreams)),
            "downstreamType": "FIELD",
            "downstreams": [_field(target, column)],
            "confidenceScore": 1.0,
        }
        for column, upstreams in by_column.items()
    ]


def _read_fine(given: Iterable[Any]) -> Iterator[Edge]:
    for fine in given:
        for down in fine.get("downstreams") or ():
            for up in fine.get("upstreams") or ():
                yield Edge(*_parts(up), *_parts(down), detail=str(fine.get("transformOperation") or ""))


def _field(key: str, column: str) -> str:
    return f"urn:li:schemaField:({urn(key)},{_escaped(column)})"


def _parts(text: str) -> tuple[str, str]:
    found = FIELD.match(text)
    if found is None:
        raise HeddleError(f"{text!r} is no URN of a field", "give urn:li:schemaField:(…)")
    return _key_of_urn(found[1]), _plain(found[2])


def _entity(key: str) -> dict[str, str]:
    namespace, name = name_of(key)
    return {"name": name, "type": "dataset", "env": ENVIRONMENT, "platform": namespace}


def _key_of_entity(entity: Any) -> str:
    platform, name = str(entity["platform"]), str(entity["name"])
    return key_of(platform, name)


def _key_of_urn(text: str) -> str:
    found = DATASET.match(text)
    if found is None:
        raise HeddleError(f"{text!r} is no URN of a data set", "give urn:li:dataset:(…)")
    return key_of(_plain(found[1]), _plain(found[2]))


def _escaped(text: str) -> str:
    return "".join(ESCAPED.get(c, c) for c in text)


def _plain(text: str) -> str:
    for plain, escaped in reversed(ESCAPED.items()):
        text = text.replace(escaped, plain)
    return text


def _told(error: Exception) -> str:
    if isinstance(error, HeddleError):
        return error.what
    return f"there is no {error}" if isinstance(error, KeyError) else f"it is not of the right form: {error}"


def _one(taken: Taken, edges: list[Edge], name: str, content: str) -> Taken:
    if edges:
        evidence = {"file": name, "digest": digest([content])}
        taken.stated.append(Stated("import", name, tuple(dict.fromkeys(edges)), evidence))
    return taken
