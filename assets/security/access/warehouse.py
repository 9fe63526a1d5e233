"""A warehouse as one person may read it: every query goes through their access, and nothing can be written."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from assets.security.access.access import Access
from assets.security.access.model import AccessError
from core.errors import HeddleError
from core.naming import TableName, table_key
from core.schema import TableInfo

if TYPE_CHECKING:
    import polars as pl
    from sqlglot import exp

    from resources.ports import WarehouseReader

BESIDE = "heddle_frame"  # the frame of query_beside, which is the asker's own


class GuardedWarehouse:
    """A `WarehouseReader`. SQL comes from the platform's own code: metrics, features, clean-up of tables.

    Args:
        gaps: hidden columns are there and NULL; otherwise they are not there.
    """

    def __init__(self, warehouse: "WarehouseReader", access: Access, *, gaps: bool = False) -> None:
        self.inner, self.access, self.gaps = warehouse, access, gaps
        self.dialect = warehouse.dialect

    def query(self, sql: str, params: Sequence[Any] = ()) -> "pl.DataFrame":
        """As the warehouse does, over what the person may see. Raises AccessError where that is nothing."""
        return self.inner.query(self._guarded(sql), params)

    def query_beside(self, sql: str, frame: "pl.DataFrame") -> "pl.DataFrame":
        """As `query`, with a frame beside."""
        return self.inner.query_beside(self._guarded(sql), frame)

    def batches(self, sql: str, params: Sequence[Any] = (), rows: int = 100_000) -> Iterator["pl.DataFrame"]:
        """As `query`, streamed."""
        return self.inner.batches(self._guarded(sql), params, rows)

    def info(self, table: TableName) -> TableInfo:
        """Columns and row count; names and a count are no secrets of the policy."""
        return self.inner.info(table)

    def exists(self, table: TableName) -> bool:
        """Whether the table exists."""
        return self.inner.exists(table)

    def _guarded(self, sql: str) -> str:
        if self.access.policy is None:
            return sql
        import sqlglot
        from sqlglot import exp

        query = sqlglot.parse_one(sql, dialect=self.dialect)
        assert isinstance(query, exp.Query)
        found = [(node, self._table(node)) for node in list(query.find_all(exp.Table)) if not _local(node)]
        self.access.guarded(query, found, self.dialect, gaps=self.gaps)
        return query.sql(dialect=self.dialect) if found else sql

    def _table(self, node: "exp.Table") -> Any:
        from assets.catalog.lab.model import Table

        name = TableName(node.db, node.name)
        try:
            key = str(table_key(name))
        except HeddleError:
            key = f"warehouse/{name}"
        columns = tuple((c.name, c.type) for c in self.inner.info(name).columns)
        return Table(key, key, name.schema, name.name, columns)


def _local(node: "exp.Table") -> bool:
    """Whether a name in FROM is a WITH query or a function. Raises AccessError for a table without its schema."""
    from sqlglot import exp

    if not isinstance(node.this, exp.Identifier):
        return True
    if node.db:
        return False
    root = node.root()
    if node.name == BESIDE or any(c.alias.lower() == node.name.lower() for c in root.find_all(exp.CTE)):
        return True
    raise AccessError(f"{node.name} names no schema", "name the table in full")
