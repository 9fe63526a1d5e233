"""Hive: structure by DESCRIBE FORMATTED, which alone tells comments, views, sizes and constraints; samples by chance.

pyhive's own reflection lists every table a second time as a view, drops comments and lengths of types, and quotes
nothing. Its connections wait for ever; those made here do not.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, create_engine, make_url

from assets.catalog.model import Base, ColumnInfo, TableInfo
from assets.catalog.scan.databases.generic import DatabaseReader
from assets.catalog.scan.databases.hive_described import described
from assets.catalog.scan.reader import Found, Wanted

if TYPE_CHECKING:
    import pyarrow as pa

SECONDS = 300.0  # without a byte of an answer; `?timeout=` of the URL is another number
SYSTEM = ("information_schema", "sys")
FETCHED_AT_ONCE = 10_000  # rows of one answer


class HiveReader(DatabaseReader):
    """See reader.Reader. Nothing in Hive's metadata tells surely that files did not change: all is read each time."""

    dialect = "hive"

    @classmethod
    def connect_engine(cls, url: str) -> Engine:
        """pyhive's dialect over a socket with an end to waiting; HTTP transport is pyhive's own."""
        given = make_url(url)
        seconds = float(str(given.query.get("timeout", SECONDS)))
        made = given.difference_update_query(["timeout"])
        if made.drivername != "hive":
            return create_engine(made)
        return create_engine(made, creator=lambda: _connected(made, seconds))

    def reason(self, error: Exception) -> str:
        """Hive's message alone: the error of pyhive is its whole answer, with the server's stack."""
        cause = getattr(error, "orig", None) or error
        status = getattr(cause.args[0] if cause.args else None, "status", None)
        return self.address.clean(getattr(status, "errorMessage", None) or str(cause) or type(cause).__name__)

    def tables(self, wanted: Wanted) -> list[Found]:
        """See reader.Reader. One statement for each table."""
        found = []
        for schema in self._databases():
            for name in self._names(schema):
                table = TableInfo(name=name, schema_name=schema)
                if wanted(table.path):
                    found.append(self._described(table))
        return found

    def select(self, table: TableInfo, rows: int) -> str:
        """Each row by chance with a fixed seed, where Hive knows how many there are; otherwise the first ones."""
        return self.by_chance(table, rows, map(self._read_as, table.columns), lambda share: f"rand(1) < {share:.9f}")

    @contextmanager
    def rows_of(self, sql: str, columns: Sequence[ColumnInfo]) -> "Iterator[Iterator[pa.RecordBatch]]":
        """By pyhive's own cursor, in large steps."""
        with self._cursor() as cursor:
            cursor.arraysize = FETCHED_AT_ONCE
            cursor.execute(sql)
            yield self._batches(cursor, columns)

    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises."""
        from pyhive.exc import Error
        from thrift.Thrift import TException

        return (*super().errors(), Error, TException, OSError)

    def _described(self, table: TableInfo) -> Found:
        try:
            rows = self._rows(f"DESCRIBE FORMATTED {self.quote(table.schema_name, table.name)}")
            return Found(table.model_copy(update=described(rows, table.schema_name)))
        except self.errors() as error:
            return Found(table.model_copy(update={"error": self.reason(error)}))

    def _databases(self) -> list[str]:
        given = self.engine.url.database
        if given:
            return [given]
        return [name for (name, *_) in self._rows("SHOW DATABASES") if name not in SYSTEM]

    def _names(self, schema: str) -> list[str]:
        return sorted(row[0] for row in self._rows(f"SHOW TABLES IN {self.quote(schema)}"))

    def _read_as(self, column: ColumnInfo) -> str:
        name = self.quote(column.name)
        return f"CAST({name} AS STRING)" if column.base is Base.TIMESTAMP else name  # before 1 and after 9999, zones

    def _rows(self, statement: str) -> list[Any]:
        with self._cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """A cursor; a connection on which something failed is not used again."""
        connection = self.engine.raw_connection()
        try:
            cursor: Any = connection.cursor()
            with cursor:
                yield cursor
        except BaseException:
            connection.invalidate()
            raise
        finally:
            connection.close()


def _connected(url: URL, seconds: float) -> Any:
    """A session over Thrift, by pyhive, with its ways of authentication.

    Raises:
        NotImplementedError: `?auth=` is none of those.
    """
    from pyhive import hive
    from thrift.transport.TSocket import TSocket
    from thrift.transport.TTransport import TBufferedTransport
    from thrift_sasl import TSaslClientTransport

    options = dict(url.query)
    auth = str(options.get("auth", "LDAP" if url.password else "NONE"))
    host = url.host or "localhost"
    socket = TSocket(host, url.port or 10000)
    socket.setTimeout(seconds * 1000)
    if auth == "NOSASL":
        transport: Any = TBufferedTransport(socket)
    elif auth in ("NONE", "LDAP", "CUSTOM", "KERBEROS"):
        way = "GSSAPI" if auth == "KERBEROS" else "PLAIN"
        service = options.get("kerberos_service_name")
        user, password = url.username or "hive", url.password or "x"
        transport = TSaslClientTransport(
            lambda: hive.get_installed_sasl(host, way, service=service, username=user, password=password), way, socket
        )
    else:
        raise NotImplementedError(f"auth={auth} is none of NONE, NOSASL, LDAP, CUSTOM, KERBEROS")
    return hive.connect(thrift_transport=transport, username=url.username, database=url.database or "default")
