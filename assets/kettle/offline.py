"""Databases that nobody connects to: layouts come from the text of the queries, so that files can be described."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assets.kettle.database.connect import Databases
from assets.kettle.database.connection import Database, DatabaseError
from assets.kettle.database.trace import origins
from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection
from assets.kettle.values.fields import Field, Layout

Columns = Callable[[str, str], list[str]]  # connection, table -> its columns, [] when unknown


class AnyColumns(Layout):
    """The layout of a table that nobody looked at: whatever column a step names is there."""

    def get(self, name: str) -> Field:
        """The column."""
        return Field(name)


class OfflineDatabase(Database):
    """A connection of which only the target is known. Every column is taken for text."""

    columns: Columns

    def connect(self) -> None:
        """Nothing."""
        self.errors = ()
        self.style = "qmark"
        self.raw = None

    def layout(self, sql: str, values: Sequence[Any] = ()) -> Layout:
        """The columns that the query names. Raises DatabaseError when it does not name them (`select *`)."""
        found = origins(sql, "" if self.target.standin else self.dialect, lambda table: self.columns(self.name, table))
        names = [origin.name for origin in found]
        if not names or "*" in names:
            raise DatabaseError(f"the columns of the query are not told without connection {self.name!r}", "")
        return Layout(Field(name) for name in names)

    def table_layout(self, table: str) -> Layout:
        """The columns that are known; a table of which none is known is taken to have each that is asked for."""
        names = self.columns(self.name, table.replace('"', "").replace("`", ""))
        return Layout(Field(name) for name in names) if names else AnyColumns()

    def exists(self, schema: str, table: str) -> bool:
        """Whether its columns are known."""
        return bool(self.columns(self.name, f"{schema}.{table}" if schema else table))

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Nothing is executed."""
        return 0

    def commit(self) -> None:
        """Nothing."""

    def rollback(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class OfflineDatabases(Databases):
    """The connections of a file, none of which is opened.

    Attributes:
        used: whether a layout was asked for: types are then guesses.
    """

    def __init__(
        self,
        connections: Mapping[str, Connection],
        variables: Variables,
        urls: Mapping[str, str],
        columns: Columns = lambda connection, table: [],
    ) -> None:
        super().__init__(connections, variables, urls)
        self.planning_only = True
        self.used = False
        self._columns = columns

    def get(self, name: str, *, reading: bool = False) -> Database:
        """The named connection, unopened. Raises KettleError when there is none of that name."""
        self.used = True
        if name not in self._open:
            database = OfflineDatabase(name, self.target(name))
            database.columns = self._columns
            self._open[name] = database
        return self._open[name]
