"""An ASGI app that takes OpenLineage events, as Marquez does: POST /api/v1/lineage."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from assets.catalog.lineage.exchange.openlineage import read_event
from assets.catalog.lineage.store import LineageStore
from core.errors import HeddleError
from core.jsons import parse

PATH = "/api/v1/lineage"
LARGEST = 16 << 20  # bytes of one request
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def lineage_app(url: str) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The app; it answers 201 when an event is taken in, and 400 with the reason when it is none.

    Whoever mounts it decides who may send: it has no rights of its own.

    Args:
        url: of HEDDLE_CATALOG.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].rstrip("/") != PATH:
            await _answer(send, 404, {"error": f"events are taken at POST {PATH}"})
        elif scope["method"] != "POST":
            await _answer(send, 405, {"error": "use POST"})
        else:
            body = await _body(receive)
            if body is None:
                await _answer(send, 413, {"error": f"a request may have {LARGEST} bytes"})
                return
            code, told = await asyncio.to_thread(_take, url, body)
            await _answer(send, code, told)

    return app


def _take(url: str, body: bytes) -> tuple[int, dict[str, Any]]:
    try:
        given = parse(body)
    except ValueError as error:
        return 400, {"error": f"the body is no JSON: {error}"}
    events = given if isinstance(given, list) else [given]
    stated, problems = [], []
    for number, event in enumerate(events, 1):
        try:
            stated += read_event(event, f"event {number}" if len(events) > 1 else "event")
        except HeddleError as error:
            problems.append(error.what)
    if stated:
        LineageStore(url).put(stated)
    edges = sum(len(s.edges) for s in stated)
    return (400 if problems else 201), {"edges": edges} | ({"errors": problems} if problems else {})


async def _body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, code: int, told: dict[str, Any]) -> None:
    body = json.dumps(told).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
