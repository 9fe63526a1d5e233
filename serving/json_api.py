"""JSON over HTTP for people's edits: answers of plain functions, same-origin writes, versions as ETags."""

import getpass
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import ConflictError, HeddleError
from core.jsons import parse
from serving.errors import Refused

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

MAX_BODY = 8 * 2**20  # bytes of a JSON body
READS = {"GET", "HEAD"}
Handler = Callable[["Request", Any], Any]  # request, body (None for reads) -> what the answer's JSON says
Author = Callable[["Request"], str]


def me(_request: "Request") -> str:
    """The author of changes where nobody signs in: who runs the server."""
    return getpass.getuser()


def route(path: str, handlers: Mapping[str, Handler], max_body: int = MAX_BODY, raw: bool = False) -> "Route":
    """A route whose handlers, by method, run in a thread.

    A handler's answer is JSON of status 200, or a Response. HeddleErrors become 400, conflicts 409, a Refused its own
    status, each as {"error": …}.

    Args:
        raw: the body is bytes and no JSON.
    """
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response
    from starlette.routing import Route

    async def answer(request: "Request") -> "Response":
        try:
            body = None
            if request.method not in READS:
                same_origin(request)
                data = await _body(request, max_body)
                body = data if raw else _json(request, data)
            method = "GET" if request.method == "HEAD" else request.method
            made = await run_in_threadpool(handlers[method], request, body)
        except Refused as error:
            return _error(error.status, error.message)
        except ConflictError as error:
            return _error(409, _told(error))
        except HeddleError as error:
            return _error(400, _told(error))
        return made if isinstance(made, Response) else _answer(made)

    return Route(path, answer, methods=sorted(handlers))


def same_origin(request: "Request") -> None:
    """Refuses writes that another site's page sends: such requests carry its origin, or cannot carry our content type.

    Raises:
        Refused: 403.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise Refused(403, "this request comes from another site")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused(403, "this request comes from another origin")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data") and (
        request.method != "DELETE" or kind
    ):
        raise Refused(415, f"content type {kind or 'none'} is not taken", "send application/json, or a file's own type")


def expected(request: "Request", *, needed: bool = True) -> int | None:
    """The version that the caller edited, from If-Match, or 0 for If-None-Match: *.

    Raises:
        Refused: 428 where there is neither, 400 where it is no number.
    """
    if request.headers.get("if-none-match") == "*":
        return 0
    given = request.headers.get("if-match", "").strip().removeprefix("W/").strip('"')
    if not given:
        if needed:
            raise Refused(428, "If-Match is missing", "send the version (ETag) of what you edited")
        return None
    if not given.isdecimal():
        raise Refused(400, f"If-Match: {given!r} is no version", "send the ETag of what you read")
    return int(given)


def tagged(content: Any, version: int, status: int = 200) -> "Response":
    """An answer with its version as ETag."""
    made = _answer(content, status)
    made.headers["etag"] = f'"{version}"'
    return made


async def _body(request: "Request", limit: int) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise Refused(413, f"the body has more than {limit:,} bytes", "send less at a time")
    return bytes(data)


def _json(request: "Request", data: bytes) -> Any:
    if not data and request.method == "DELETE":
        return None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "the body is no application/json", "send JSON")
    try:
        return parse(data)
    except ValueError as error:
        raise Refused(400, f"the body is no JSON: {error}") from None


def _answer(content: Any, status: int = 200) -> "Response":
    from starlette.responses import Response

    text = json.dumps(content, ensure_ascii=False, default=str)
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(text, status, headers, "application/json")


def _error(status: int, message: str) -> "Response":
    return _answer({"error": message}, status)


def _told(error: HeddleError) -> str:
    return f"{error.what}. Fix: {error.fix}" if error.fix else error.what
