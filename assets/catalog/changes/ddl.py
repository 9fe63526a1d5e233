"""SQL that takes a table from one structure to another, in the words of its engine. It is printed, and run on demand.

Names are quoted and types and defaults parsed by sqlglot, so that nothing a scan read from a database can become a
statement of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from assets.catalog.model import ColumnInfo, TableInfo
from core.errors import StoreError


class Statement(NamedTuple):
    """One statement; `loses` says which data it would lose, "" for none."""

    sql: str
    loses: str = ""


class Grammar(NamedTuple):
    """How an engine changes a column: templates over {table}, {column}, {type}, {definition}, {to}, {default}."""

    alter_type: str
    not_null: str
    nullable: str
    set_default: str
    drop_default: str
    comment: str
    rename: str = "ALTER TABLE {table} RENAME COLUMN {column} TO {to}"
    add: str = "ALTER TABLE {table} ADD COLUMN {definition}"
    drop: str = "ALTER TABLE {table} DROP COLUMN {column}"
    rename_table: str = "ALTER TABLE {table} RENAME TO {to}"


_MODIFY = "ALTER TABLE {table} MODIFY COLUMN {definition}"
_NONE = ""
_POSTGRES = Grammar(
    alter_type="ALTER TABLE {table} ALTER COLUMN {column} TYPE {type} USING CAST({column} AS {type})",
    not_null="ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL",
    nullable="ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL",
    set_default="ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default}",
    drop_default="ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT",
    comment="COMMENT ON COLUMN {table}.{column} IS {comment}",
)
GRAMMARS: dict[str, Grammar] = {
    "postgres": _POSTGRES,
    "duckdb": _POSTGRES._replace(alter_type="ALTER TABLE {table} ALTER COLUMN {column} SET DATA TYPE {type}"),
    "mysql": Grammar(_MODIFY, _MODIFY, _MODIFY, _MODIFY, _MODIFY, _MODIFY),
    "hive": Grammar(
        alter_type="ALTER TABLE {table} CHANGE COLUMN {column} {definition}",
        not_null=_NONE, nullable=_NONE, set_default=_NONE, drop_default=_NONE,
        comment="ALTER TABLE {table} CHANGE COLUMN {column} {definition}",
        rename="ALTER TABLE {table} CHANGE COLUMN {column} {to} {type}",
        add="ALTER TABLE {table} ADD COLUMNS ({definition})",
        drop=_NONE,
    ),
    # SQLite's ALTER TABLE renames, adds and drops columns, and that is all
    "sqlite": Grammar(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE),
}  # fmt: skip


def restore(
    now: TableInfo | None, wanted: TableInfo | None, dialect: str, renamed: Mapping[str, str]
) -> list[Statement]:
    """Statements that give `now` the structure `wanted`: columns with type, null, default and comment, and the name.

    Args:
        now: None where the table is gone and has to be made again, without its rows.
        wanted: None where there was no such table.
        dialect: a name of GRAMMARS.
        renamed: column of `now` -> the name it had in `wanted`.

    Raises:
        StoreError: the dialect is not known, or it has no statement for one of the changes.
    """
    if dialect not in GRAMMARS:
        raise StoreError(f"no DDL for {dialect}", f"known are {', '.join(GRAMMARS)}")
    if wanted is None:
        return [Statement(f"DROP TABLE {_table(now, dialect)}", f"all rows of {now.path}")] if now else []
    if now is None:
        return [Statement(create(wanted, dialect))]
    return list(_Writer(now, wanted, dialect, renamed).statements())


def create(table: TableInfo, dialect: str) -> str:
    """CREATE TABLE with columns, primary key and unique keys."""
    lines = [definition(c, dialect) for c in table.columns]
    for words, keys in (("PRIMARY KEY", [table.primary_key]), ("UNIQUE", table.unique)):
        lines += [f"{words} ({', '.join(quoted(c, dialect) for c in key)})" for key in keys if key]
    return f"CREATE TABLE {_table(table, dialect)} (\n  " + ",\n  ".join(lines) + "\n)"


def definition(column: ColumnInfo, dialect: str) -> str:
    """A column's name, type, null, default and, where the dialect has it there, comment."""
    parts = [quoted(column.name, dialect), column_type(column, dialect)]
    if dialect != "hive":
        parts += [] if column.nullable else ["NOT NULL"]
        parts += [f"DEFAULT {_default(column, dialect)}"] if column.default else []
    if column.comment and dialect in ("mysql", "hive"):
        parts.append(f"COMMENT {exp.Literal.string(column.comment).sql(dialect=dialect)}")
    return " ".join(parts)


def quoted(name: str, dialect: str) -> str:
    """A name as the dialect quotes it."""
    return exp.to_identifier(name, quoted=True).sql(dialect=dialect)


def column_type(column: ColumnInfo, dialect: str) -> str:
    """The column's type, parsed and written again.

    Raises:
        StoreError: it is no type of this dialect.
    """
    try:
        return exp.DataType.build(column.type, dialect=dialect, udt=False).sql(dialect=dialect)
    except (SqlglotError, ValueError, TypeError):  # a TypeError where it parses as something else than a type
        raise StoreError(
            f"column {column.name}: {column.type!r} is no type that {dialect} is known to have",
            "write the statement by hand",
        ) from None


class _Writer:
    def __init__(self, now: TableInfo, wanted: TableInfo, dialect: str, renamed: Mapping[str, str]) -> None:
        self.now, self.wanted, self.dialect, self.renamed = now, wanted, dialect, renamed
        self.grammar = GRAMMARS[dialect]

    def statements(self) -> Iterator[Statement]:
        target = {c.name: c for c in self.wanted.columns}
        kept: set[str] = set()
        for column in self.now.columns:
            name = self.renamed.get(column.name, column.name)
            if name not in target:
                continue
            kept.add(name)
            if name != column.name:
                yield self._say("rename", column, to=quoted(name, self.dialect))
            yield from self._column(column, target[name])
        for column in self.wanted.columns:
            if column.name not in kept:
                yield self._say("add", column)
                if column.comment and self.dialect in ("postgres", "duckdb"):  # others have it in the definition
                    yield self._say("comment", column)
        for column in self.now.columns:
            if self.renamed.get(column.name, column.name) not in target:
                yield self._say("drop", column, loses=f"the values of {self.now.path}.{column.name}")
        if self.now.name != self.wanted.name:
            yield self._say("rename_table", None, to=quoted(self.wanted.name, self.dialect))

    def _column(self, now: ColumnInfo, wanted: ColumnInfo) -> Iterator[Statement]:
        if now.type != wanted.type:
            yield self._say("alter_type", wanted, loses=f"values of {wanted.name} that are no {wanted.type}")
        if now.nullable != wanted.nullable:
            yield self._say("nullable" if wanted.nullable else "not_null", wanted)
        if now.default != wanted.default:
            yield self._say("set_default" if wanted.default else "drop_default", wanted)
        if now.comment != wanted.comment:
            yield self._say("comment", wanted)

    def _say(self, what: str, column: ColumnInfo | None, *, to: str = "", loses: str = "") -> Statement:
        template: str = getattr(self.grammar, what)
        if not template:
            place = f"{self.now.path}.{column.name}" if column else self.now.path
            raise StoreError(
                f"{self.dialect} has no statement for: {what.replace('_', ' ')} of {place}",
                "make a new table with `heddle catalog restore --create`, copy the rows and rename it",
            )
        # only what the template names is worked out: a type that cannot be parsed matters only where it is written
        parts: dict[str, Callable[[], str]] = {"table": lambda: _table(self.now, self.dialect), "to": lambda: to}
        if column is not None:
            parts |= self._of(column)
        return Statement(template.format_map({k: make() for k, make in parts.items() if f"{{{k}}}" in template}), loses)

    def _of(self, column: ColumnInfo) -> dict[str, Callable[[], str]]:
        return {
            "column": lambda: quoted(column.name, self.dialect),
            "type": lambda: column_type(column, self.dialect),
            "definition": lambda: definition(column, self.dialect),
            "default": lambda: _default(column, self.dialect),
            "comment": lambda: exp.Literal.string(column.comment).sql(dialect=self.dialect),
        }


def _default(column: ColumnInfo, dialect: str) -> str:
    try:
        return parse_one(column.default, dialect=dialect).sql(dialect=dialect)
    except SqlglotError:
        raise StoreError(
            f"column {column.name}: its default {column.default!r} cannot be read", "write the statement by hand"
        ) from None


def _table(table: TableInfo, dialect: str) -> str:
    names: Sequence[str] = [n for n in (table.schema_name, table.name) if n]
    return ".".join(quoted(n, dialect) for n in names)
