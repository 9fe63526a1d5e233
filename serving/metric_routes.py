"""Metric records over HTTP: create, read, edit, delete, search; their SQL and lineage. Versions lock edits."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assets.catalog.metrics.book import MetricBook
from assets.catalog.metrics.model import MetricRecord
from assets.catalog.records import Kept
from assets.documents import shaped
from serving.errors import Refused
from serving.json_api import Author, expected, me, route, tagged

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route


def metric_routes(book: Callable[[], MetricBook], author: Author = me) -> "list[Route]":
    """Routes under /api/metrics.

    Args:
        book: opens the records; called once per request.
        author: who is named in the versions.
    """

    def listed(request: "Request", _body: Any) -> Any:
        given = request.query_params
        fields = {k: given.get(k, "") for k in ("kind", "owner", "status", "dimension")}
        found = book().search(given.get("q", ""), **fields)
        return {"metrics": [_shown(kept) | {"reasons": hit.reasons if hit else ()} for kept, hit in found]}

    def create(request: "Request", body: Any) -> "Response":
        made, known = _record(body), book()
        known.put(made, author(request), 0, "created")
        return _one(known, made.name, 201)

    def show(request: "Request", _body: Any) -> "Response":
        return _one(book(), request.path_params["name"])

    def edit(request: "Request", body: Any) -> "Response":
        name, known, number = request.path_params["name"], book(), expected(request)
        made = _record({"name": name} | body if isinstance(body, dict) else body)
        if made.name != name:
            raise Refused(400, f"field name: {made.name!r} is not {name!r}", "delete the one and create the other")
        known.put(made, author(request), number)
        return _one(known, name)

    def remove(request: "Request", _body: Any) -> Any:
        name, known, number = request.path_params["name"], book(), expected(request)
        _there(known, name)
        known.remove(name, author(request), number)
        return {"removed": name}

    def sql(request: "Request", _body: Any) -> Any:
        from assets.tables.metrics import Question

        name, given = request.path_params["name"], request.query_params
        return {"sql": book().sql(Question((name,), tuple(given.getlist("by")), given.get("grain", "")))}

    def lineage(request: "Request", _body: Any) -> Any:
        return {"columns": [asdict(s) for s in book().lineage(request.path_params["name"])]}

    def history(request: "Request", _body: Any) -> Any:
        found = book().history(request.path_params["name"])
        return {"versions": [{"number": v.number, "record": v.document} | asdict(v.change) for v in found]}

    one = "/api/metrics/{name}"
    return [
        route("/api/metrics", {"GET": listed, "POST": create}),
        route(one, {"GET": show, "PUT": edit, "DELETE": remove}),
        route(f"{one}/sql", {"GET": sql}),
        route(f"{one}/lineage", {"GET": lineage}),
        route(f"{one}/history", {"GET": history}),
    ]


def _record(body: Any) -> MetricRecord:
    return shaped(body, MetricRecord, "metric")


def _there(book: MetricBook, name: str) -> Kept[MetricRecord]:
    kept = book.all().get(name)
    if kept is None:
        raise Refused(404, f"no metric {name}", "GET /api/metrics lists all")
    return kept


def _one(book: MetricBook, name: str, status: int = 200) -> "Response":
    kept = _there(book, name)
    return tagged(_shown(kept), kept.number, status)


def _shown(kept: Kept[MetricRecord]) -> dict[str, Any]:
    return kept.record.model_dump(mode="json") | {"version": kept.number}
