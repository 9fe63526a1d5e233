"""Registered actions on the table behind an entry: looked at anew, counted, columns added and dropped after review.

An action that changes the database is a plan first: its DDL is shown, and runs only when it is asked to. What ran, and
what the database said, stays in the log of the entry; then the table is read again and has a new version.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from assets.catalog.bases import base_of
from assets.catalog.changes.ddl import Statement, definition, restore
from assets.catalog.changes.entry import TABLE
from assets.catalog.model import ColumnInfo, Scan, TableInfo
from assets.catalog.record import current, known, record
from assets.catalog.remote.connection import Remote, source_of, spoken
from assets.catalog.scan.sources import Source, load_sources
from assets.catalog.store.versions import Change, Version, Versions
from core.errors import HeddleError, SourceError
from core.settings import Settings

LOG = "remote_action"  # kind of the entries whose versions are what was done to a table


@dataclass(frozen=True)
class Action:
    """A kind of action.

    Attributes:
        fields: name -> what it is, in words; an action without DDL has no `plan`.
        plan: the table as it is and the fields -> the table as it shall be.
    """

    name: str
    says: str
    fields: Mapping[str, str]
    plan: "Callable[[TableInfo, Mapping[str, str]], TableInfo] | None" = None


class Done(NamedTuple):
    """What an action did: its statements, whether they ran, the table's new version and its rows where counted."""

    statements: tuple[Statement, ...] = ()
    ran: bool = False
    version: Version | None = None
    rows: int | None = None


def _add(now: TableInfo, fields: Mapping[str, str]) -> TableInfo:
    name = fields["column"]
    if any(c.name == name for c in now.columns):
        raise HeddleError(f"{now.path} has a column {name} already", "give another name")
    comment, default = fields.get("comment", ""), fields.get("default", "")
    new = ColumnInfo(name=name, type=fields["type"], base=base_of(fields["type"]), comment=comment, default=default)
    return now.model_copy(update={"columns": (*now.columns, new)})


def _drop(now: TableInfo, fields: Mapping[str, str]) -> TableInfo:
    name = fields["column"]
    if not any(c.name == name for c in now.columns):
        names = ", ".join(c.name for c in now.columns)
        raise HeddleError(f"{now.path} has no column {name}", f"there are: {names}")
    return now.model_copy(update={"columns": tuple(c for c in now.columns if c.name != name)})


_COLUMN = {"column": "name of the column"}
_NEW = _COLUMN | {"type": "type in the engine's words", "default": "SQL, or empty", "comment": "what it is, or empty"}
ACTIONS = {
    a.name: a
    for a in (
        Action("refresh", "Reads the table's structure and profile again.", {}),
        Action("count", "Counts the table's rows.", {}),
        Action("add_column", "Adds a column.", _NEW, _add),
        Action("drop_column", "Drops a column with its values.", _COLUMN, _drop),
    )
}


def act(
    settings: Settings,
    versions: Versions,
    key: str,
    name: str,
    fields: Mapping[str, str],
    author: str,
    *,
    run: bool = False,
    dialect: str = "",
) -> Done:
    """Does an action on the table of an entry, or plans it.

    Args:
        key: `source/schema.table`.
        fields: as the action names them.
        run: run the DDL; without it, it is only shown. Actions without DDL always run.
        dialect: of the DDL where the source has no connection, such as hive; such DDL is never run.

    Raises:
        HeddleError: there is no such entry, action, field or connection.
        SourceError: the database refuses; that is in the log too.
    """
    action = _action(name, fields)
    source, _, path = key.partition("/")
    if action.plan is None:
        return _look(settings, versions, source, path, action, author)
    entry = current(versions, key)
    if entry is None:
        raise HeddleError(f"no table {key} in the catalogue", "`heddle catalog scan` or `heddle catalog import`")
    now, own = entry.table, _own_dialect(settings, source)
    if dialect and own and dialect != own:
        now = now.model_copy(update={"columns": tuple(_translated(c, own, dialect) for c in now.columns)})
    wanted = dialect or own or spoken(settings, source_of(settings, source))
    statements = tuple(_statements(now, action.plan(now, fields), wanted))
    if not run:
        return Done(statements)
    if dialect:
        raise HeddleError("DDL of another dialect is only shown", "leave out --dialect, or --run")
    with Remote.of(settings, source) as remote:
        _execute(versions, remote, key, statements, author)
    told = f"{name} {fields['column']}: {'; '.join(s.sql for s in statements)}"
    return Done(statements, True, refresh(settings, versions, source, path, author, told))


def refresh(
    settings: Settings, versions: Versions, source: str, path: str, author: str, cause: str = ""
) -> Version | None:
    """Scans one table; its version afterwards, None where it is gone.

    Raises:
        HeddleError: the source never had such a table.
        SourceError: the source or the table cannot be read.
    """
    found = live(settings, source, path)
    if found.errors:
        raise SourceError(f"{source}/{path} cannot be read: {found.errors[0][1]}")
    if not found.tables and current(versions, f"{source}/{path}") is None:
        raise HeddleError(f"source {source} has no table {path}", f"`heddle catalog browse {source}` shows what it has")
    others = tuple(t.table.path for t in known(versions, source) if t.table.path != path)
    record(versions, found.model_copy(update={"unchanged": others}), author=author, cause=cause)
    return versions.get(TABLE, f"{source}/{path}")


def live(settings: Settings, source: str, path: str) -> Scan:
    """One table as the source has it now, with profile and meanings; nothing is kept."""
    from assets.catalog.observe import understanding
    from assets.catalog.scan.scanner import scan

    one = source_of(settings, source).model_copy(update={"include": (_literal(path),), "exclude": ()})
    meant = understanding(settings, source)
    return scan(one, classify=meant.classify, sensitive=meant.sensitive, settings=settings)


def browse(settings: Settings, source: str, path: str = "") -> list[TableInfo]:
    """The tables of a source as it has them now: structure without rows.

    Args:
        path: only this table.

    Raises:
        SourceError: it cannot be reached.
    """
    from assets.catalog.scan.references import address
    from assets.catalog.scan.registry import open_reader
    from assets.catalog.scan.scanner import wanted

    given: Source = source_of(settings, source)
    if path:
        given = given.model_copy(update={"include": (_literal(path),), "exclude": ()})
    reader = open_reader(address(given.url, source, settings, os.environ), given)
    try:
        return [found.table for found in reader.tables(lambda path: wanted(given, path))]
    finally:
        reader.close()


def log(versions: Versions, key: str) -> list[Version]:
    """What was done to a table, the first first."""
    return sorted(versions.history(LOG, key), key=lambda v: v.number)


def _action(name: str, fields: Mapping[str, str]) -> Action:
    action = ACTIONS.get(name)
    if action is None:
        raise HeddleError(f"no action {name!r}", f"there are: {', '.join(ACTIONS)}")
    needed = [f for f, says in action.fields.items() if not says.endswith("or empty")]
    missing = [f for f in needed if not fields.get(f, "").strip()]
    unknown = [f for f in fields if f not in action.fields]
    if missing or unknown:
        wrong = f"field {(missing or unknown)[0]} is {'missing' if missing else 'not known'}"
        raise HeddleError(f"action {name}: {wrong}", f"its fields are: {', '.join(action.fields) or 'none'}")
    return action


def _look(settings: Settings, versions: Versions, source: str, path: str, action: Action, author: str) -> Done:
    if action.name == "refresh":
        return Done(version=refresh(settings, versions, source, path, author), ran=True)
    table = _table(versions, source, path)
    with Remote.of(settings, source) as remote, remote.transaction() as session:
        name = session.name(table.schema_name, table.name)
        rows = int(session.query(f"SELECT COUNT(*) FROM {name}")[0][0])
    said = {"action": action.name, "rows": rows}
    versions.put(LOG, f"{source}/{path}", said, Change(author, f"counted {rows} rows"))
    return Done(rows=rows, ran=True)


def _table(versions: Versions, source: str, path: str) -> TableInfo:
    entry = current(versions, f"{source}/{path}")
    if entry is None:
        raise HeddleError(f"no table {source}/{path} in the catalogue", "`heddle catalog refresh` reads it")
    return entry.table


def _statements(now: TableInfo, wanted: TableInfo, dialect: str) -> list[Statement]:
    gone = [c.name for c in now.columns if all(c.name != w.name for w in wanted.columns)]
    if dialect == "hive" and gone:  # Hive has no DROP COLUMN: the columns that stay are named anew
        table = restore(None, wanted, "hive", {})[0].sql.partition(" (")[0].replace("CREATE TABLE ", "", 1)
        kept = ", ".join(definition(c, "hive") for c in wanted.columns)
        return [Statement(f"ALTER TABLE {table} REPLACE COLUMNS ({kept})", f"the values of {now.path}.{gone[0]}")]
    return restore(now, wanted, dialect, {})


def _execute(versions: Versions, remote: Remote, key: str, statements: Sequence[Statement], author: str) -> None:
    said: dict[str, Any] = {"statements": [s.sql for s in statements], "outcome": "done"}
    try:
        with remote.transaction() as session:
            for statement in statements:
                session.execute(session.text(statement.sql))
    except SourceError as error:
        versions.put(LOG, key, said | {"outcome": error.what}, Change(author, "refused by the database"))
        raise
    versions.put(LOG, key, said, Change(author, "; ".join(s.sql for s in statements)))


def _own_dialect(settings: Settings, source: str) -> str:
    """The dialect that a source's types are written in, "" where it has no connection."""
    found = next((s for s in load_sources(settings) if s.name == source), None)
    return spoken(settings, found) if found else ""


def _translated(column: ColumnInfo, own: str, dialect: str) -> ColumnInfo:
    """The column with its type in another dialect; what cannot be read stays as it is, and is refused where written."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        type_ = exp.DataType.build(column.type, dialect=own)
    except (SqlglotError, ValueError, TypeError):
        return column
    if type_.this in exp.DataType.INTEGER_TYPES:
        type_.set("expressions", [])  # MySQL's INT(11): how wide it is shown
    return column.model_copy(update={"type": type_.sql(dialect=dialect), "default": ""})


def _literal(path: str) -> str:
    """A pattern that only this path fits."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)
