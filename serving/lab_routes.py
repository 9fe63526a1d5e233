"""SQL over HTTP: queries are started, looked at, paged, cancelled and fetched as files; history, saved, lineage."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from assets.catalog.lab import export, known
from assets.catalog.lab.model import Limits, QueryError
from serving.errors import Refused
from serving.json_api import route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from serving.studio.queries import Asked, Queries

PAGE = 1_000  # rows of an answer at most
WAIT = 0.5  # seconds
FILES = {
    "csv": (export.as_csv, "text/csv; charset=utf-8"),
    "parquet": (export.as_parquet, "application/octet-stream"),
}


def lab_routes(queries: "Callable[[], Queries]") -> "list[Route]":
    """Routes under /api/sql, in the name of the person whose queries they are."""

    return [*_runs(queries), *_kept(queries)]


def _runs(queries: "Callable[[], Queries]") -> "list[Route]":
    def listed(_request: "Request", _body: Any) -> Any:
        return {"sources": [s.name for s in known.sources(queries().settings)]}

    def tables(request: "Request", _body: Any) -> Any:
        own, source = queries(), request.query_params.get("source", "")
        given = known.source_of(own.settings, source).name
        found = own.tables(given)
        return {"tables": [{"key": t.key, "path": t.path, "columns": dict(t.columns)} for t in found]}

    def start(_request: "Request", body: Any) -> Any:
        sql, source, limits = _asked(body)
        purpose = body.get("purpose", "")
        if not isinstance(purpose, str):
            raise Refused(400, "field purpose is no text", "leave it out, or name one")
        return _shown(queries().start(sql, source, limits, WAIT, purpose), 1)

    def show(request: "Request", _body: Any) -> Any:
        page = request.query_params.get("page", "1")
        return _shown(_one(queries(), request), int(page) if page.isdecimal() else 1)

    def cancel(request: "Request", _body: Any) -> Any:
        _one(queries(), request)
        asked = queries().cancel(request.path_params["run"])
        assert asked is not None
        return _shown(asked, 1)

    def download(request: "Request", _body: Any) -> "Response":
        from starlette.responses import Response

        asked, ending = _one(queries(), request), request.query_params.get("format", "csv")
        if asked.answer is None or ending not in FILES:
            raise Refused(404, "there is no such file", f"wait for the answer; formats are {', '.join(FILES)}")
        make, kind = FILES[ending]
        return Response(make(asked.answer), media_type=kind)

    def lineage(_request: "Request", body: Any) -> Any:
        sql, source, _ = _asked(body)
        found = queries().trace(sql, source)
        return {"columns": [c._asdict() for c in found.columns], "rows": found.rows}

    return [
        route("/api/sql/sources", {"GET": listed}),
        route("/api/sql/tables", {"GET": tables}),
        route("/api/sql/runs", {"POST": start}),
        route("/api/sql/runs/{run}", {"GET": show, "DELETE": cancel}),
        route("/api/sql/runs/{run}/file", {"GET": download}),
        route("/api/sql/lineage", {"POST": lineage}),
    ]


def _kept(queries: "Callable[[], Queries]") -> "list[Route]":
    def history(_request: "Request", _body: Any) -> Any:
        return {"history": [a._asdict() for a in queries().history.asked(100)]}

    def saved(_request: "Request", _body: Any) -> Any:
        return {"saved": [s._asdict() for s in queries().history.saved()]}

    def save(request: "Request", body: Any) -> Any:
        sql, source, _ = _asked(body)
        queries().history.save(request.path_params["name"], source, sql)
        return saved(request, None)

    def forget(request: "Request", _body: Any) -> Any:
        if not queries().history.remove(request.path_params["name"]):
            raise Refused(404, "there is no such query", "GET /api/sql/saved lists all")
        return saved(request, None)

    return [
        route("/api/sql/history", {"GET": history}),
        route("/api/sql/saved", {"GET": saved}),
        route("/api/sql/saved/{name}", {"PUT": save, "DELETE": forget}),
    ]


def _asked(body: Any) -> tuple[str, str, Limits]:
    given = body if isinstance(body, dict) else {}
    sql, source = given.get("sql"), given.get("source", "warehouse")
    rows, seconds = given.get("rows", Limits.rows), given.get("seconds", Limits.seconds)
    if not isinstance(sql, str) or not isinstance(source, str) or not sql.strip():
        raise Refused(400, "field sql is missing", 'send {"sql": "SELECT …", "source": "warehouse"}')
    if not isinstance(rows, int) or not isinstance(seconds, int | float) or isinstance(rows, bool):
        raise Refused(400, "fields rows and seconds are numbers", "leave them out for 1,000 and 30")
    return sql, source, Limits(rows, float(seconds))


def _one(queries: "Queries", request: "Request") -> "Asked":
    asked = queries.get(request.path_params["run"])
    if asked is None:
        raise Refused(404, "this answer is no longer kept", "run the query again")
    return asked


def _shown(asked: "Asked", page: int) -> Any:
    made: dict[str, Any] = {"run": asked.id, "state": asked.state, "seconds": round(asked.seconds, 3)}
    if asked.error is not None:
        place = (asked.error.line, asked.error.column) if isinstance(asked.error, QueryError) else (0, 0)
        made |= {"error": asked.error.what, "fix": asked.error.fix, "line": place[0], "column": place[1]}
    if asked.answer is not None:
        answer, start = asked.answer, (max(1, page) - 1) * PAGE
        rows = export.json_rows(answer.rows[start : start + PAGE])
        made |= {"columns": answer.columns, "rows": rows, "count": len(answer.rows), "more": answer.more,
                 "tables": answer.tables, "sql": answer.sql}  # fmt: skip
    return made
