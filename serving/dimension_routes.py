"""Dimension tables over HTTP: define, create, rows under an optimistic lock, import and export of files, clear."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.dimensions.load import ImportRefusedError, Loaded, export
from assets.catalog.dimensions.model import Dimension
from assets.catalog.records import Kept
from assets.documents import shaped
from serving.errors import Refused
from serving.json_api import Author, me, route, tagged

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

MOST_UPLOAD = 64 * 2**20  # bytes of an uploaded file
MOST_ROWS = 1_000  # of one answer
SHOWN = 200  # errors of one answer
ENDINGS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/octet-stream"}


def dimension_routes(book: Callable[[], DimensionBook], author: Author = me) -> "list[Route]":
    """Routes under /api/dimensions.

    Args:
        book: opens the dimensions; called once per request.
        author: who is named in versions and in the log.
    """
    api = _Api(book, author)
    one = "/api/dimensions/{name}"
    return [
        route("/api/dimensions", {"GET": api.listed, "POST": api.define}),
        route(one, {"GET": api.show}),
        route(f"{one}/create", {"POST": api.create}),
        route(f"{one}/rows", {"GET": api.rows, "POST": api.add, "PUT": api.change, "DELETE": api.remove}),
        route(f"{one}/import", {"POST": api.upload}, max_body=MOST_UPLOAD, raw=True),
        route(f"{one}/export", {"GET": api.download}),
        route(f"{one}/clear", {"POST": api.clear}),
        route(f"{one}/log", {"GET": api.log}),
    ]


class _Api:
    """The handlers; see json_api.route."""

    def __init__(self, book: Callable[[], DimensionBook], author: Author) -> None:
        self.book, self.author = book, author

    def listed(self, _request: "Request", _body: Any) -> Any:
        return {"dimensions": [_shown(kept) for kept in self.book().records.all().values()]}

    def define(self, request: "Request", body: Any) -> "Response":
        made, known = shaped(body, Dimension, "dimension"), self.book()
        known.define(made, self.author(request), 0)
        return _one(known, made.name, 201)

    def show(self, request: "Request", _body: Any) -> "Response":
        return _one(self.book(), request.path_params["name"])

    def create(self, request: "Request", _body: Any) -> Any:
        known, name = self.book(), request.path_params["name"]
        _there(known, name)
        known.create(name, self.author(request))
        return {"created": name}

    def rows(self, request: "Request", _body: Any) -> Any:
        known, name, given = self.book(), request.path_params["name"], request.query_params
        _there(known, name)
        limit, offset = (_number(given.get(n, d), n) for n, d in (("limit", "100"), ("offset", "0")))
        with known.table(name) as table:
            return {"rows": [asdict(r) for r in table.rows(min(limit, MOST_ROWS), offset)], "total": table.count()}

    def add(self, request: "Request", body: Any) -> Any:
        return asdict(self.book().add(request.path_params["name"], _texts(body, "values"), self.author(request)))

    def change(self, request: "Request", body: Any) -> Any:
        name, key, values = request.path_params["name"], _texts(body, "key"), _texts(body, "values")
        return asdict(self.book().change(name, key, values, _version(body), self.author(request)))

    def remove(self, request: "Request", body: Any) -> Any:
        name, key = request.path_params["name"], _texts(body, "key")
        return asdict(self.book().remove(name, key, _version(body), self.author(request)))

    def upload(self, request: "Request", body: bytes) -> Any:
        return _upload(self.book(), request, body, self.author(request))

    def download(self, request: "Request", _body: Any) -> "Response":
        return _download(self.book(), request)

    def clear(self, request: "Request", body: Any) -> Any:
        typed = body.get("name", "") if isinstance(body, dict) else ""
        return asdict(self.book().clear(request.path_params["name"], typed, self.author(request)))

    def log(self, request: "Request", _body: Any) -> Any:
        found = self.book().log(request.path_params["name"])
        return {"changes": [(v.document or {}) | {"number": v.number} | asdict(v.change) for v in found]}


def _there(book: DimensionBook, name: str) -> Kept[Dimension]:
    kept = book.records.all().get(name)
    if kept is None:
        raise Refused(404, f"no dimension {name}", "GET /api/dimensions lists all")
    return kept


def _one(book: DimensionBook, name: str, status: int = 200) -> "Response":
    kept = _there(book, name)
    ddl = [s.sql for s in kept.record.ddl(book.dialect(kept.record))]
    return tagged(_shown(kept) | {"ddl": ddl}, kept.number, status)


def _shown(kept: Kept[Dimension]) -> dict[str, Any]:
    return kept.record.model_dump(mode="json") | {"version": kept.number}


def _upload(book: DimensionBook, request: "Request", body: bytes, author: str) -> Any:
    """The file's own bytes as body; ?file= is its name, whose ending says what it is."""
    given, name = request.query_params, request.path_params["name"]
    called = Path(given.get("file", "upload.csv")).name
    mode: Any = given.get("mode", "upsert")
    if mode not in ("upsert", "insert", "replace"):
        raise Refused(400, f"mode {mode!r} is not known", "use upsert, insert or replace")
    _there(book, name)
    with tempfile.TemporaryDirectory(prefix="heddle-import-") as folder:
        path = Path(folder) / f"upload{Path(called).suffix.lower()}"
        path.write_bytes(body)
        try:
            done: Loaded | None = book.load(
                name,
                path,
                author,
                mode=mode,
                skip_bad=given.get("skip_bad") == "1",
                encoding=given.get("encoding", ""),
                sheet=given.get("sheet", ""),
                called=called,
            )
            problems = done.problems if done else None
        except ImportRefusedError as error:
            done, problems = None, error.problems
    errors = [asdict(e) for e in problems.errors[:SHOWN]] if problems else []
    said = {"imported": done is not None, "errors": errors, "bad_rows": problems.count if problems else 0}
    return said | (asdict(done.counts) if done else {})


def _download(book: DimensionBook, request: "Request") -> "Response":
    from starlette.responses import Response

    name, ending = request.path_params["name"], request.query_params.get("format", "csv")
    if ending not in ENDINGS:
        raise Refused(400, f"format {ending!r} is not known", f"use {' or '.join(ENDINGS)}")
    _there(book, name)
    with tempfile.TemporaryDirectory(prefix="heddle-export-") as folder, book.table(name) as table:
        path = Path(folder) / f"{name}.{ending}"
        export(table, path, language=request.query_params.get("language", ""))
        data = path.read_bytes()
    return Response(data, 200, {"content-disposition": f'attachment; filename="{name}.{ending}"'}, ENDINGS[ending])


def _texts(body: Any, field: str) -> dict[str, str | None]:
    found = body.get(field) if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise Refused(400, f"field {field}: a mapping of columns to texts is needed", f'send {{"{field}": {{…}}}}')
    wrong = next((k for k, v in found.items() if not isinstance(v, str | None)), None)
    if wrong is not None:
        raise Refused(400, f"field {field}.{wrong}: is no text", "send all values as texts, or null")
    return found


def _version(body: Any) -> str:
    found = body.get("version") if isinstance(body, dict) else None
    if not isinstance(found, str) or not found:
        raise Refused(428, "field version is missing", "send the version of the row that you edited")
    return found


def _number(text: str, field: str) -> int:
    if not text.isdecimal():
        raise Refused(400, f"{field}: {text!r} is no number")
    return int(text)
