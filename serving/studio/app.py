"""The studio as an ASGI app: routes, languages, errors, and what keeps other pages and other names of this host out."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from core.errors import HeddleError, StoreError
from serving.studio.api import api_routes
from serving.studio.distant import Distant
from serving.studio.fields import AgainError
from serving.studio.forms import Form, RefusedError, read
from serving.studio.pages import (
    access,
    catalogue,
    column,
    dimension,
    dimension_edit,
    dimension_files,
    dimension_row,
    entry,
    exchange,
    graph,
    lab,
    metric,
    metric_edit,
    offline,
    quality,
    quality_decide,
    quality_others,
    quality_pairs,
    quality_preview,
    record,
    remote,
    remote_change,
    restore,
    save,
    tag_save,
)
from serving.studio.studio import Studio
from serving.studio.texts import COOKIE, LANGUAGES, MissingError
from serving.studio.visit import Visit

if TYPE_CHECKING:
    from starlette.requests import Request

Page = Callable[[Visit], "str | Response"]
Action = Callable[[Visit, Form], str]  # the address of the page to go to
PAGES: Mapping[str, Page] = {
    "/": catalogue.page,
    "/entry": entry.page,
    "/column": column.page,
    "/graph": graph.page,
    "/standard": record.standard,
    "/codes": record.codes,
    "/lineage/import": exchange.page,
    "/lab": lab.page,
    "/lab/download": lab.download,
    "/metrics": metric.listed,
    "/metric": metric.page,
    "/metric/edit": metric_edit.page,
    "/metric/delete": metric_edit.confirm,
    "/dimensions": dimension.listed,
    "/dimension": dimension.page,
    "/dimension/define": dimension_edit.page,
    "/dimension/create": dimension_edit.review,
    "/dimension/row": dimension_row.page,
    "/dimension/remove": dimension_row.confirm,
    "/dimension/import": dimension_files.page,
    "/dimension/rejected": dimension_files.rejected,
    "/dimension/export": dimension_files.export,
    "/dimension/clear": dimension_row.confirm_clear,
    "/quality": quality.listed,
    "/quality/table": quality.page,
    "/quality/preview": quality_preview.page,
    "/quality/pairs": quality_pairs.page,
    "/access": access.page,
    "/sources": remote.listed,
    "/sources/import": offline.page,
    "/source": remote.page,
    "/remote": remote.table,
    "/remote/change": remote_change.page,
}
ACTIONS: Mapping[str, Action] = {
    "/entry": save.entry,
    "/column": save.column,
    "/accept": save.accept,
    "/relation": save.relation,
    "/tags": tag_save.save,
    "/restore": restore.save,
    "/lineage/import": exchange.take,
    "/lab": lab.act,
    "/metric/edit": metric_edit.save,
    "/metric/delete": metric_edit.delete,
    "/dimension/define": dimension_edit.save,
    "/dimension/create": dimension_edit.create,
    "/dimension/row": dimension_row.save,
    "/dimension/remove": dimension_row.remove,
    "/dimension/import": dimension_files.take,
    "/dimension/clear": dimension_row.clear,
    "/quality/rule": quality_decide.rule,
    "/quality/several": quality_decide.several,
    "/quality/plan": quality_others.plan,
    "/quality/mapping": quality_others.mapping,
    "/quality/pairs": quality_pairs.act,
    "/sources/import": offline.save,
    "/remote": remote.act_now,
    "/remote/change": remote_change.run,
}
UPLOADS = {"/lineage/import", "/dimension/import", "/sources/import"}
HOSTS = ["127.0.0.1", "localhost"]  # another name may be somebody's way to let a foreign page read ours
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
log = logging.getLogger(__name__)


def build(studio: Studio) -> Starlette:
    """The app; it reads and writes the catalogue of the studio, and nothing else."""
    distant = Distant()
    routes = [
        *(Route(path, _shown(studio, page, distant), methods=["GET"]) for path, page in PAGES.items()),
        *(Route(path, _done(studio, action, distant), methods=["POST"]) for path, action in ACTIONS.items()),
        *api_routes(studio),
        Route("/health", lambda request: PlainTextResponse("ok"), methods=["GET"]),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
        exception_handlers={HTTPException: _odd(studio), Exception: _odd(studio)},
    )


def _shown(studio: Studio, page: Page, distant: Distant) -> Callable[["Request"], Awaitable[Response]]:
    async def show(request: "Request") -> Response:
        visit = Visit(studio, request)
        try:
            made = await distant.shown(request.url.path, page, visit)
            response = made if isinstance(made, Response) else HTMLResponse(made)
        except (HeddleError, MissingError, RefusedError) as error:
            response = await run_in_threadpool(_problem, visit, error)
        return _finished(request, response)

    return show


def _done(studio: Studio, action: Action, distant: Distant) -> Callable[["Request"], Awaitable[Response]]:
    async def do(request: "Request") -> Response:
        response: Response
        try:
            form = await read(request, studio.token, request.url.path in UPLOADS)
            visit = Visit(studio, request, _about(form))
            response = RedirectResponse(await distant.done(request.url.path, action, visit, form), 303)
            studio.shelf.outdated()
        except AgainError as error:
            response = HTMLResponse(error.page, error.status)
        except (HeddleError, MissingError, RefusedError) as error:
            response = await run_in_threadpool(_problem, Visit(studio, request), error)
        return _finished(request, response)

    return do


def _about(form: Form) -> dict[str, str]:
    """The fields that name what a form is about; of something new there is no page yet."""
    new = form.get("version") in ("", "0")
    return {} if new else {k: v for k, v in form.items() if k in ("name", "key", "action") or k.startswith("k.")}


def _problem(visit: Visit, error: Exception) -> HTMLResponse:
    """What went wrong, in words, as a page."""
    say, fix, status = visit.say, "", 400
    near: tuple[str, ...] = ()
    if isinstance(error, MissingError):
        what, status = say("missing", key=error.key[:300]) if error.key else say("no_page"), 404
        near = error.near
    elif isinstance(error, RefusedError):
        what, status = say(error.why), 403
    elif isinstance(error, HeddleError):
        what, fix = error.what, error.fix
        status = 409 if isinstance(error, StoreError) else 400
    else:
        what, status = say("broken"), 500
    return HTMLResponse(visit.page("problem.html", say("problem"), what=what, fix=fix, near=near), status)


def _odd(studio: Studio) -> Callable[["Request", Exception], Awaitable[Response]]:
    """Addresses without a page, wrong methods, and our own mistakes, which are logged and not shown."""

    async def tell(request: "Request", error: Exception) -> Response:
        visit = Visit(studio, request)
        if isinstance(error, HTTPException) and error.status_code != 404:
            return _finished(request, PlainTextResponse(error.detail, error.status_code, error.headers))
        shown = MissingError("") if isinstance(error, HTTPException) else error
        if shown is error:
            log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return _finished(request, _problem(visit, shown))

    return tell


def _finished(request: "Request", response: Response) -> Response:
    response.headers.update({**HEADERS, "Cache-Control": "no-store"})
    chosen = request.query_params.get("lang")
    if chosen in LANGUAGES:
        response.set_cookie(COOKIE, str(chosen), max_age=31_536_000, httponly=True, samesite="strict")
    return response
