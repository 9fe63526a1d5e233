"""A client of Carte, PDI's server: runs are known by their object id, so two runs of one file do not mix."""

import threading
import time
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from assets.kettle.engine.result import Result
from assets.kettle.external.carte_xml import KINDS, Status, configuration, status, web_result
from assets.kettle.external.log_lines import LogReader, total
from assets.kettle.external.request import ExternalError, Outcome, Request
from assets.kettle.files.variables import folder_text
from assets.kettle.formats.http_client import client, reason

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
TRIES = 4
ANSWER_SECONDS = 30.0
PAUSED = "paused"


class Carte:
    """One server. Messages name its host, never the login.

    Args:
        url: `carte://user@host:port`, with `?tls=true` for https and `?path=/kettle` for another root.
    """

    def __init__(self, url: str, password: str = "", *, seconds: float = ANSWER_SECONDS) -> None:
        parts = urlsplit(url)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if not parts.hostname:
            raise ExternalError("HEDDLE_KETTLE names no host", "write carte://user@host:port")
        scheme = "https" if options.get("tls", "").lower() in ("true", "y", "1") else "http"
        self.place = f"{parts.hostname}:{parts.port or 8080}"
        self._root = f"{scheme}://{self.place}{options.get('path', '/kettle').rstrip('/')}"
        self._client = client(timeout=seconds, user=unquote(parts.username or ""), password=password)

    def __enter__(self) -> "Carte":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def ask(self, action: str, query: Mapping[str, str], body: bytes | None = None, *, again: bool = False) -> bytes:
        """One question; `again` repeats it when the server does not answer or has an error of its own.

        Raises:
            ExternalError: no answer, or one that is no success.
        """
        trouble = ""
        for attempt in range(TRIES if again else 1):
            if attempt:
                time.sleep(FIRST_WAIT * 2**attempt)
            try:
                answer = self._client.request(
                    "POST" if body is not None else "GET",
                    f"{self._root}/{action}/",
                    params={**query, "xml": "Y"},
                    content=body,
                    headers={"Content-Type": "text/xml; charset=UTF-8"} if body is not None else None,
                )
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                trouble = f"cannot be reached ({reason(error)})"
                continue
            if answer.status_code in (401, 403):
                raise ExternalError(
                    f"Carte at {self.place} refuses the login", "check the user and HEDDLE_KETTLE_PASSWORD"
                )
            if answer.status_code == 404:
                raise ExternalError(f"Carte at {self.place} has no {action}", "check address and version")
            if answer.status_code < 500:
                return answer.content
            trouble = f"answered {action} with status {answer.status_code}"
        raise ExternalError(f"Carte at {self.place} {trouble}", "check the server and its log")

    def add(self, request: Request, name: str) -> "CarteRun":
        """Hands a file over; the run that it becomes."""
        long, short = KINDS[request.is_job]
        folder = folder_text(request.path.absolute().parent)
        told = {
            "Internal.Entry.Current.Directory": folder,
            f"Internal.{long.capitalize()}.Filename.Directory": folder,
            **request.variables,
        }
        body = configuration(request.path.read_bytes(), request.parameters, told, request.level, job=request.is_job)
        id_ = web_result(self.ask(f"add{short.capitalize()}", {}, body))
        if not id_:
            raise ExternalError(f"Carte at {self.place} gave no object id for {name}", "use PDI 5 or newer")
        return CarteRun(self, name, id_, job=request.is_job)

    def execute(self, request: Request, name: str) -> "CarteRun":
        """Starts a file that lies on the server under the same path; the run that it becomes."""
        short = KINDS[request.is_job][1]
        query = {short: str(request.path.absolute()), "level": request.level, **request.parameters}
        id_ = web_result(self.ask(f"execute{short.capitalize()}", query))
        if not id_:
            raise ExternalError(f"Carte at {self.place} gave no object id for {name}", "use PDI 5 or newer")
        return CarteRun(self, name, id_, job=request.is_job)


class CarteRun:
    """One run on a server, by name and object id: start, pause, stop, state, forget."""

    def __init__(self, server: Carte, name: str, id_: str, *, job: bool) -> None:
        self.server = server
        self.name = name
        self.id = id_
        self.job = job
        self._short = KINDS[job][1]
        self._line = 0
        self._lock = threading.Lock()

    def _tell(self, verb: str) -> None:
        web_result(self.server.ask(f"{verb}{self._short.capitalize()}", {"name": self.name, "id": self.id}))

    def start(self) -> None:
        """Starts it."""
        self._tell("start")

    def pause(self) -> None:
        """Pauses a running transformation, or lets a paused one go on. Raises ExternalError for a job."""
        if self.job:
            raise ExternalError(f"{self.name} is a job: Carte cannot pause those", "stop it")
        self._tell("pause")

    def stop(self) -> None:
        """Stops it."""
        self._tell("stop")

    def remove(self) -> None:
        """Makes the server forget it."""
        self._tell("remove")

    def state(self) -> Status:
        """How far it is, with the lines of its log since the last question.

        Raises:
            ExternalError: the server does not know the run any more, or speaks of another one.
        """
        with self._lock:
            query = {"name": self.name, "id": self.id, "from": str(self._line)}
            data = self.server.ask(f"{self._short}Status", query, again=True)
            if b"<webresult>" in data[:200]:
                web_result(data)
                raise ExternalError(f"Carte at {self.server.place} tells no status of {self.name}", "see its log")
            found = status(data, job=self.job)
            if found.id != self.id:
                raise ExternalError(
                    f"Carte at {self.server.place} speaks of run {found.id or '?'} of {self.name}, not of {self.id}",
                    "start it anew; the server may have been restarted",
                )
            self._line = max(self._line, found.last_line)
            return found


def follow(running: CarteRun, request: Request) -> Outcome:
    """Waits until the run has ended, asking more and more seldom (0.1 to 5 s).

    Raises:
        ExternalError: it was stopped from here, took too long, or is lost; it is stopped there then.
    """
    reader, wait = LogReader(), FIRST_WAIT
    until = None if request.timeout is None else time.monotonic() + request.timeout
    while True:
        now = running.state()
        for line in now.log.splitlines():
            reader.take(line)
            request.on_line(line)
        if now.ended:
            return _outcome(now, reader)
        late = until is not None and time.monotonic() > until
        if late or request.stopped():
            running.stop()
            why = f"ran longer than {request.timeout:g} s" if late else "was stopped"
            raise ExternalError(f"{running.name} {why} and was ended on Carte at {running.server.place}", "")
        _pause(wait, request)
        wait = min(wait * 1.5, LONGEST_WAIT)


def _pause(seconds: float, request: Request) -> None:
    until = time.monotonic() + seconds
    while not request.stopped() and (left := until - time.monotonic()) > 0:
        time.sleep(min(FIRST_WAIT, left))


def _outcome(last: Status, reader: LogReader) -> Outcome:
    steps = last.steps or reader.steps
    lines = total(steps)
    errors = max(last.errors, lines.errors)
    result = Result(
        ok=last.ok,
        errors=errors if last.ok else max(1, errors),
        lines=lines,
        steps=steps,
        stopped=last.text.lower().startswith("stopped"),
        log_text=reader.text,
    )
    problems = list(reader.problems)
    if not last.ok:
        problems.append(last.error or f"Carte tells: {last.text}")
    return Outcome(result, problems)


def run(url: str, request: Request) -> Outcome:
    """Runs the file on a Carte server and waits. With `?files=server` the server reads its own copy of the path."""
    from assets.kettle.files.read import read

    name = read(request.path).name
    there = parse_qs(urlsplit(url).query).get("files", [""])[0] == "server"
    with Carte(url, request.password) as server:
        running = server.execute(request, name) if there else server.add(request, name)
        try:
            if not there:
                running.start()
            return follow(running, request)
        finally:
            _forget(running)


def _forget(running: CarteRun) -> None:
    """Frees the server's memory of the run; a server that cannot be asked keeps it until its own time limit."""
    try:
        running.remove()
    except ExternalError:
        return
