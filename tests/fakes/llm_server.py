"""A double of an OpenAI-compatible chat API over HTTP, with faults on demand."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from tests.fakes.serving import Handler, running


class LlmServer(ThreadingHTTPServer):
    """Answers each request with the next entry of `script`, the last one for ever.

    An entry is a text (the answer), a number (an HTTP status), "hang:SECONDS", "malformed", "empty" or "drop".
    """

    def __init__(self, *script: str | int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def next(self) -> str | int:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class _Handler(Handler):
    server: LlmServer

    def do_POST(self) -> None:
        self.server.keys.append(self.headers.get("Authorization"))
        self.server.requests.append(json.loads(self.body()) | {"path": self.path})
        entry = self.server.next()
        if isinstance(entry, int):
            self._send(entry, {"error": {"message": f"status {entry}", "type": "fault", "code": None}})
        elif entry == "drop":
            self.close_connection = True
        elif entry == "malformed":
            self._raw(200, b"<html>gateway</html>", "text/html")
        elif entry == "empty":
            self._send(200, {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []})
        else:
            if entry.startswith("hang:"):
                time.sleep(float(entry.removeprefix("hang:")))
            self._send(200, _completion(entry))

    def _send(self, status: int, fields: dict[str, Any]) -> None:
        self._raw(status, json.dumps(fields).encode(), "application/json")

    def _raw(self, status: int, data: bytes, kind: str) -> None:
        self.say(status, data, kind, retry_after_ms="10")


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {"id": "chat-1", "object": "chat.completion", "created": 1, "model": "fake", "choices": [choice]}


@contextmanager
def llm_server(*script: str | int) -> Iterator[LlmServer]:
    with running(LlmServer(*script)) as server:
        yield server
