"""DuckDB: opened read-only and without access to anything outside; structure by its system tables, rows as Arrow."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sqlglot import exp

from assets.catalog.model import Base, ColumnInfo, ForeignKey, Index, TableInfo, TableKind
from assets.catalog.scan.arrow import plain
from assets.catalog.scan.reader import BYTES, Content, Found, Wanted, batch_rows, bounded
from assets.catalog.scan.references import Address
from assets.catalog.scan.sources import Source
from core.errors import SourceError

if TYPE_CHECKING:
    import duckdb

LOCK_SECONDS = 60.0
JUDGED = 2_048  # rows
_CONFIG: dict[str, Any] = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",  # a name that a view uses is no variable of ours
    "memory_limit": "1GB",
}
_HERE = "database_name = current_database() and not internal"
_BASES = {
    "BOOLEAN": Base.BOOLEAN,
    "DATE": Base.DATE,
    "TIME": Base.TIME,
    "VARCHAR": Base.TEXT,
    "UUID": Base.TEXT,
    "ENUM": Base.TEXT,
    "BLOB": Base.BINARY,
    "BIT": Base.TEXT,
    "FLOAT": Base.NUMBER,
    "DOUBLE": Base.NUMBER,
    "DECIMAL": Base.NUMBER,
    "STRUCT": Base.NESTED,
    "MAP": Base.NESTED,
    "UNION": Base.NESTED,
    "JSON": Base.NESTED,
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), Base.INTEGER),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), Base.INTEGER),
}
_ARROW = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE",
          "BOOLEAN", "VARCHAR", "BLOB", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")  # fmt: skip
_BY_KEY = "where database_name = current_database() and constraint_type in ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')"


class DuckdbReader:
    """See reader.Reader. The file is held, read-only, while the source is scanned."""

    parallel = 1  # DuckDB itself uses all processors

    def __init__(self, connection: "duckdb.DuckDBPyConnection", path: Path) -> None:
        self.connection = connection
        # the file as a whole: which of its blocks are a table's does not tell whether their content is another
        stamps = [p.stat() for p in (path, Path(f"{path}.wal")) if p.exists()]
        self.mark = " ".join(f"{s.st_size} {s.st_mtime_ns}" for s in stamps)

    @classmethod
    def open(cls, address: Address, source: Source) -> "DuckdbReader":
        """Opens the file, waiting while another process writes it.

        Raises:
            SourceError: it is not there, no DuckDB file, or held for too long.
        """
        import duckdb

        path = Path("/" + unquote(urlsplit(address.url).path).lstrip("/"))
        if not path.is_file():
            raise SourceError(f"source {source.name} cannot be reached: there is no file {path}", "correct its url")
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return cls(duckdb.connect(str(path), read_only=True, config=_CONFIG), path)
            except duckdb.Error as error:
                busy = "lock" in str(error).lower() or "different configuration" in str(error)
                if not busy or time.monotonic() > deadline:
                    raise SourceError(f"source {source.name} cannot be opened: {error}") from None
                time.sleep(0.05)

    def close(self) -> None:
        """See reader.Reader."""
        self.connection.close()

    def tables(self, wanted: Wanted) -> list[Found]:
        """See reader.Reader. One statement for the columns of all tables."""
        columns = self._columns()
        keys = self._keys()
        indexes = self._indexes()
        listed = self.connection.execute(
            "select schema_name, table_name, 'table', comment, estimated_size "
            f"from duckdb_tables() where {_HERE} and not temporary "
            "union all select schema_name, view_name, 'view', comment, null "
            f"from duckdb_views() where {_HERE} and not temporary order by 1, 2"
        ).fetchall()
        found = []
        for schema, name, kind, comment, rows in listed:
            table = TableInfo(
                name=name,
                schema_name=schema,
                kind=TableKind(kind),
                comment=comment or "",
                columns=tuple(columns[schema, name]),
                indexes=tuple(indexes[schema, name]),
                rows=rows,
                rows_exact=False,
                **keys.get((schema, name), {}),
            )
            if wanted(table.path):
                found.append(Found(table, self.mark if table.kind is TableKind.TABLE else ""))
        return found

    @contextmanager
    def read(self, table: TableInfo, rows: int) -> Iterator[Content]:
        """See reader.Reader."""
        import duckdb

        sampled = rows > 0 and (table.rows is None or table.rows > rows)
        names = ", ".join(_read_as(c) for c in table.columns)
        statement = f"select {names} from {_quoted(table.schema_name, table.name)}"
        if sampled and table.rows:
            statement += f" tablesample system ({min(100.0, 105.0 * rows / table.rows):.6f}%) repeatable (1)"
        if sampled:
            statement += f" limit {int(rows)}"
        try:
            with self.connection.cursor() as cursor:
                reader: Any = cursor.sql(statement).to_arrow_reader(_batch_rows(cursor, table))
                content = Content(table.columns, (plain(part) for part in reader), sampled=sampled)
                yield bounded(content, rows, sampled and table.rows is None)
        except duckdb.Error as error:
            raise SourceError(f"{table.path}: {error}") from None

    def _columns(self) -> dict[tuple[str, str], list[ColumnInfo]]:
        found: dict[tuple[str, str], list[ColumnInfo]] = defaultdict(list)
        rows = self.connection.execute(
            "select schema_name, table_name, column_name, data_type, column_index, is_nullable, column_default, "
            f"comment from duckdb_columns() where {_HERE} order by schema_name, table_name, column_index"
        ).fetchall()
        for schema, table, name, kind, place, nullable, default, comment in rows:
            found[schema, table].append(
                ColumnInfo(
                    name=name,
                    type=kind,
                    base=_base(kind),
                    place=place,
                    nullable=bool(nullable),
                    default=default or "",
                    comment=comment or "",
                )
            )
        return found

    def _keys(self) -> dict[tuple[str, str], dict[str, Any]]:
        found: dict[tuple[str, str], dict[str, Any]] = defaultdict(
            lambda: {"primary_key": (), "unique": (), "foreign_keys": ()}
        )
        rows = self.connection.execute(
            "select schema_name, table_name, constraint_type, constraint_column_names, referenced_table, "
            f"referenced_column_names, constraint_name from duckdb_constraints() {_BY_KEY} order by constraint_index"
        ).fetchall()
        for schema, table, kind, names, target, targets, name in rows:
            known = found[schema, table]
            if kind == "PRIMARY KEY":
                known["primary_key"] = tuple(names)
            elif kind == "UNIQUE":
                known["unique"] += (tuple(names),)
            else:
                key = ForeignKey(columns=tuple(names), table=target, targets=tuple(targets), name=name or "")
                known["foreign_keys"] += (key,)
        return found

    def _indexes(self) -> dict[tuple[str, str], list[Index]]:
        found: dict[tuple[str, str], list[Index]] = defaultdict(list)
        rows = self.connection.execute(
            "select schema_name, table_name, index_name, is_unique, expressions from duckdb_indexes() "
            "where database_name = current_database() order by 1, 2, 3"
        ).fetchall()
        for schema, table, name, unique, expressions in rows:
            members = tuple(e.strip(" '\"") for e in str(expressions).strip("[]").split(","))
            found[schema, table].append(Index(name=name, columns=members, unique=bool(unique)))
        return found


def _batch_rows(cursor: Any, table: TableInfo) -> int:
    """Rows of a batch; fewer where the first texts of a large table are long."""
    most = batch_rows(len(table.columns))
    wide = [_quoted(c.name) for c in table.columns if c.base in (Base.TEXT, Base.BINARY, Base.NESTED, Base.OTHER)]
    if not wide or (table.rows or 0) <= JUDGED:
        return most
    size = " + ".join(f"coalesce(strlen({name}::varchar), 0)" for name in wide)
    first = f"select {', '.join(wide)} from {_quoted(table.schema_name, table.name)} limit {JUDGED}"
    ((longest,),) = cursor.execute(f"select max({size}) from ({first})").fetchall()
    return max(16, min(most, int(BYTES / max(1, longest or 0))))


def _quoted(*names: str) -> str:
    return ".".join(exp.to_identifier(name, quoted=True).sql("duckdb") for name in names if name)


def _base(kind: str) -> Base:
    if kind.endswith("]"):
        return Base.NESTED
    if kind.startswith("TIMESTAMP"):
        return Base.TIMESTAMP
    if kind.startswith("TIME"):
        return Base.TIME
    return _BASES.get(kind.partition("(")[0], Base.OTHER)


def _read_as(column: ColumnInfo) -> str:
    name = _quoted(column.name)
    if column.type in _ARROW or column.type.startswith(("DECIMAL", "TIMESTAMP")):
        return name
    # as JSON, as of other sources: DuckDB's own texts of structs cannot be read again
    value = f"to_json({name})" if column.base is Base.NESTED and column.type != "JSON" else name
    return f"{value}::varchar as {name}"
