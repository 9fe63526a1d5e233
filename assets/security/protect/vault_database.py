"""The database of HEDDLE_VAULT, which the vault of tokens and the ledger of privacy budgets share."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table


def now() -> str:
    """This moment, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class VaultDatabase:
    """The tables of vault_tables.py, made where they are missing.

    Args:
        url: of HEDDLE_VAULT.

    Raises:
        StoreError: the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        from assets.catalog.store.database import create, open_engine
        from assets.security.protect import vault_tables

        self.tables = vault_tables
        self.engine: Engine = open_engine(url)
        create(self.engine, vault_tables.METADATA, "HEDDLE_VAULT")

    def writing(self) -> "AbstractContextManager[Connection]":
        """One transaction that writes, or changes nothing."""
        return self.engine.execution_options(writes=True).begin()

    def add_new(self, connection: "Connection", table: "Table", rows: Sequence[Mapping[str, Any]]) -> int:
        """Adds the rows whose primary key is not there yet; how many those were."""
        from sqlalchemy.dialects import postgresql, sqlite

        insert = (sqlite if self.engine.dialect.name == "sqlite" else postgresql).insert
        statement = insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))
        return connection.execute(statement, list(rows)).rowcount
