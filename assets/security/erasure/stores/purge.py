"""Old bytes of deleted rows leave the files of a database, as far as its engine lets them.

DuckDB and SQLite files are written anew, PostgreSQL's and MySQL's tables too. Write-ahead logs, replicas and backups
are the database's own: their retention decides when the rows are gone there.
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.address import local_path
from core.atomic import replacing
from core.errors import SourceError
from resources.quoting import identifier, literal

if TYPE_CHECKING:
    from assets.catalog.remote.connection import Remote

Names = Sequence[tuple[str, str]]
_COMMANDS = {"postgres": "VACUUM (FULL) {}", "mysql": "OPTIMIZE TABLE {}"}


def purge(remote: "Remote", tables: Names) -> None:
    """Writes tables anew. Raises SourceError when the engine refuses."""
    from assets.catalog.changes.ddl import quoted

    if remote.dialect == "duckdb":
        compact(local_path(remote.where.url))
        return
    with remote.autocommit() as connection:
        if remote.dialect == "sqlite":
            vacuum(connection.connection.driver_connection)
            return
        for names in tables:
            place = ".".join(quoted(name, remote.dialect) for name in names if name)
            connection.exec_driver_sql(_COMMANDS[remote.dialect].format(place))


def vacuum(connection: Any) -> None:
    """Writes a SQLite file anew, and empties its log."""
    connection.execute("vacuum")
    connection.execute("pragma wal_checkpoint(truncate)").fetchall()


def compact(path: Path) -> None:
    """Writes a DuckDB file anew beside itself and puts it in place by a rename; comments go along.

    Raises:
        SourceError: a table of the copy has other rows; the file stays as it was.
    """
    import duckdb

    try:
        with replacing(path) as made:
            try:
                _copied(path, made)
            finally:
                made.with_name(f"{made.name}.wal").unlink(missing_ok=True)
    except duckdb.Error as error:
        raise SourceError(f"{path.name}: {error}") from None


def _copied(path: Path, made: Path) -> None:
    import duckdb

    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(f"attach {literal(str(made))} as fresh")
        connection.execute(f"copy from database {identifier(path.stem)} to fresh")
        if _sizes(connection, path.stem) != _sizes(connection, "fresh"):
            raise SourceError(f"the copy of {path.name} has other rows", "run it again while nobody writes")
        for statement in _comments(connection, path.stem):
            connection.execute(statement)
        connection.execute("checkpoint fresh")
        connection.execute("detach fresh")


def _sizes(connection: Any, database: str) -> dict[tuple[str, str], int]:
    found = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ?", [database]
    ).fetchall()
    return {
        (schema, name): connection.execute(
            f"select count(*) from {identifier(database)}.{identifier(schema)}.{identifier(name)}"
        ).fetchone()[0]
        for schema, name in found
    }


def _comments(connection: Any, database: str) -> list[str]:
    tables = (
        "select schema_name, table_name, comment from duckdb_tables() where database_name = ? and comment is not null"
    )
    columns = (
        "select schema_name, table_name, column_name, comment from duckdb_columns() where database_name = ?"
        " and comment is not null"
    )
    made = [
        f"comment on table fresh.{identifier(s)}.{identifier(t)} is {literal(c)}"
        for s, t, c in connection.execute(tables, [database]).fetchall()
    ]
    return made + [
        f"comment on column fresh.{identifier(s)}.{identifier(t)}.{identifier(n)} is {literal(c)}"
        for s, t, n, c in connection.execute(columns, [database]).fetchall()
    ]
