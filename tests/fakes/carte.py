"""A Carte server that really runs what it is given, with Heddle's own engine; it can be told to misbehave.

Runs are known by object id. A pause holds the rows where they leave a step, so a paused run truly waits.
"""

import base64
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
from lxml import etree

from assets.kettle.engine.result import Counters, Result
from assets.kettle.engine.run import Quiet
from assets.kettle.engine.start import run_transformation
from assets.kettle.errors import KettleError
from assets.kettle.external.carte_xml import encoded
from assets.kettle.files.read import read_job, read_transformation
from assets.kettle.files.variables import Variables
from assets.kettle.jobs.start import run_job


@dataclass
class Faults:
    """How it misbehaves: logins refused, statuses answered by 500 so often, silence, a wrong id, runs forgotten."""

    refuse: bool = False
    broken: int = 0
    hang: float = 0.0
    wrong_id: bool = False
    lost: bool = False


@dataclass
class Execution(Quiet):
    """One run and its observer."""

    name: str
    model: Any
    parameters: dict[str, str]
    variables: dict[str, str]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    text: str = "Waiting"
    lines: list[str] = field(default_factory=list)
    steps: dict[str, Counters] = field(default_factory=dict)
    result: Result | None = None
    halted: bool = False
    going: threading.Event = field(default_factory=threading.Event)

    def log(self, line: str) -> None:
        self.lines.append(f"{time.strftime('%Y/%m/%d %H:%M:%S')} - {line}")

    def emitted(self, step: str, frame: pl.DataFrame, target: str | None) -> None:
        while not self.going.wait(0.01):
            if self.halted:
                break
        if self.halted:
            raise KettleError("stopped", "")

    def finished(self, step: str, counters: Counters) -> None:
        self.steps[step] = counters
        c = counters
        figures = f"I={c.input}, O={c.output}, R={c.read}, W={c.written}, U={c.updated}, E={c.errors}"
        self.log(f"{step}.0 - Finished processing ({figures})")

    def run(self) -> None:
        self.text = "Running" if self.going.is_set() else "Paused"
        self.log(f"{self.name} - Dispatching started for transformation [{self.name}]")
        scope = Variables(values=self.variables)
        try:
            if hasattr(self.model, "entries"):
                self.result, _ = run_job(
                    self.model, variables=scope, parameters=self.parameters, observe=lambda entry: self
                )
                for line in self.result.log_text.splitlines():
                    self.log(line)
            else:
                self.result = run_transformation(self.model, variables=scope, parameters=self.parameters, observer=self)
        except KettleError as error:
            step = getattr(error, "step", "")
            self.log(f"{f'{step}.0' if step else self.name} - ERROR (version 9.3.0.0-428, build x by y) : {error}")
            self.result = Result(ok=False, errors=1)
        self.text = "Stopped" if self.halted else "Finished" if self.result.ok else "Finished (with errors)"


class FakeCarte(ThreadingHTTPServer):
    """The server; `runs` by object id."""

    daemon_threads = True

    def __init__(self, user: str = "cluster", password: str = "secret") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.runs: dict[str, Execution] = {}
        self.asked: list[str] = []
        self.faults = Faults()

    @property
    def url(self) -> str:
        return f"carte://cluster@127.0.0.1:{self.server_port}"

    def add(self, body: bytes, *, job: bool) -> Execution:
        root = etree.fromstring(body)
        document = etree.tostring(root[0])
        model = read_job(document) if job else read_transformation(document)
        pairs = {
            group: {e.findtext("name"): e.findtext("value") or "" for e in root[1].find(group)}
            for group in ("parameters", "variables")
        }
        run = Execution(model.name, model, pairs["parameters"], pairs["variables"])
        run.going.set()
        self.runs[run.id] = run
        return run


class _Handler(BaseHTTPRequestHandler):
    server: FakeCarte

    def log_message(self, format: str, *args: object) -> None:
        """Keeps quiet."""

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes) -> None:
        server, parts = self.server, urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        action = parts.path.removeprefix("/kettle/").strip("/")
        server.asked.append(action)
        if server.faults.refuse or self.headers.get("Authorization") != server.login:
            return self.send(401, b"no")
        if server.faults.hang:
            time.sleep(server.faults.hang)
        if action.endswith("Status") and server.faults.broken:
            server.faults.broken -= 1
            return self.send(500, b"<html>broken</html>")
        verb = action.removesuffix("Trans").removesuffix("Job")
        job = action.endswith("Job") or action == "jobStatus"
        if verb == "add":
            return self.web("OK", "added", server.add(body, job=job).id)
        run = server.runs.get(query.get("id", ""))
        if run is None or server.faults.lost:
            return self.web("ERROR", f"The run {query.get('name')} could not be found")
        if action.endswith("Status"):
            return self.send(200, self.status(run, int(query.get("from", "0")), job=job))
        self.obey(verb, run)
        return self.web("OK", verb, run.id)

    def obey(self, verb: str, run: Execution) -> None:
        if verb == "start":
            threading.Thread(target=run.run, daemon=True).start()
        elif verb == "pause":
            (run.going.clear if run.going.is_set() else run.going.set)()
            run.text = "Running" if run.going.is_set() else "Paused"
        elif verb == "stop":
            run.halted = True
        elif verb == "remove":
            del self.server.runs[run.id]

    def status(self, run: Execution, first: int, *, job: bool) -> bytes:
        short = "job" if job else "trans"
        root = etree.Element(f"{short}status")
        text, lines = run.text, list(run.lines)  # the text first: the end is told with its last line
        tags = {f"{short}name": run.name, "id": "another" if self.server.faults.wrong_id else run.id}
        for tag, value in (tags | {"status_desc": text, "error_desc": ""}).items():
            etree.SubElement(root, tag).text = value
        holder = etree.SubElement(root, "stepstatuslist")
        for name, c in run.steps.items():
            one = etree.SubElement(holder, "stepstatus")
            figures = {"linesRead": c.read, "linesWritten": c.written, "linesInput": c.input, "errors": c.errors}
            for tag, value in ({"stepname": name} | figures | {"linesOutput": c.output}).items():
                etree.SubElement(one, tag).text = str(value)
        if run.result is not None:
            result = etree.SubElement(root, "result")
            etree.SubElement(result, "result").text = "Y" if run.result.ok else "N"
            etree.SubElement(result, "nr_errors").text = str(run.result.errors)
        etree.SubElement(root, "last_log_line_nr").text = str(len(lines))
        etree.SubElement(root, "logging_string").text = encoded("\n".join(lines[first:]))
        return bytes(etree.tostring(root))

    def web(self, result: str, message: str, id_: str = "") -> None:
        root = etree.Element("webresult")
        for tag, text in (("result", result), ("message", message), ("id", id_)):
            etree.SubElement(root, tag).text = text
        self.send(200, etree.tostring(root))

    def send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def carte(password: str = "secret") -> Iterator[FakeCarte]:
    """A server that runs while the body does."""
    server = FakeCarte(password=password)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        for run in server.runs.values():
            run.halted = True
        server.shutdown()
        server.server_close()
        thread.join()
