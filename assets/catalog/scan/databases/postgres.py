"""PostgreSQL: sizes and changes from its statistics, rows as Arrow over ADBC, samples by TABLESAMPLE."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, text

from assets.catalog.model import Base, ColumnInfo, TableInfo, TableKind
from assets.catalog.scan.arrow import plain
from assets.catalog.scan.databases.generic import DatabaseReader, Facts
from assets.catalog.scan.databases.patience import patient
from assets.catalog.scan.references import Address
from assets.catalog.scan.sources import Source

if TYPE_CHECKING:
    import pyarrow as pa

# types whose Arrow form holds all their values; others come as text
_NATIVE = ("SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE PRECISION", "BOOLEAN", "TEXT", "VARCHAR", "BYTEA")
LAST = "290000-01-01"  # far beyond what counts as a quantity
_SYSTEM = ("information_schema", "pg_catalog", "pg_toast")
_FACTS = """
select c.relname, c.reltuples::bigint, pg_total_relation_size(c.oid), obj_description(c.oid, 'pg_class'),
       c.relkind = 'v',
       concat_ws(' ', pg_relation_filenode(c.oid), s.n_tup_ins, s.n_tup_upd, s.n_tup_del, d.stats_reset),
       coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, -1)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join pg_stat_all_tables s on s.relid = c.oid
left join pg_stat_database d on d.datname = current_database()
where n.nspname = :schema and c.relkind in ('r', 'p', 'v', 'm', 'f')
"""
_TYPES = """
select c.relname, a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a
join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = :schema and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f')
"""


class PostgresReader(DatabaseReader):
    """See reader.Reader. The connection is read-only."""

    dialect = "postgres"
    at_once = True

    def __init__(self, engine: Engine, address: Address, source: Source) -> None:
        super().__init__(engine, address, source)
        self._own = threading.local()
        self._opened: list[Any] = []

    @classmethod
    def connect_engine(cls, url: str) -> Engine:
        """Without transactions: a refused statement must not spoil the next."""
        return create_engine(url, isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """See reader.Reader."""
        for connection in self._opened:
            connection.close()
        super().close()

    def prepare(self) -> None:
        """Finds the schemas that may be used."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text(
                    "select nspname from pg_namespace where has_schema_privilege(oid, 'usage') "
                    "and nspname !~ '^pg_(toast|temp)' order by 1"
                )
            )
            self.schemas = [name for (name,) in rows if name not in _SYSTEM]

    def facts(self, connection: Any, schema: str | None) -> Facts:
        """From the planner's estimates and the counters of changed rows, which commits reach within a second."""
        found = {}
        for name, rows, size, comment, view, mark, changes in connection.execute(text(_FACTS), {"schema": schema}):
            known: dict[str, Any] = {"comment": comment or ""}
            if not view:
                known |= {"size": size, "mark": mark if changes >= 0 else ""}
                known |= {"rows": rows, "rows_exact": False} if rows >= 0 else {}
            found[name] = known
        return found

    def declared(self, connection: Any, schema: str | None) -> dict[str, dict[str, str]]:
        """See DatabaseReader."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for table, column, kind in connection.execute(text(_TYPES), {"schema": schema}):
            found[table][column] = str(kind)
        return found

    def too_many(self, table: TableInfo, rows: int) -> bool:
        """By the planner's estimate; a table that was never analysed is judged by its size."""
        if rows and table.rows is None and table.kind is TableKind.TABLE and table.size is not None:
            return table.size > rows * 32
        return super().too_many(table, rows)

    def select(self, table: TableInfo, rows: int) -> str:
        """Casts to text what Arrow cannot hold; samples pages of large tables with a fixed seed."""
        names = ", ".join(_read_as(self.quote(c.name), c) for c in table.columns) or "1"
        made = f"select {names} from {self.quote(table.schema_name, table.name)}"
        if not rows:
            return made
        if table.kind is TableKind.TABLE and table.rows and table.rows > 2 * rows:
            share = min(100.0, 120.0 * rows / table.rows)
            made += f" tablesample system ({share:.6f}) repeatable (1)"
        return f"{made} limit {int(rows)}"

    def errors(self) -> tuple[type[Exception], ...]:
        """ADBC's, and SQLAlchemy's of the structure."""
        from adbc_driver_postgresql import dbapi

        return (dbapi.Error, *super().errors())

    @contextmanager
    def rows_of(self, sql: str, columns: Sequence[ColumnInfo]) -> "Iterator[Iterator[pa.RecordBatch]]":
        """Arrow batches of a cursor of its own."""
        with self._connection().cursor() as cursor:
            cursor.execute(sql)
            yield (plain(part) for part in cursor.fetch_record_batch())

    def _connection(self) -> Any:
        """One per thread: the driver reads all types of the database when it connects, which takes long."""
        from adbc_driver_postgresql import dbapi

        if not hasattr(self._own, "connection"):
            opened = dbapi.connect(
                patient(f"postgresql:{self.address.url.partition(':')[2]}", reads=True), autocommit=True
            )
            self._own.connection = opened
            self._opened.append(opened)
            with opened.cursor() as cursor:
                cursor.execute("set default_transaction_read_only = on")
        return self._own.connection


def _read_as(name: str, column: ColumnInfo) -> str:
    if column.base in (Base.DATE, Base.TIMESTAMP):  # the driver counts from 1970, where infinity overflows
        kind = "date" if column.base is Base.DATE else "timestamp"
        return f"case when {name} = 'infinity' then {kind} '{LAST}' else {name} end as {name}"
    native = column.type.partition("(")[0].upper() in _NATIVE
    return name if native else f"{name}::text as {name}"
