"""MySQL and MariaDB: sizes and changes from information_schema, rows unconverted, samples by chance in the server."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from assets.catalog.model import Base, ColumnInfo, TableInfo, TableKind
from assets.catalog.scan.databases.generic import DatabaseReader, Facts
from assets.catalog.scan.reader import FETCHED, adaptive, batch_rows

if TYPE_CHECKING:
    import pyarrow as pa

SETTLED = 2.0  # seconds after which another change shows: the server tells the time of the last one in whole seconds
_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
_FACTS = """
select table_name, table_rows, data_length + index_length, table_comment, table_type, update_time,
       unix_timestamp(update_time), unix_timestamp(), auto_increment, @@global.time_zone
from information_schema.tables where table_schema = coalesce(:schema, database())
"""
_TYPES = """
select table_name, column_name, column_type from information_schema.columns
where table_schema = coalesce(:schema, database())
"""


class MysqlReader(DatabaseReader):
    """See reader.Reader."""

    dialect = "mysql"

    def prepare(self) -> None:
        """Where the URL names no database, all of them are scanned."""
        with self.engine.connect() as connection:
            if not self.engine.url.database:
                names = connection.execute(text("show databases")).scalars()
                self.schemas = [name for name in names if name not in _SYSTEM]

    def facts(self, connection: Any, schema: str | None) -> Facts:
        """The row count is InnoDB's estimate. Without a time of the last change there is no mark."""
        found: dict[str, dict[str, Any]] = {}
        for row in connection.execute(text(_FACTS), {"schema": schema}):
            name, rows, size, comment, kind, changed, since, now, counter, _ = row
            if kind == "VIEW":
                found[name] = {}
                continue
            known: dict[str, Any] = {"comment": comment or "", "size": size, "rows": rows, "rows_exact": False}
            if changed is not None:
                known["changed"] = dt.datetime.fromtimestamp(float(since), dt.UTC).isoformat(timespec="seconds")
                if float(now) - float(since) > SETTLED:
                    known["mark"] = f"{since} {counter}"
            found[name] = known
        return found

    def declared(self, connection: Any, schema: str | None) -> dict[str, dict[str, str]]:
        """See DatabaseReader."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for table, column, kind in connection.execute(text(_TYPES), {"schema": schema}):
            found[table][column] = str(kind).upper()
        return found

    def select(self, table: TableInfo, rows: int) -> str:
        """Each row by chance with a fixed seed: one pass in the server, and only the sample comes over."""
        names = ", ".join(self.quote(c.name) for c in table.columns) or "1"
        made = f"select {names} from {self.quote(table.schema_name, table.name)}"
        if not rows:
            return made
        if table.kind is TableKind.TABLE and table.rows and table.rows > 2 * rows:
            made += f" where rand(1) < {1.2 * rows / table.rows:.9f}"
        return f"{made} limit {int(rows)}"

    @contextmanager
    def rows_of(self, sql: str, columns: Sequence[ColumnInfo]) -> "Iterator[Iterator[pa.RecordBatch]]":
        """The server's own texts: turning each into a Python value costs more than all that follows."""
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            converters, driver.decoders = driver.decoders, {}
            try:
                result = connection.execution_options(stream_results=True).exec_driver_sql(sql.replace("%", "%%"))
                most = min(FETCHED, batch_rows(len(columns)))
                yield adaptive(result.fetchmany, lambda rows: _batch(rows, columns), most)
            finally:
                driver.decoders = converters


def _batch(rows: Sequence[Sequence[Any]], columns: Sequence[ColumnInfo]) -> "pa.RecordBatch":
    import pyarrow as pa

    arrays = [_column(values, c.base) for values, c in zip(zip(*rows, strict=True), columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])


def _column(values: Sequence[Any], base: Base) -> "pa.Array":
    import pyarrow as pa

    if base is Base.BINARY:
        return pa.array([v.encode() if isinstance(v, str) else v for v in values], pa.large_binary())
    try:
        made = pa.array(values, pa.large_string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # bytes among them, as of BIT and spatial types
        return pa.array([v.hex() if isinstance(v, bytes) else v for v in values], pa.large_string())
    if base is not Base.INTEGER:
        return made
    try:
        return made.cast(pa.int64())
    except pa.ArrowInvalid:  # beyond 64 bits with a sign
        return made
