"""The endpoint server as a raw ASGI app: no framework between the socket and the model."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import orjson

from serving import page, v2
from serving.errors import Refused
from serving.features import OnlineFeatures
from serving.metrics import Metrics
from serving.repository import Repository, Served

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

NAME = "heddle-endpoint"
MAX_BODY = 32 * 1024 * 1024  # bytes of a request; about 100,000 rows of 30 columns
INLINE_BODY = 16 * 1024  # bytes up to which a request is answered on the event loop: a thread would cost more
REFRESH_SECONDS = 1.0  # how often aliases are followed when no request comes
TEXT, HTML = b"text/plain; version=0.0.4; charset=utf-8", b"text/html; charset=utf-8"
log = logging.getLogger("heddle.endpoint")


class Answer(NamedTuple):
    """A response."""

    status: int
    body: bytes
    content_type: bytes = v2.JSON_TYPE
    headers: tuple[tuple[bytes, bytes], ...] = ()


class App:
    """Serves every endpoint of a repository.

    Args:
        repository: which versions there are.
        version: of this program, for GET /v2.
        identity: tells clients which repository this is, for GET /v2.
        features: online features; without them POST /features/online is not served.
    """

    def __init__(
        self,
        repository: Repository,
        metrics: Metrics,
        version: str,
        identity: str,
        features: OnlineFeatures | None = None,
    ) -> None:
        self.repository = repository
        self.metrics = metrics
        self.features = features
        self.about = {
            "name": NAME,
            "version": version,
            "extensions": ["binary_tensor_data", "model_repository"],
            "repository": identity,
        }
        self.started = False
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="infer")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"no answer to {scope['type']}")
        try:
            answer = await self._answer(scope, receive)
        except Refused as error:
            self.metrics.error(error.status)
            answer = _json({"error": error.message}, error.status)
        except Exception:  # a mistake of ours costs one answer, not the server
            log.exception("%s %s failed", scope["method"], scope["path"])
            self.metrics.error(500)
            answer = _json({"error": "the server failed; its log says why"}, 500)
        headers = [(b"content-type", answer.content_type), (b"content-length", b"%d" % len(answer.body))]
        headers.extend(answer.headers)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method, parts = scope["method"], scope["path"].strip("/").split("/")
        if method == "POST":
            match parts:
                case ["predict", model] | ["predict", model, "versions", _]:
                    return await self._infer(scope, receive, model, _version(parts, 2), predict)
                case ["v2", "models", model, "infer"] | ["v2", "models", model, "versions", _, "infer"]:
                    return await self._infer(scope, receive, model, _version(parts, 3), infer)
                case ["features", "online"] if self.features is not None:
                    return await self._features(self.features, scope, receive)
                case ["v2", "repository", "index"]:
                    return _json(await self._index())
        elif method in ("GET", "HEAD"):
            return await self._look(parts, scope)
        raise _no_route(scope)

    async def _look(self, parts: list[str], scope: Scope) -> Answer:
        match parts:
            case ["metrics"]:
                return Answer(200, self.metrics.text(), TEXT)
            case ["v2", "health", "live"]:
                return _json({"live": True})
            case ["v2", "health", "ready"]:
                return await self._ready()
            case ["v2"]:
                return _json(self.about)
            case ["v2", "models", model] | ["v2", "models", model, "versions", _]:
                served = await self._served(model, _version(parts, 3))
                return _json(v2.metadata(served, self.repository.versions(model)))
            case ["v2", "models", model, "ready"] | ["v2", "models", model, "versions", _, "ready"]:
                return await self._model_ready(model, _version(parts, 3))
            case [""]:
                return await self._page(scope)
        raise _no_route(scope)

    async def _infer(self, scope: Scope, receive: Receive, model: str, version: str | None, work: "Work") -> Answer:
        start = time.perf_counter()
        served = await self._served(model, version)
        body, json_length = await _read(scope, receive)
        if len(body) <= INLINE_BODY:
            answer, rows, unknown = work(served, body, json_length)
        else:
            loop = asyncio.get_running_loop()
            answer, rows, unknown = await loop.run_in_executor(self._threads, work, served, body, json_length)
        if unknown:
            self.metrics.unknown(served.model, served.version, unknown)
        served.metrics.requests.inc()
        served.metrics.rows.inc(rows)
        served.metrics.seconds.observe(time.perf_counter() - start)
        return answer

    async def _features(self, features: OnlineFeatures, scope: Scope, receive: Receive) -> Answer:
        body, _ = await _read(scope, receive)
        if features.quick and len(body) <= INLINE_BODY:
            return Answer(200, features.answer(body))
        loop = asyncio.get_running_loop()
        return Answer(200, await loop.run_in_executor(self._threads, features.answer, body))

    async def _served(self, model: str, version: str | None) -> Served:
        if version is None:
            return await self.repository.live(model)
        return await self.repository.version(model, version)

    async def _ready(self) -> Answer:
        problems = {} if self.started else {"server": "loading"}
        for name in self.repository.names():
            try:
                await self.repository.live(name)
            except Refused as error:
                problems[name] = error.message
        return _json({"live": True, "ready": not problems, "problems": problems}, 503 if problems else 200)

    async def _model_ready(self, model: str, version: str | None) -> Answer:
        try:
            served = await self._served(model, version)
        except Refused as error:
            if error.status != 503:
                raise
            return _json({"name": model, "ready": False, "error": error.message}, 503)
        return _json({"name": model, "ready": True, "version": served.version})

    async def _index(self) -> list[dict[str, str]]:
        found = []
        for name in self.repository.names():
            try:
                live, problem = (await self.repository.live(name)).version, self.repository.problem(name)
            except Refused as error:
                live, problem = "", error.message
            for version in self.repository.versions(name):
                state = "READY" if version == live else "UNAVAILABLE"
                found.append({"name": name, "version": version, "state": state, "reason": problem})
        return found

    async def _page(self, scope: Scope) -> Answer:
        models = []
        for name in self.repository.names():
            try:
                served, problem = await self.repository.live(name), self.repository.problem(name)
            except Refused as error:
                served, problem = None, error.message
            models.append(page.Shown(name, served, self.repository.versions(name), problem))
        body, policy = page.render(models, page.language(scope), page.header(scope, b"host"))
        return Answer(200, body, HTML, ((b"content-security-policy", policy),))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        keeper = asyncio.get_running_loop().create_task(self._keep_fresh())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        keeper.cancel()
        self.repository.close()
        if self.features is not None:
            self.features.store.close()
        self._threads.shutdown(wait=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep_fresh(self) -> None:
        while True:
            try:
                await self.repository.refresh()
            except OSError as error:  # the store may come back; what is loaded goes on
                log.error("cannot read the repository: %s", error)
            self.started = True
            await asyncio.sleep(REFRESH_SECONDS)


Work = Callable[[Served, bytes, int | None], tuple[Answer, int, dict[str, int]]]


def predict(served: Served, body: bytes, json_length: int | None) -> tuple[Answer, int, dict[str, int]]:
    """Answer a request with named columns; returns also its rows and unknown categories."""
    matrix, unknown = served.package.encoder.body(v2.decode(body))
    response = {
        "model": served.model,
        "version": served.version,
        "probabilities": v2.finite(served.package.run(matrix)),
    }
    if unknown:
        response["unknown_categories"] = unknown
    return Answer(200, orjson.dumps(response, option=orjson.OPT_SERIALIZE_NUMPY)), len(matrix), unknown


def infer(served: Served, body: bytes, json_length: int | None) -> tuple[Answer, int, dict[str, int]]:
    """Answer an Open Inference Protocol request."""
    request = v2.parse(body, json_length, len(served.package.signature.inputs))
    content, head = v2.answer(served, request, served.package.run(request.matrix))
    if head is None:
        return Answer(200, content), len(request.matrix), {}
    headers = ((v2.HEADER_LENGTH, b"%d" % head),)
    return Answer(200, content, b"application/octet-stream", headers), len(request.matrix), {}


async def _read(scope: Scope, receive: Receive) -> tuple[bytes, int | None]:
    """The body and the length of its JSON part, if the client named one."""
    json_length = None
    for name, value in scope["headers"]:
        if name == b"content-length" and _number(name, value) > MAX_BODY:
            raise _too_large()
        if name == v2.HEADER_LENGTH:
            json_length = _number(name, value)
        elif name == b"content-encoding" and value != b"identity":
            raise Refused(415, f"content-encoding {value[:20].decode('latin-1')} is not supported", "send it plain")
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _read_rest(body, receive)
    if len(body) > MAX_BODY:
        raise _too_large()
    if json_length is not None and json_length > len(body):
        raise Refused(400, f"inference-header-content-length {json_length} is beyond the body", "correct the header")
    return body, json_length


async def _read_rest(first: bytes, receive: Receive) -> bytes:
    chunks, size = [first], len(first)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the client left before sending the whole body")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY:
            raise _too_large()
        if not message.get("more_body"):
            return b"".join(chunks)


def _version(parts: list[str], position: int) -> str | None:
    return parts[position + 1] if parts[position : position + 1] == ["versions"] else None


def _number(name: bytes, value: bytes) -> int:
    if not value.isdigit() or len(value) > 18:
        raise Refused(400, f"header {name.decode()} is not a number of bytes", "correct the header")
    return int(value)


def _json(content: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(content))


def _too_large() -> Refused:
    return Refused(413, f"the body is over {MAX_BODY // 1024**2} MiB", "send fewer rows per request")


def _no_route(scope: Scope) -> Refused:
    return Refused(
        404,
        f"{scope['method']} {scope['path'][:100]} is not served",
        "GET / lists the models, POST /predict/{model} and POST /v2/models/{model}/infer score rows, POST"
        " /features/online reads features",
    )
