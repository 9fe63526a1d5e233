"""ClickHouse's HTTP interface over ClickHouse's own engine (chdb): `python -m tests.fakes.clickhouse FOLDER`.

A process of its own, because chdb takes its process with it when it dies. It prints its port; `/fault` makes requests
whose statement contains a text fail: with a status, after some seconds, or half way through the rows.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import HTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import requests

from tests.fakes.serving import Handler

FORMAT = "TabSeparatedWithNamesAndTypes"


@dataclass(frozen=True)
class ClickhouseServer:
    """A running server.

    Attributes:
        url: of SQLAlchemy, without a database.
    """

    port: int

    @property
    def url(self) -> str:
        """For the client of SQLAlchemy."""
        return f"clickhouse+http://127.0.0.1:{self.port}"

    def run(self, *statements: str) -> None:
        """Executes statements of a test."""
        for statement in statements:
            answer = requests.post(f"http://127.0.0.1:{self.port}/", data=statement.encode(), timeout=30)
            assert answer.status_code == 200, answer.text

    def fault(self, contains: str, *, status: int = 0, seconds: float = 0.0, rows: int = -1) -> None:
        """Statements with a text fail from now on; an empty text ends that."""
        asked: dict[str, Any] = {"contains": contains, "status": status, "seconds": seconds, "rows": rows}
        requests.post(f"http://127.0.0.1:{self.port}/fault", json=asked, timeout=30)


@contextmanager
def clickhouse() -> Iterator[ClickhouseServer]:
    """A server with an empty engine, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="heddle-clickhouse-") as folder:
        command = [sys.executable, "-m", "tests.fakes.clickhouse", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield ClickhouseServer(int(process.stdout.readline()))
            finally:
                process.kill()  # asked to end, the engine at times does not; its folder is ours


class _Handler(Handler):
    protocol_version = "HTTP/1.0"  # one request after the other: a kept connection would hold chdb's only session
    session: Any
    now: ClassVar[dict[str, Any]] = {"contains": ""}

    def do_POST(self) -> None:
        body = self.body().decode()
        if self.path == "/fault":
            type(self).now = json.loads(body)
            self.say(200, b"", "text/plain")
            return
        fault = self.now if self.now["contains"] and self.now["contains"] in body else {}
        time.sleep(fault.get("seconds", 0))
        if fault.get("status"):
            self.say(fault["status"], b"Code: 516. DB::Exception: reader: Authentication failed.", "text/plain")
            return
        given = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        try:
            self.session.query(f"USE `{given.get('database', 'default')}`")
            found = self.session.query(body, given.get("default_format", FORMAT)).bytes()
        except Exception as error:  # chdb has an error of its own, and not the one it exports
            self.say(400, str(error).encode(), "text/plain")
            return
        if (kept := fault.get("rows", -1)) >= 0:
            found = b"".join(found.splitlines(keepends=True)[: 2 + kept]) + b"Code: 241. DB::Exception: memory limit\n"
        self.say(200, found, "text/plain")


def main() -> None:
    """Serve until somebody ends the process."""
    from chdb.session import Session

    made: Any = Session
    _Handler.session = made(sys.argv[1])
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
