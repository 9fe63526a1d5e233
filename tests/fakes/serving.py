"""What the tests' servers on this machine share: they run while a body does, and answer clients that may have gone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer
from typing import TypeVar

S = TypeVar("S", bound=BaseServer)


@contextmanager
def running(server: S) -> Iterator[S]:
    """Serves on a thread while the body runs; then its port is free again."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    """Handles HTTP requests without a word on stderr."""

    def body(self) -> bytes:
        """The request's body."""
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def say(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        """Answers; a client that waits no longer is none of our business.

        Args:
            headers: further ones; `_` stands for `-`.
        """
        sent = {"Content-Type": kind, "Content-Length": str(len(body))} | headers
        try:
            self.send_response(status)
            for name, value in sent.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
