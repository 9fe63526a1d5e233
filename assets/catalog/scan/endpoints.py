"""HTTP endpoints: the operations and schemas of an OpenAPI document, or the records that a URL answers with."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml

from assets.catalog.model import Base, ColumnInfo, TableInfo, TableKind
from assets.catalog.scan.files.json_records import rows_of
from assets.catalog.scan.files.records import batches, columns_of, flat
from assets.catalog.scan.reader import Content, Found, Wanted
from assets.catalog.scan.references import Address
from assets.catalog.scan.sources import Source
from core.errors import SourceError
from core.hashing import digest

SECONDS = 20.0
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_BASES = {
    "string": Base.TEXT,
    "integer": Base.INTEGER,
    "number": Base.NUMBER,
    "boolean": Base.BOOLEAN,
    "array": Base.NESTED,
    "object": Base.NESTED,
}
_FORMATS = {"date": Base.DATE, "date-time": Base.TIMESTAMP, "time": Base.TIME, "binary": Base.BINARY}


class EndpointReader:
    """See reader.Reader. `http(s)://…` or `openapi+http(s)://…`."""

    parallel = 1

    def __init__(self, document: Any, name: str) -> None:
        self.document = document
        self.name = name

    @classmethod
    def open(cls, address: Address, source: Source) -> "EndpointReader":
        """Asks for the document.

        Raises:
            SourceError: the endpoint is down, answers an error, more than `max_bytes`, or what is no document.
        """
        import httpx

        url = address.url.removeprefix("openapi+")
        limit = source.max_bytes
        data = b""
        try:
            with httpx.stream("GET", url, timeout=SECONDS, follow_redirects=False) as answer:
                answer.raise_for_status()
                for piece in answer.iter_bytes():
                    data += piece
                    if limit and len(data) > limit:
                        raise SourceError(f"source {source.name}: the answer is larger than max_bytes ({limit:,})")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"source {source.name} cannot be reached: {address.clean(error)}") from None
        return cls(_parsed(data, source), httpx.URL(url).path or "/")

    def close(self) -> None:
        """Nothing is held."""

    def tables(self, wanted: Wanted) -> list[Found]:
        """See reader.Reader."""
        if not _is_openapi(self.document):
            table = TableInfo(name=f"GET {self.name}", kind=TableKind.ENDPOINT, columns=columns_of(self._records()))
            found = [Found(table, digest([json.dumps(self.document, sort_keys=True)]))]
        else:
            found = [Found(table, "described") for table in (*_operations(self.document), *_schemas(self.document))]
        return [one for one in found if wanted(one.table.path)]

    @contextmanager
    def read(self, table: TableInfo, rows: int) -> Iterator[Content]:
        """The records of the answer; what is only described has none, and is never called."""
        content = Content(table.columns, iter(()))
        if not _is_openapi(self.document):
            content.batches = batches(iter(self._records()), table.columns, rows, content)
        yield content

    def _records(self) -> list[dict[str, Any]]:
        return [flat(row) for row in rows_of(self.document)]


def _parsed(data: bytes, source: Source) -> Any:
    try:
        return json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError):
        pass
    try:
        document = yaml.safe_load(data)
    except yaml.YAMLError:
        document = None
    if not isinstance(document, dict):
        raise SourceError(f"source {source.name}: the answer is neither JSON nor an OpenAPI document in YAML")
    return document


def _is_openapi(document: Any) -> bool:
    return isinstance(document, dict) and ("openapi" in document or "swagger" in document)


def _operations(document: Mapping[str, Any]) -> Iterator[TableInfo]:
    """One table per operation: its parameters, the fields of its body and those of its answer."""
    for path, item in sorted((document.get("paths") or {}).items()):
        for method in METHODS:
            operation = (item or {}).get(method)
            if not isinstance(operation, dict):
                continue
            columns: list[ColumnInfo] = []
            for given in (*item.get("parameters", ()), *operation.get("parameters", ())):
                known = _resolved(document, given)
                place = known.get("in", "query")
                schema = known.get("schema") or known
                columns.append(_column(document, f"{place}.{known.get('name', '')}", schema, known))
            for prefix, schema in _bodies(document, operation):
                columns += _fields(document, schema, prefix)
            named = {c.name: c for c in columns}
            yield TableInfo(
                name=f"{method.upper()} {path}",
                kind=TableKind.ENDPOINT,
                comment=str(operation.get("summary") or operation.get("description") or ""),
                columns=tuple(c.model_copy(update={"place": i}) for i, c in enumerate(named.values(), 1)),
            )


def _schemas(document: Mapping[str, Any]) -> Iterator[TableInfo]:
    found = (document.get("components") or {}).get("schemas") or document.get("definitions") or {}
    for name, schema in sorted(found.items()):
        columns = _fields(document, schema, "")
        yield TableInfo(
            name=f"#{name}",
            kind=TableKind.ENDPOINT,
            comment=str(schema.get("description") or ""),
            columns=tuple(c.model_copy(update={"place": i}) for i, c in enumerate(columns, 1)),
        )


def _bodies(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    body = _resolved(document, operation.get("requestBody") or {})
    yield from (("body.", part.get("schema") or {}) for part in list((body.get("content") or {}).values())[:1])
    for status, given in (operation.get("responses") or {}).items():
        if str(status).startswith("2"):
            answer = _resolved(document, given)
            parts = list((answer.get("content") or {}).values())[:1] or [answer]
            yield from (("answer.", part.get("schema") or {}) for part in parts)
            return


def _fields(document: Mapping[str, Any], schema: Any, prefix: str) -> list[ColumnInfo]:
    """The properties of an object, or of the objects of an array."""
    known = _resolved(document, schema)
    if known.get("type") == "array":
        known = _resolved(document, known.get("items") or {})
    members = [known, *(_resolved(document, part) for part in known.get("allOf") or ())]
    made = []
    for member in members:
        for name, field in (member.get("properties") or {}).items():
            field = _resolved(document, field)
            made.append(_column(document, f"{prefix}{name}", field, {"required": name in member.get("required", ())}))
    return made


def _column(document: Mapping[str, Any], name: str, schema: Any, given: Mapping[str, Any]) -> ColumnInfo:
    known = _resolved(document, schema)
    kinds = known.get("type") or ""
    kind = next((k for k in kinds if k != "null"), "") if isinstance(kinds, list) else str(kinds)
    form = str(known.get("format") or "")
    return ColumnInfo(
        name=name,
        type=f"{kind}({form})" if form else kind or "object",
        base=_FORMATS.get(form) or _BASES.get(kind, Base.OTHER),
        nullable=not given.get("required"),
        default=str(known.get("default", "")),
        comment=str(given.get("description") or known.get("description") or ""),
    )


def _resolved(document: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
    """Follows `$ref` within the document; what leads elsewhere, or round, is empty."""
    for _ in range(20):
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        if not reference.startswith("#/"):
            return {}
        schema = document
        for step in reference[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            schema = schema.get(step) if isinstance(schema, dict) else None
    return {}
