"""Druid: structure by INFORMATION_SCHEMA, sizes by sys.segments where the user may read it.

Druid has no comments, keys or views' texts; its rows are sorted by time, and a sample is the first of them.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, make_url

from assets.catalog.model import Base, ColumnInfo, TableInfo, TableKind
from assets.catalog.scan.databases.generic import DatabaseReader
from assets.catalog.scan.reader import Found, Wanted

if TYPE_CHECKING:
    import pyarrow as pa

SECONDS = 300.0  # without a byte of an answer; `?timeout=` of the URL is another number
SYSTEM = ("INFORMATION_SCHEMA", "sys")
PATH = "druid/v2/sql/"
_TABLES = "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES ORDER BY 1, 2"
_COLUMNS = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, DATA_TYPE, COLUMN_DEFAULT "
    "FROM INFORMATION_SCHEMA.COLUMNS ORDER BY 1, 2, 4"
)
_SEGMENTS = (
    'SELECT "datasource", SUM("num_rows"), SUM("size"), COUNT(*), MAX("version"), MAX("is_realtime") '
    'FROM sys.segments WHERE is_published = 1 OR is_realtime = 1 GROUP BY "datasource"'
)
_BASES = {
    **dict.fromkeys(("BIGINT", "INTEGER", "SMALLINT", "TINYINT"), Base.INTEGER),
    **dict.fromkeys(("FLOAT", "DOUBLE", "REAL", "DECIMAL"), Base.NUMBER),
    **dict.fromkeys(("VARCHAR", "CHAR"), Base.TEXT),
    "BOOLEAN": Base.BOOLEAN,
    "DATE": Base.DATE,
    "TIMESTAMP": Base.TIMESTAMP,
    "ARRAY": Base.NESTED,
}


class DruidReader(DatabaseReader):
    """See reader.Reader."""

    dialect = "druid"

    @classmethod
    def connect_engine(cls, url: str) -> Engine:
        """pydruid's dialect over a connection with an end to waiting."""
        from assets.catalog.scan.databases.druid_cursor import BoundedConnection

        given = make_url(url)
        seconds = float(str(given.query.get("timeout", SECONDS)))
        made = given.difference_update_query(["timeout"]).set(database=given.database or PATH)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydruid names its driver as SQLAlchemy 1 wanted it
            engine = create_engine(made)
            _, options = engine.dialect.create_connect_args(made)
            return create_engine(made, creator=lambda: BoundedConnection(seconds, **options))

    def prepare(self) -> None:
        """Connecting alone asks nothing of the broker."""
        self._rows("SELECT 1")

    def tables(self, wanted: Wanted) -> list[Found]:
        """See reader.Reader. Three statements, however many tables there are."""
        listed = [r for r in self._rows(_TABLES) if r[0] not in SYSTEM and wanted(f"{r[0]}.{r[1]}")]
        columns: dict[tuple[str, str], list[ColumnInfo]] = defaultdict(list)
        for schema, table, name, place, nullable, kind, default in self._rows(_COLUMNS) if listed else ():
            columns[schema, table].append(
                ColumnInfo(
                    name=name,
                    type=kind,
                    base=_BASES.get(kind.partition("<")[0].partition("(")[0], Base.OTHER),
                    place=int(place),
                    nullable=str(nullable).upper() == "YES",
                    default=str(default or ""),
                )
            )
        segments = self._segments() if listed else {}
        return [_found(row, columns[row[0], row[1]], segments) for row in listed]

    def _segments(self) -> dict[str, Sequence[Any]]:
        from pydruid.db import exceptions

        try:
            return {r[0]: r for r in self._rows(_SEGMENTS)}
        except exceptions.ProgrammingError:  # not everybody may read sys
            return {}

    @contextmanager
    def rows_of(self, sql: str, columns: Sequence[ColumnInfo]) -> "Iterator[Iterator[pa.RecordBatch]]":
        """By pydruid's own cursor: it takes a `%` as it is, and SQLAlchemy would double it."""
        with self.engine.connect() as connection:
            yield self._batches(connection.connection.cursor().execute(sql), columns)

    def _rows(self, statement: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.connection.cursor().execute(statement).fetchall())

    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises."""
        from pydruid.db import exceptions

        return (*super().errors(), exceptions.Error)


def _found(row: Sequence[Any], columns: Sequence[ColumnInfo], segments: dict[str, Sequence[Any]]) -> Found:
    schema, name, kind = row
    facts: dict[str, Any] = {}
    mark = ""
    if schema == "druid" and name in segments:
        _, rows, size, count, version, live = segments[name]
        facts = {"rows": int(rows or 0), "rows_exact": not int(live or 0), "size": int(size or 0)}
        facts["changed"] = str(version or "") if str(version or "")[:2] == "20" else ""
        mark = "" if int(live or 0) else f"{count} {version} {rows} {size}"
    table = TableInfo(
        name=name,
        schema_name=schema,
        kind=TableKind.VIEW if str(kind).upper() == "VIEW" else TableKind.TABLE,
        columns=tuple(columns),
        **facts,
    )
    return Found(table, mark)
