"""HiveServer2 over Thrift (pyhive's TCLIService): sessions, operations and columnar rows of a DuckDB, with faults.

It answers what the catalogue asks: USE, SHOW DATABASES, SHOW TABLES, DESCRIBE FORMATTED in the sections of Hive's
TextMetaDataFormatter, and SELECT, transpiled from Hive's words. Transport is NOSASL, or PLAIN with a password.
"""

import re
import socketserver
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
import sqlglot
from TCLIService import TCLIService, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport, TFramedTransport, TTransportException

from tests.fakes.serving import running

_OK = ttypes.TStatus(statusCode=ttypes.TStatusCode.SUCCESS_STATUS)
_START, _OKAY, _BAD, _COMPLETE = 1, 2, 3, 5
_IN_HIVE = {
    "BIGINT": "bigint", "INTEGER": "int", "VARCHAR": "string", "DOUBLE": "double", "BOOLEAN": "boolean",
    "TIMESTAMP": "timestamp", "DATE": "date", "BLOB": "binary", "VARCHAR[]": "array<string>",
}  # fmt: skip
# duckdb type -> Thrift's type, kind of column
_WIRE = {
    "BIGINT": (ttypes.TTypeId.BIGINT_TYPE, "i64", ttypes.TI64Column),
    "INTEGER": (ttypes.TTypeId.INT_TYPE, "i32", ttypes.TI32Column),
    "DOUBLE": (ttypes.TTypeId.DOUBLE_TYPE, "double", ttypes.TDoubleColumn),
    "BOOLEAN": (ttypes.TTypeId.BOOLEAN_TYPE, "bool", ttypes.TBoolColumn),
    "BLOB": (ttypes.TTypeId.BINARY_TYPE, "binary", ttypes.TBinaryColumn),
    "DECIMAL": (ttypes.TTypeId.DECIMAL_TYPE, "string", ttypes.TStringColumn),
}
_TEXT = (ttypes.TTypeId.STRING_TYPE, "string", ttypes.TStringColumn)
_EMPTY = {"i64": 0, "i32": 0, "double": 0.0, "bool": False, "binary": b"", "string": ""}


@dataclass
class Result:
    """What an operation answers."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]] = field(default_factory=list)


class HiveServer(socketserver.ThreadingTCPServer):
    """A server over `data`, whose schemas are its databases.

    Attributes:
        extra: `schema.table` -> further lines of DESCRIBE FORMATTED, after the columns.
        fault: what befalls statements that contain `broken`: "error", "hang", "drop" (the connection).
        password: where PLAIN is wanted; "" is NOSASL.
        asked: the statements that came.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, password: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.data = duckdb.connect()
        self.data.execute('CREATE SCHEMA "default"')
        self.extra: dict[str, list[tuple[str, str, str]]] = {}
        self.fault, self.broken, self.hang = "", "", 1.0
        self.password = password
        self.asked: list[str] = []
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def answer(self, statement: str) -> Result:
        """The result of a statement. Raises duckdb.Error."""
        with self.lock:
            if re.match(r"(?i)use\b", statement):
                return Result([])
            if statement == "SHOW DATABASES":
                query = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'memory' AND NOT internal"
                return Result([("database_name", "VARCHAR")], self.data.execute(f"{query} ORDER BY 1").fetchall())
            if found := re.match(r"SHOW TABLES IN `(.*)`$", statement):
                query = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY 1"
                return Result([("tab_name", "VARCHAR")], self.data.execute(query, [found[1]]).fetchall())
            if found := re.match(r"DESCRIBE FORMATTED `(.*)`\.`(.*)`$", statement):
                return self._described(found[1], found[2].replace("``", "`"))
            made = sqlglot.transpile(statement, read="hive", write="duckdb")[0]
            done = self.data.execute(made)
            return Result([(d[0], str(d[1])) for d in done.description or ()], done.fetchall())

    def _described(self, schema: str, table: str) -> Result:
        query = (
            "SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns() WHERE schema_name = ? "
            "AND table_name = ? ORDER BY column_index"
        )
        rows = [
            (name, _IN_HIVE.get(kind, kind.lower()), comment)
            for name, kind, comment in self.data.execute(query, [schema, table]).fetchall()
        ]
        if not rows:
            raise duckdb.CatalogException(f"SemanticException [Error 10001]: Table not found {schema}.{table}")
        head = [("# col_name", "data_type", "comment"), ("", "", "")]
        extra = self.extra.get(f"{schema}.{table}", [])
        partitions = {line[0] for line in _partition_lines(extra)}
        shown = [r for r in rows if r[0] not in partitions]
        padded = [tuple(cell.ljust(20) for cell in line) for line in [*head, *shown, ("", "", ""), *extra]]
        return Result([("col_name", "VARCHAR"), ("data_type", "VARCHAR"), ("comment", "VARCHAR")], padded)


def _partition_lines(extra: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    found, inside = [], False
    for line in extra:
        if line[0].startswith("# "):
            inside = line[0] == "# Partition Information" or (inside and line[0] == "# col_name")
        elif inside and line[0]:
            found.append(line)
    return found


@contextmanager
def hive(password: str = "") -> Iterator[HiveServer]:
    """A running server."""
    with running(HiveServer(password)) as server:
        yield server


class _Connection(socketserver.BaseRequestHandler):
    server: HiveServer

    def handle(self) -> None:
        socket: Any = TSocket()
        socket.setHandle(self.request)
        if self.server.password and not _plain(socket, self.server.password):
            return
        transport = TFramedTransport(socket) if self.server.password else TBufferedTransport(socket)
        protocol = TBinaryProtocol(transport)
        processor = TCLIService.Processor(_Service(self.server))
        try:
            while True:
                processor.process(protocol, protocol)
        except (TTransportException, OSError):
            self.request.close()


def _plain(socket: Any, password: str) -> bool:
    """The negotiation of Thrift's SASL transport: a status, a length, and what the mechanism says."""

    def read() -> bytes:
        _, size = struct.unpack(">BI", socket.read(5))
        return bytes(socket.read(size)) if size else b""

    read()  # START PLAIN
    right = read().split(b"\0")[-1].decode() == password
    told = b"" if right else b"PLAIN auth failed: Error validating the login"
    socket.write(struct.pack(">BI", _COMPLETE if right else _BAD, len(told)) + told)
    return right


class _Service:
    """One session."""

    def __init__(self, server: HiveServer) -> None:
        self.server = server
        self.results: dict[bytes, Result] = {}

    def OpenSession(self, req: Any) -> Any:
        handle = ttypes.TSessionHandle(ttypes.THandleIdentifier(b"s" * 16, b"x" * 16))
        return ttypes.TOpenSessionResp(
            status=_OK, serverProtocolVersion=req.client_protocol, sessionHandle=handle, configuration={}
        )

    def CloseSession(self, _req: Any) -> Any:
        return ttypes.TCloseSessionResp(status=_OK)

    def ExecuteStatement(self, req: Any) -> Any:
        server = self.server
        server.asked.append(req.statement)
        fault = server.fault if server.broken in req.statement else ""
        if fault == "hang":
            time.sleep(server.hang)
        if fault == "drop":
            raise TTransportException(message="gone")
        try:
            if fault == "error":
                raise duckdb.Error("Error while compiling statement: FAILED: HiveAccessControlException denied")
            result = server.answer(req.statement)
        except duckdb.Error as error:
            status = ttypes.TStatus(
                statusCode=ttypes.TStatusCode.ERROR_STATUS, errorMessage=str(error), infoMessages=["*stack:1:2"]
            )
            return ttypes.TExecuteStatementResp(status=status)
        guid = len(self.results).to_bytes(16, "big")
        self.results[guid] = result
        handle = ttypes.TOperationHandle(
            operationId=ttypes.THandleIdentifier(guid, b"x" * 16), operationType=0, hasResultSet=bool(result.columns)
        )
        return ttypes.TExecuteStatementResp(status=_OK, operationHandle=handle)

    def GetResultSetMetadata(self, req: Any) -> Any:
        result = self._of(req)
        columns = [
            ttypes.TColumnDesc(columnName=name, typeDesc=_type(kind), position=place)
            for place, (name, kind) in enumerate(result.columns, 1)
        ]
        return ttypes.TGetResultSetMetadataResp(status=_OK, schema=ttypes.TTableSchema(columns=columns))

    def FetchResults(self, req: Any) -> Any:
        result = self._of(req)
        rows, result.rows = result.rows[: req.maxRows], result.rows[req.maxRows :]
        columns = [_column(kind, [r[i] for r in rows]) for i, (_, kind) in enumerate(result.columns)]
        found = ttypes.TRowSet(startRowOffset=0, rows=[], columns=columns)
        return ttypes.TFetchResultsResp(status=_OK, hasMoreRows=False, results=found)

    def CloseOperation(self, _req: Any) -> Any:
        return ttypes.TCloseOperationResp(status=_OK)

    def _of(self, req: Any) -> Result:
        return self.results[req.operationHandle.operationId.guid]


def _type(kind: str) -> Any:
    wire = _WIRE.get(kind.partition("(")[0], _TEXT)[0]
    return ttypes.TTypeDesc(types=[ttypes.TTypeEntry(primitiveEntry=ttypes.TPrimitiveTypeEntry(type=wire))])


def _column(kind: str, values: Sequence[Any]) -> Any:
    _, name, made = _WIRE.get(kind.partition("(")[0], _TEXT)
    bits = bytearray((len(values) + 7) // 8)
    for i, value in enumerate(values):
        bits[i // 8] |= (value is None) << (i % 8)
    plain = [_EMPTY[name] if v is None else str(v) if name == "string" else v for v in values]
    return ttypes.TColumn(**{f"{name}Val": made(values=plain, nulls=bytes(bits))})
