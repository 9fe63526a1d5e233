"""Druid's SQL over HTTP: INFORMATION_SCHEMA, sys.segments and the rows of a DuckDB, in Druid's shapes, with faults.

Shapes by Druid's manual (API reference, SQL): `resultFormat` object and arrayLines, `header`, an empty line at the end
of lines, moments in ISO 8601, errors as `{"error", "errorMessage", …}`.
"""

import base64
import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import ThreadingHTTPServer
from typing import Any

import duckdb
import sqlglot

from tests.fakes.serving import Handler, running

_TYPES = {"INTEGER": "BIGINT", "HUGEINT": "BIGINT", "TIMESTAMP": "TIMESTAMP", "VARCHAR[]": "ARRAY"}
_VIEWS = """
CREATE SCHEMA "INFORMATION_SCHEMA_";
CREATE VIEW "INFORMATION_SCHEMA_".TABLES AS
SELECT schema_name AS TABLE_SCHEMA, table_name AS TABLE_NAME, 'TABLE' AS TABLE_TYPE FROM duckdb_tables()
WHERE schema_name <> 'sys'
UNION ALL SELECT 'INFORMATION_SCHEMA', 'TABLES', 'SYSTEM_TABLE' UNION ALL SELECT 'sys', 'segments', 'SYSTEM_TABLE';
CREATE VIEW "INFORMATION_SCHEMA_".COLUMNS AS
SELECT schema_name AS TABLE_SCHEMA, table_name AS TABLE_NAME, column_name AS COLUMN_NAME, column_index AS
ORDINAL_POSITION, CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS IS_NULLABLE, druid_type(data_type) AS DATA_TYPE,
'' AS COLUMN_DEFAULT FROM duckdb_columns() WHERE NOT internal AND schema_name <> 'sys';
"""


class DruidServer(ThreadingHTTPServer):
    """A broker over `data`, a DuckDB in memory with the schema `druid`.

    Attributes:
        fault: what befalls statements that contain `broken`: a status, "hang", "garbage" or "half".
        user: (name, password) where it wants one.
        asked: the statements that came.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.data = duckdb.connect()
        self.data.create_function("druid_type", lambda t: _TYPES.get(t, t), ["VARCHAR"], "VARCHAR")
        self.data.execute(_VIEWS)
        self.data.execute("CREATE SCHEMA druid; CREATE SCHEMA sys; USE druid")
        self.data.execute(
            "CREATE TABLE sys.segments (datasource VARCHAR, num_rows BIGINT, size BIGINT, version VARCHAR, "
            "is_published BIGINT, is_realtime BIGINT)"
        )
        self.fault: int | str = 0
        self.broken = ""
        self.hang = 1.0
        self.user: tuple[str, str] | None = None
        self.asked: list[str] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """For the client of SQLAlchemy."""
        return f"druid://127.0.0.1:{self.server_address[1]}/druid/v2/sql/"

    def answer(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names and rows of a statement of Druid's."""
        statement = sqlglot.transpile(query, read="druid", write="duckdb")[0]
        statement = statement.replace("INFORMATION_SCHEMA.", "INFORMATION_SCHEMA_.")
        with self.lock:
            found = self.data.execute(statement)
            return [d[0] for d in found.description or ()], found.fetchall()


@contextmanager
def druid() -> Iterator[DruidServer]:
    """A running broker."""
    with running(DruidServer()) as server:
        yield server


class _Handler(Handler):
    server: DruidServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.body())
        self.server.asked.append(asked["query"])
        if self.path.rstrip("/") != "/druid/v2/sql" or not self._known():
            self.say(401 if self.path.startswith("/druid") else 404, b"<html>HTTP ERROR Unauthorized</html>")
            return
        fault = self.server.fault if self.server.fault and self.server.broken in asked["query"] else 0
        if isinstance(fault, int) and fault:
            said = {"error": "druidException", "errorCode": "general", "errorMessage": "Query was cancelled"}
            self.say(fault, json.dumps(said).encode())
            return
        if fault == "hang":
            time.sleep(self.server.hang)
        try:
            names, rows = self.server.answer(asked["query"])
        except duckdb.Error as error:
            self.say(400, json.dumps({"error": "Plan validation failed", "errorMessage": str(error)}).encode())
            return
        body = b'[{"a": 1' if fault == "garbage" else _shaped(asked, names, rows)
        self.say(200, body[: len(body) // 2].rpartition(b"\n")[0] + b"\n" if fault == "half" else body)

    def _known(self) -> bool:
        if self.server.user is None:
            return True
        given = base64.b64encode(":".join(self.server.user).encode()).decode()
        return self.headers.get("Authorization") == f"Basic {given}"


def _shaped(asked: dict[str, Any], names: list[str], rows: list[tuple[Any, ...]]) -> bytes:
    if asked.get("resultFormat") == "arrayLines":
        lines = [names] if asked.get("header") else []
        return "".join(json.dumps(r, default=_json) + "\n" for r in [*lines, *rows]).encode() + b"\n"
    return json.dumps([dict(zip(names, r, strict=True)) for r in rows], default=_json).encode()


def _json(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="milliseconds") + "Z"
    return float(value) if isinstance(value, Decimal) else str(value)
