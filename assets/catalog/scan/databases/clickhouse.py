"""ClickHouse, over HTTP (`clickhouse+http://`) or its own protocol: structure by its system tables, samples by chance.

Its driver's own reflection has no comments of views, no sizes and no indexes, and stops at types it does not know.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, make_url

from assets.catalog.model import Base, ColumnInfo, Index, TableInfo, TableKind
from assets.catalog.scan.arrow import batch
from assets.catalog.scan.databases.generic import DatabaseReader
from assets.catalog.scan.reader import FETCHED, Found, Wanted, adaptive, batch_rows
from core.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

SECONDS = 300.0  # without a byte of an answer; `?timeout=` of the URL is another number
SYSTEM = ("system", "information_schema", "INFORMATION_SCHEMA")
_WRAPPED = re.compile(r"^(?:Nullable|LowCardinality)\((.*)\)$")
_SIMPLE = re.compile(r"^SimpleAggregateFunction\([^,]+,\s*(.*)\)$")
_BASES: tuple[tuple[str, Base], ...] = (
    (r"U?Int\d+$", Base.INTEGER),
    (r"(B?Float|Decimal)", Base.NUMBER),
    (r"Bool$", Base.BOOLEAN),
    (r"DateTime", Base.TIMESTAMP),
    (r"Date(32)?$", Base.DATE),
    (r"Time(64)?\b", Base.TIME),
    (r"(String|FixedString|UUID|Enum|IPv[46])", Base.TEXT),
    (r"(Array|Map|Tuple|Nested|JSON|Object|Variant|Dynamic)", Base.NESTED),
)
_COUNTED = (Base.INTEGER, Base.NUMBER)  # what the driver hands over as what it is; everything else comes as text
_TABLES = """
SELECT database, name, engine, comment, toString(total_rows), toString(total_bytes), primary_key, sorting_key
FROM system.tables WHERE database IN ({}) AND NOT is_temporary AND NOT startsWith(name, '.inner')
ORDER BY database, name
"""
_COLUMNS = """
SELECT database, table, name, type, position, default_kind, default_expression, comment
FROM system.columns WHERE database IN ({}) ORDER BY database, table, position
"""
_PARTS = """
SELECT database, table, toString(max(toUnixTimestamp(modification_time))),
       toString(sum(cityHash64(name, rows, bytes_on_disk)))
FROM system.parts WHERE active AND database IN ({}) GROUP BY database, table
"""
_INDEXES = (
    "SELECT database, table, name, expr FROM system.data_skipping_indices WHERE database IN ({}) ORDER BY 1, 2, 3"
)
Key = tuple[str, str]


class ClickhouseReader(DatabaseReader):
    """See reader.Reader. ClickHouse's primary key says how rows are sorted; it does not keep them unique."""

    dialect = "clickhouse"

    @classmethod
    def connect_engine(cls, url: str) -> Engine:
        """Rows as they come, and an end to waiting."""
        made = make_url(url)
        arguments: dict[str, Any] = {}
        if made.drivername == "clickhouse+http":
            arguments = {"stream": True} | ({} if "timeout" in made.query else {"timeout": SECONDS})
        return create_engine(made, connect_args=arguments)

    def tables(self, wanted: Wanted) -> list[Found]:
        """See reader.Reader. Five statements, however many tables there are."""
        chosen = self._databases()
        rows = [r for r in self._ask(_TABLES, chosen) if wanted(f"{r[0]}.{r[1]}")]
        columns = self._columns(chosen)
        parts = {(r[0], r[1]): (r[2], r[3]) for r in self._ask(_PARTS, chosen)}
        indexes: dict[Key, list[Index]] = defaultdict(list)
        for database, table, name, expression in self._ask(_INDEXES, chosen):
            indexes[database, table].append(Index(name=name, columns=(expression,)))
        return [_found(row, columns, parts, indexes) for row in rows]

    def select(self, table: TableInfo, rows: int) -> str:
        """Each row by chance: one pass in the server, and only the sample comes over."""
        return self.by_chance(
            table, rows, map(self._read_as, table.columns), lambda share: f"rand() < {int(2**32 * share)}"
        )

    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises."""
        from clickhouse_sqlalchemy.exceptions import DatabaseException
        from requests import RequestException

        return (*super().errors(), DatabaseException, RequestException)

    def prepare(self) -> None:
        """Connecting alone asks nothing of the server."""
        self._rows("SELECT 1")

    def _read_as(self, column: ColumnInfo) -> str:
        name = self.quote(column.name)
        return name if column.base in _COUNTED or column.base is Base.TEXT else f"toString({name})"

    def _databases(self) -> list[str]:
        given = self.engine.url.database
        if given:
            return [given]
        return [r[0] for r in self._rows("SELECT name FROM system.databases ORDER BY name") if r[0] not in SYSTEM]

    def _ask(self, statement: str, databases: Sequence[str]) -> list[Any]:
        from sqlglot import exp

        names = ", ".join(exp.Literal.string(d).sql("clickhouse") for d in databases) or "''"
        return self._rows(statement.format(names))

    def _rows(self, statement: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.exec_driver_sql(statement.replace("%", "%%")).fetchall())

    def _columns(self, databases: Sequence[str]) -> dict[Key, list[ColumnInfo]]:
        found: dict[Key, list[ColumnInfo]] = defaultdict(list)
        for database, table, name, kind, place, how, default, comment in self._ask(_COLUMNS, databases):
            found[database, table].append(
                ColumnInfo(
                    name=name,
                    type=kind,
                    base=base_of(kind),
                    place=int(place),
                    nullable=kind.startswith(("Nullable(", "LowCardinality(Nullable(")),
                    default=default if how == "DEFAULT" else f"{how} {default}".strip(),
                    comment=comment,
                )
            )
        return found

    def _batches(self, result: Any, columns: Sequence[ColumnInfo]) -> "Iterator[pa.RecordBatch]":
        """A server that fails half way writes its message where a row would be."""
        bases = [c.base for c in columns]
        flags = [i for i, c in enumerate(columns) if c.base is Base.BOOLEAN]

        def made(rows: Sequence[Sequence[Any]]) -> "pa.RecordBatch":
            if any(len(r) != len(bases) for r in rows):
                raise SourceError(f"the server broke off: {self.address.clean(rows[-1][0])[:300]}")
            return batch([_flagged(r, flags) for r in rows] if flags else rows, bases)

        return adaptive(result.cursor.fetchmany, made, min(FETCHED, batch_rows(len(columns))))


def base_of(kind: str) -> Base:
    """The base of a type in ClickHouse's words, such as `LowCardinality(Nullable(String))`."""
    while found := _WRAPPED.match(kind) or _SIMPLE.match(kind):
        kind = found[1]
    return next((base for pattern, base in _BASES if re.match(pattern, kind)), Base.OTHER)


def _flagged(row: Sequence[Any], flags: Sequence[int]) -> list[Any]:
    made = list(row)
    for i in flags:
        made[i] = None if made[i] is None else made[i] == "true"
    return made


def _members(key: str) -> list[str]:
    """What a key is made of: `day, toHour(at)`."""
    from sqlglot import exp, parse_one

    made = parse_one(f"SELECT {key}", dialect="clickhouse").expressions if key else []
    return [e.name if isinstance(e, exp.Column) else e.sql("clickhouse") for e in made]


def _found(
    row: Sequence[Any],
    columns: dict[Key, list[ColumnInfo]],
    parts: dict[Key, tuple[str, str]],
    indexes: dict[Key, list[Index]],
) -> Found:
    database, name, engine, comment, rows, size, primary, sorting = row
    key = (database, name)
    own = {c.name for c in columns[key]}
    sorted_by = [Index(name="sorting key", columns=tuple(_members(sorting)))] if sorting else []
    since, mark = parts.get(key, ("", ""))
    changed = dt.datetime.fromtimestamp(int(since), dt.UTC).isoformat(timespec="seconds") if since else ""
    table = TableInfo(
        name=name,
        schema_name=database,
        kind=TableKind.VIEW if engine.endswith("View") else TableKind.TABLE,
        comment=comment,
        columns=tuple(columns[key]),
        primary_key=tuple(members) if own.issuperset(members := _members(primary)) else (),
        indexes=(*indexes[key], *sorted_by),
        rows=None if rows is None else int(rows),
        rows_exact=False,
        size=None if size is None else int(size),
        changed=changed,
    )
    return Found(table, mark)
