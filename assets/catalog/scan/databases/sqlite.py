"""SQLite: opened read-only, values of whatever type a row has, samples by the number of the row."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, make_url

from assets.catalog.model import ColumnInfo, TableInfo, TableKind
from assets.catalog.scan.arrow import batch
from assets.catalog.scan.databases.generic import DatabaseReader, Facts
from assets.catalog.scan.reader import FETCHED, adaptive, batch_rows

if TYPE_CHECKING:
    import pyarrow as pa

_PRIME = 1_000_003  # spreads the numbers of neighbouring rows


class SqliteReader(DatabaseReader):
    """See reader.Reader."""

    dialect = "sqlite"
    parallel = 1  # sqlite3 holds Python's lock while it reads

    @classmethod
    def connect_engine(cls, url: str) -> Engine:
        """Read-only, and no function of the database's own views may have side effects."""
        path = make_url(url).database or ""
        return create_engine("sqlite://", creator=lambda: _connect(path))

    @property
    def path(self) -> Path:
        """The file."""
        return Path(make_url(self.address.url).database or "")

    def facts(self, connection: Any, schema: str | None) -> Facts:
        """Rows are counted; all tables change with the file, and with what its log still holds."""
        stamps = [p.stat() for p in (self.path, Path(f"{self.path}-wal")) if p.exists()]
        mark = " ".join(f"{s.st_size} {s.st_mtime_ns}" for s in stamps)
        listed = connection.exec_driver_sql("select name from sqlite_master where type = 'table'").scalars()
        return {name: {"mark": mark} | _rows(connection, self.quote(name)) for name in listed}

    def select(self, table: TableInfo, rows: int) -> str:
        """Every row whose number, multiplied by a prime, falls below a bound."""
        names = ", ".join(self.quote(c.name) for c in table.columns) or "1"
        made = f"select {names} from {self.quote(table.name)}"
        if not rows:
            return made
        if table.kind is TableKind.TABLE and table.rows and table.rows > rows and self._numbered(table.name):
            bound = int(_PRIME * 1.1 * rows / table.rows)
            made += f" where abs(rowid * 48271) % {_PRIME} < {bound}"
        return f"{made} limit {int(rows)}"

    def _numbered(self, name: str) -> bool:
        with closing(_connect(str(self.path))) as connection:
            try:
                connection.execute(f"select rowid from {self.quote(name)} limit 0")
            except sqlite3.Error:
                return False
        return True

    def errors(self) -> tuple[type[Exception], ...]:
        """The driver's own too."""
        return (sqlite3.Error, *super().errors())

    @contextmanager
    def rows_of(self, sql: str, columns: Sequence[ColumnInfo]) -> "Iterator[Iterator[pa.RecordBatch]]":
        """From a connection of its own; text that is no UTF-8 is read with replacements."""
        with closing(_connect(str(self.path))) as connection:
            cursor = connection.execute(sql)
            most = min(FETCHED, batch_rows(len(columns)))
            bases = [c.base for c in columns]
            yield adaptive(cursor.fetchmany, lambda rows: batch(rows, bases), most)


def _connect(path: str) -> sqlite3.Connection:
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}")
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False)
    connection.execute("pragma trusted_schema = off")
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _rows(connection: Any, name: str) -> dict[str, Any]:
    try:
        return {"rows": connection.exec_driver_sql(f"select count(*) from {name}").scalar()}
    except Exception as error:  # the virtual table of a module that is not loaded
        if "no such module" in str(error) or "malformed" in str(error):
            return {}
        raise
