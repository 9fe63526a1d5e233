"""The double's HTTP side: the part of the Kubernetes REST API that job launchers, executors and Pipes use."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.fakes.k8s.cluster import Cluster, Thing

ROUTE = re.compile(r"/(?:api|apis/batch)/v1/namespaces/([^/]+)/(jobs|pods|events)(?:/([^/]+))?(?:/(status|log))?$")
REASONS = {403: "Forbidden", 404: "NotFound", 409: "AlreadyExists", 422: "Invalid", 429: "TooManyRequests"}


@dataclass
class Fault:
    """Answers calls of a method on paths that match with a status, `times` times."""

    method: str
    path: str
    status: int
    times: int = 1_000_000
    message: str = "told to fail"
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False  # do what was asked and then answer with the status, as a proxy that times out


class Server(ThreadingHTTPServer):
    """Serves one cluster on a free port of this machine."""

    daemon_threads = True

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cluster = cluster
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.cut_logs = 0  # log streams that are cut off in the middle of a line
        self.created: list[Thing] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def kubeconfig(self, folder: Path) -> Path:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "double",
            "clusters": [{"name": "double", "cluster": {"server": self.url}}],
            "users": [{"name": "somebody", "user": {"token": "token-of-somebody"}}],
            "contexts": [{"name": "double", "context": {"cluster": "double", "user": "somebody"}}],
        }
        path = folder / "kubeconfig.yaml"
        path.write_text(yaml.safe_dump(config))
        return path


@contextmanager
def serve(cluster: Cluster) -> Iterator[Server]:
    server = Server(cluster)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        cluster.stop()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        url = urlsplit(self.path)
        self.server.requests.append(f"{method} {self.path}")
        fault = next(
            (f for f in self.server.faults if f.times and f.method == method and re.search(f.path, self.path)), None
        )
        if fault is not None:
            fault.times -= 1
            if fault.after:
                self._perform(method, url.path, {k: v[0] for k, v in parse_qs(url.query).items()}, body)
            return self._status(fault.status, fault.message, fault.headers)
        if self.headers.get("Authorization") != "Bearer token-of-somebody":
            return self._status(401, "Unauthorized")
        code, answer = self._perform(method, url.path, {k: v[0] for k, v in parse_qs(url.query).items()}, body)
        if code:
            self._json(code, answer)

    def _perform(self, method: str, path: str, query: dict[str, str], body: Thing) -> tuple[int, Thing]:
        """Do it; code 0 says that the answer was already streamed."""
        if path.startswith("/version"):
            return 200, {"major": "1", "minor": "33", "gitVersion": "v1.33.0"}
        found = ROUTE.match(path)
        if found is None:
            return 404, status(404, f"no route {path}")
        space, kind, name, part = found.groups()
        if method == "POST":
            return self._create(kind, space, body)
        if name is None:
            return self._list(kind, space, query)
        thing = self.server.cluster.get(kind, space, name)
        if thing is None:
            return 404, status(404, f'{kind} "{name}" not found')
        if method == "DELETE":
            return self._delete(kind, thing)
        if part == "log":
            return self._log(thing, query)
        return 200, thing

    def _create(self, kind: str, space: str, body: Thing) -> tuple[int, Thing]:
        cluster = self.server.cluster
        name = body.get("metadata", {}).get("name")
        spec = body["spec"]["template"]["spec"] if kind == "jobs" else body["spec"]
        if not name or not all(c.get("image") and c.get("name") for c in spec["containers"]):
            return 422, status(422, "name and image are required")
        if cluster.get(kind, space, name) is not None:
            return 409, status(409, f'{kind} "{name}" already exists')
        self.server.created.append(json.loads(json.dumps(body)))
        made = cluster.create_job(space, body) if kind == "jobs" else cluster.create_pod(space, body)
        return 201, made

    def _list(self, kind: str, space: str, query: dict[str, str]) -> tuple[int, Thing]:
        cluster = self.server.cluster
        fields, labels = pairs(query.get("fieldSelector", "")), pairs(query.get("labelSelector", ""))
        if query.get("watch") in ("true", "True", "1"):
            since = int(query.get("resourceVersion") or cluster.version)
            seconds = float(query.get("timeoutSeconds", "5"))
            changes = cluster.watch(kind, space, since, seconds, fields, labels)
            self._stream(json.dumps({"type": c, "object": t}).encode() + b"\n" for c, t in changes)
            return 0, {}
        items = cluster.select(kind, space, fields, labels)
        api, of = ("batch/v1", "JobList") if kind == "jobs" else ("v1", "PodList" if kind == "pods" else "EventList")
        version = {"resourceVersion": str(cluster.version)}
        return 200, {"apiVersion": api, "kind": of, "metadata": version, "items": items}

    def _delete(self, kind: str, thing: Thing) -> tuple[int, Thing]:
        if kind == "pods":
            self.server.cluster.delete_pod(thing)
            return 200, thing
        self.server.cluster.put(kind, thing, "DELETED")
        return 200, {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def _log(self, pod: Thing, query: dict[str, str]) -> tuple[int, Thing]:
        path = self.server.cluster.log_path(pod)
        if not path.exists():
            return 400, status(400, "container is waiting to start: PodInitializing")
        self._stream(self._lines(pod, path, query), cut=self._cut())
        return 0, {}

    def _cut(self) -> bool:
        if self.server.cut_logs:
            self.server.cut_logs -= 1
            return True
        return False

    def _lines(self, pod: Thing, path: Path, query: dict[str, str]) -> Iterator[bytes]:
        follow = query.get("follow") in ("true", "True")
        stamps = query.get("timestamps") in ("true", "True")
        with path.open("rb") as file:
            lines = file.readlines()
            lines = lines[-int(query["tailLines"]) :] if "tailLines" in query else lines
            begun = datetime.fromisoformat(pod["status"]["startTime"])  # a line keeps its time whenever it is read
            number = 0
            while True:
                for line in lines:
                    number += 1
                    stamp = (
                        (begun + timedelta(microseconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ ") if stamps else ""
                    )
                    yield stamp.encode() + line
                ended = pod["status"]["phase"] in ("Succeeded", "Failed")
                lines = file.readlines()
                if not lines and (ended or not follow):
                    return
                if not lines:
                    time.sleep(0.05)

    def _stream(self, chunks: Iterator[bytes], cut: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for chunk in chunks:
                part = chunk[: len(chunk) // 2] if cut else chunk
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                self.wfile.flush()
                if cut:
                    self.close_connection = True
                    self.connection.close()
                    return
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _status(self, code: int, message: str, headers: dict[str, str] | None = None) -> None:
        self._json(code, status(code, message), headers or {})

    def _json(self, code: int, body: Thing, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def status(code: int, message: str) -> Thing:
    return {
        **{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code},
        **{"reason": REASONS.get(code, "InternalError"), "message": message},
    }


def pairs(selector: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in selector.replace("==", "=").split(",") if part)
