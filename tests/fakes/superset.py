"""A double of Superset's REST API over HTTP: the calls of docs/bi.md, their shapes enforced, with faults on demand.

What it does on a refresh and a PUT follows Superset's source: a refresh takes names and types from the table, keeps
ids, descriptions and calculated columns, and drops what the table no longer has; a PUT replaces the list of columns.
"""

import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema

from tests.fakes import rison
from tests.fakes.serving import Handler, running
from tests.fakes.superset_shapes import DATASET_POST, DATASET_PUT, FILTERS, LIST, LOGIN, Shape

USER, PASSWORD = "heddle", "correct horse battery"
Item = dict[str, Any]
Answer = tuple[int, Item]


class Refusal(Exception):
    """An answer that ends a request."""

    def __init__(self, status: int, body: Item) -> None:
        self.status, self.body = status, body
        super().__init__(status)


@dataclass
class Fault:
    """What happens to requests whose `METHOD /path` begins like this.

    Attributes:
        status: answered instead of the real thing; 0: what `seconds` says, then the real thing.
        times: how often; it is used up then.
        before: called first, for somebody else who does something at that moment.
    """

    start: str
    status: int = 0
    body: Item = field(default_factory=lambda: {"message": "An unexpected error occurred"})
    times: int = 1
    seconds: float = 0.0
    before: Callable[[], object] | None = None


class SupersetServer(ThreadingHTTPServer):
    """Databases, their tables (name -> columns with types) and the data sets made of them.

    Attributes:
        tables: (schema, name) -> column -> type, all in the first database.
        requests: `METHOD /path` with the status, in order.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.databases: list[Item] = [{"id": 1, "database_name": "Warehouse"}, {"id": 2, "database_name": "Examples"}]
        self.tables: dict[tuple[str, str], dict[str, str]] = {}
        self.datasets: dict[int, Item] = {}
        self.hidden: set[int] = set()  # data sets that this user may not see
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, int]] = []
        self.tokens: set[str] = set()
        self.sessions: dict[str, str] = {}  # cookie -> CSRF token
        self.columns = 0
        self.lock = threading.Lock()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        """For HEDDLE_BI."""
        return f"superset+http://{USER}@127.0.0.1:{self.server_address[1]}/?database=Warehouse"

    @property
    def writes(self) -> list[str]:
        """The requests that changed something, in order."""
        kinds = ("POST /api/v1/dataset", "PUT ")
        return [what for what, status in self.requests if what.startswith(kinds) and status < 300]

    def add(self, database: int, schema: str | None, name: str, **more: Any) -> Item:
        """A new data set, with the columns of its table."""
        number = len(self.datasets) + 1
        item: Item = {"id": number, "database": database, "schema": schema, "table_name": name, "sql": None}
        item |= {"description": None, "extra": None, "columns": [], "metrics": [], "owners": [{"id": 7}]}
        self.datasets[number] = item | {"always_filter_main_dttm": False} | more
        self.fetch(self.datasets[number])
        return self.datasets[number]

    def fetch(self, item: Item) -> None:
        """Columns as the table has them now."""
        table = self.tables.get((item["schema"] or "", item["table_name"]), {})
        old = {c["column_name"]: c for c in item["columns"]}
        fresh = [old.get(name) or self.column(name) for name in table]
        for column in fresh:
            column |= {"type": table[column["column_name"]], "expression": ""}
        item["columns"] = fresh + [c for c in item["columns"] if c["expression"]]

    def column(self, name: str, **more: Any) -> Item:
        self.columns += 1
        return {"id": self.columns, "column_name": name, "type": None, "description": None, "expression": ""} | more

    def expire(self) -> None:
        """All logins end."""
        self.tokens.clear()


def check(value: Any, shape: Shape) -> None:
    """Raises jsonschema's ValidationError."""
    jsonschema.validate(value, shape)


def text(item: Item) -> Item:
    """A data set as GET shows it."""
    return item | {"kind": "virtual" if item["sql"] else "physical", "database": {"id": item["database"]}}


class _Handler(Handler):
    server: SupersetServer

    def do_GET(self) -> None:
        self._answer(_GET)

    def do_POST(self) -> None:
        self._answer(_POST)

    def do_PUT(self) -> None:
        self._answer(_PUT)

    def _answer(self, routes: dict[str, Callable[..., Answer]]) -> None:
        self.parts = urlsplit(self.path)
        self.cookie: str | None = None
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what = f"{self.command} {self.parts.path}"
        try:
            self._fault(what)
            found = [(re.fullmatch(r, self.parts.path.removeprefix("/api/v1")), act) for r, act in routes.items()]
            match, act = next(((m, act) for m, act in found if m), (None, None))
            if match is None or act is None:
                raise Refusal(404, {"message": "Not found"})
            if match.re.pattern != "/security/login":
                self._let_in()
            with self.server.lock:
                status, body = act(self, *map(int, match.groups()), **({"raw": raw} if self.command != "GET" else {}))
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        self.server.requests.append((what, status))
        self._send(status, body)

    def _fault(self, what: str) -> None:
        for fault in self.server.faults:
            if fault.times and what.startswith(fault.start):
                fault.times -= 1
                time.sleep(fault.seconds)
                if fault.before:
                    fault.before()
                if fault.status:
                    raise Refusal(fault.status, fault.body)
                return

    def _let_in(self) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in self.server.tokens:
            raise Refusal(401, {"msg": "Token has expired" if token else "Missing Authorization Header"})
        cookie = re.search(r"session=(\w+)", self.headers.get("Cookie") or "")
        known = self.server.sessions.get(cookie.group(1)) if cookie else None
        if self.command != "GET" and (not known or self.headers.get("X-CSRFToken") != known):
            which = "session token" if not known else "token"
            raise Refusal(400, _sip40(f"400 Bad Request: The CSRF {which} is missing.", "GENERIC_BACKEND_ERROR"))
        if self.command != "GET" and not (self.headers.get("Referer") or "").startswith(self.server.base):
            raise Refusal(400, _sip40("400 Bad Request: The referrer header is missing.", "GENERIC_BACKEND_ERROR"))

    def _send(self, status: int, body: Item) -> None:
        cookie = {"Set_Cookie": f"session={self.cookie}; HttpOnly; Path=/; SameSite=Lax"} if self.cookie else {}
        self.say(status, json.dumps(body).encode(), "application/json; charset=utf-8", **cookie)

    def login(self, raw: bytes) -> Answer:
        body = json.loads(raw)
        try:
            check(body, LOGIN)
        except jsonschema.ValidationError as error:
            return 400, {"message": {"_schema": [error.message]}}
        if (body["username"], body["password"]) != (USER, PASSWORD):
            return 401, {"message": "Not authorized"}
        token = f"jwt-{secrets.token_hex(8)}"
        self.server.tokens.add(token)
        return 200, {"access_token": token, "refresh_token": f"refresh-{secrets.token_hex(8)}"}

    def csrf(self) -> Answer:
        self.cookie, token = secrets.token_hex(8), f"csrf{secrets.token_hex(8)}"
        self.server.sessions[self.cookie] = token
        return 200, {"result": token}

    def list_databases(self) -> Answer:
        return self._list("database", self.server.databases)

    def list_datasets(self) -> Answer:
        return self._list("dataset", [d for n, d in self.server.datasets.items() if n not in self.server.hidden])

    def _list(self, kind: str, rows: list[Item]) -> Answer:
        try:
            query = rison.loads(parse_qs(self.parts.query).get("q", ["()"])[0])
            check(query, LIST)
        except (ValueError, IndexError, jsonschema.ValidationError) as error:
            return 400, {"message": f"Not a valid rison/json argument: {error}"}
        for chosen in query.get("filters", []):
            name, value = chosen["col"], chosen["value"]
            if FILTERS[kind].get(name) != chosen["opr"]:
                return 400, {"message": f"Filter column: {name} not allowed to filter"}
            rows = [row for row in rows if row[name] == value]
        start, size = query.get("page", 0) * query.get("page_size", 20), min(query.get("page_size", 20), 100)
        page = rows[start : start + size]
        shown = [text(row) if kind == "dataset" else row for row in page]
        return 200, {"count": len(rows), "ids": [row["id"] for row in page], "result": shown}

    def show(self, number: int) -> Answer:
        return 200, {"id": number, "result": text(self._dataset(number))}

    def create(self, raw: bytes) -> Answer:
        body = json.loads(raw)
        try:
            check(body, DATASET_POST)
        except jsonschema.ValidationError as error:
            return 400, {"message": {str(next(iter(error.path), "_schema")): [error.message]}}
        schema, name = body.get("schema") or None, body["table_name"]
        named = f"{schema}.{name}" if schema else name
        if body["database"] not in [d["id"] for d in self.server.databases]:
            return 422, {"message": {"database": ["Database does not exist"]}}
        identities = [(d["database"], d["schema"], d["table_name"]) for d in self.server.datasets.values()]
        if (body["database"], schema, name) in identities:
            return 422, {"message": {"table": [f"Dataset {named} already exists"]}}
        if (schema or "", name) not in self.server.tables or body["database"] != 1:
            said = f"Table [{named}] could not be found, please double check your database connection"
            return 422, {"message": {"table": [said]}}
        item = self.server.add(body["database"], schema, name)
        return 201, {"id": item["id"], "result": body, "data": text(item)}

    def update(self, number: int, raw: bytes) -> Answer:
        item, body = self._dataset(number), json.loads(raw)
        try:
            check(body, DATASET_PUT)
        except jsonschema.ValidationError as error:
            return 422, _sip40(f"The schema of the submitted payload is invalid. {error.message}", "MARSHMALLOW_ERROR")
        known = {c["id"]: c for c in item["columns"]}
        given = body.pop("columns", None)
        if given is not None:
            if not {c["id"] for c in given if "id" in c} <= set(known):
                return 422, {"message": {"columns": ["One or more columns do not exist"]}}
            item["columns"] = [
                known[c["id"]] | c if "id" in c else self.server.column(c.pop("column_name"), **c) for c in given
            ]
        owners = [{"id": owner} for owner in body.pop("owners", [])]
        item |= {"always_filter_main_dttm": False} | body | {"owners": owners}
        return 200, {"id": number, "result": body}

    def refresh(self, number: int, raw: bytes) -> Answer:
        item = self._dataset(number)
        if (item["schema"] or "", item["table_name"]) not in self.server.tables:
            return 422, {"message": "Dataset could not be updated."}
        self.server.fetch(item)
        return 200, {"message": "OK"}

    def _dataset(self, number: int) -> Item:
        if number not in self.server.datasets:
            raise Refusal(404, {"message": "Not found"})
        return self.server.datasets[number]


def _sip40(message: str, kind: str) -> Item:
    return {"errors": [{"message": message, "error_type": kind, "level": "error", "extra": {}}]}


_GET: dict[str, Callable[..., Answer]] = {
    r"/security/csrf_token/": _Handler.csrf,
    r"/database/": _Handler.list_databases,
    r"/dataset/": _Handler.list_datasets,
    r"/dataset/(\d+)": _Handler.show,
}
_POST: dict[str, Callable[..., Answer]] = {r"/security/login": _Handler.login, r"/dataset/": _Handler.create}
_PUT: dict[str, Callable[..., Answer]] = {
    r"/dataset/(\d+)": _Handler.update,
    r"/dataset/(\d+)/refresh": _Handler.refresh,
}


@contextmanager
def superset_server() -> Iterator[SupersetServer]:
    with running(SupersetServer()) as server:
        yield server
