"""A complete transformation from two tables of the catalogue and rules: read, join, filter, name, check, write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from assets.catalog.changes.entry import TableEntry
from assets.catalog.keys import asset_of
from assets.catalog.model import ColumnInfo, TableInfo
from assets.kettle.errors import KettleError
from assets.kettle.files.edit import add_connection, add_hop, add_step, remove_step
from assets.kettle.files.new import Settings, new_connection, new_step, new_transformation
from assets.kettle.generate.condition_sql import condition_of
from assets.kettle.generate.filters import filter_part
from assets.kettle.generate.joins import Key, merge_join_part
from assets.kettle.generate.place import Between, put
from assets.kettle.generate.sinks import Sink, ToTable
from assets.kettle.generate.sources import table_input
from assets.kettle.generate.structure import structure_part
from assets.kettle.model import Connection, Transformation
from assets.kettle.synced.follow import PART
from assets.kettle.synced.kinds import source_column
from assets.kettle.synced.rules import From, Rules, columns
from assets.kettle.synced.tables import host_of
from assets.kettle.values.fields import ValueType

if TYPE_CHECKING:
    from sqlalchemy import URL

LEFT, RIGHT, END = "read left", "read right", "end"
_STEP = 160


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two tables.

    Attributes:
        key: `source/schema.table`.
        dialect: sqlglot's name of its SQL.
        names: column -> the field that it comes in as; other than its own where both tables have it.
    """

    key: str
    entry: TableEntry
    connection: Connection
    dialect: str
    names: Mapping[str, str] = field(default_factory=dict)

    def kind(self, column: str) -> ValueType:
        """The type of a column. Raises KettleError for one that is not there."""
        for info in self.entry.table.columns:
            if info.name.lower() == column.lower():
                return source_column(info).kind
        known = ", ".join(c.name for c in self.entry.table.columns)
        raise KettleError(f"{self.key} has no column {column!r}", f"it has {known}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rules.

    Attributes:
        keys: pairs of columns that must be equal.
        kind: inner, left, right or full.
        where: a SQL condition over columns, `table.column` where both tables have one; "" for all rows.
        chosen: column of the target -> column (or `table.column`); empty for all.
        into: the table that is written.
        follows: key of its entry in the catalogue, "" for a new table, which the file then makes.
        entry: its structure, where it is in the catalogue.
    """

    name: str
    left: Side
    right: Side
    keys: Sequence[tuple[str, str]]
    into: ToTable
    target: Connection
    dialect: str
    kind: str = "inner"
    where: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    follows: str = ""
    entry: TableEntry | None = None
    rejects: Sink | None = None


def whole(wanted: Wanted, rules: Rules) -> Transformation:
    """The transformation; the same bytes for the same tables and rules.

    Raises:
        KettleError: a column is not there or stands for two, keys of different types, a condition that Kettle cannot
            say, no key at all.
    """
    left, right = _named(wanted.left, wanted.right)
    fields = {**_fields(left), **_fields(right)}
    model = new_transformation(wanted.name)
    for connection in {c.name: c for c in (left.connection, right.connection, wanted.target)}.values():
        add_connection(model, new_connection(connection))
    add_step(model, new_step(LEFT, "TableInput", _query(left), x=64, y=160))
    add_step(model, new_step(RIGHT, "TableInput", _query(right), x=64, y=320))
    add_step(model, new_step(END, "Dummy", (), x=64 + 7 * _STEP, y=160))
    add_hop(model, LEFT, END)
    keys = [Key(left.names[a], right.names[b], left.kind(a), right.kind(b)) for a, b in _keys(wanted, left, right)]
    model = put(model, merge_join_part("join", RIGHT, keys, wanted.kind), Between(LEFT, END))
    if wanted.where:
        condition = condition_of(_where(wanted.where, left, right), "")
        last = next(h.source for h in model.hops if h.target == END)
        model = put(model, filter_part("filter", condition, fields), Between(last, END))
    last = next(h.source for h in model.hops if h.target == END)
    entry, filled = _target(wanted, left, right)
    made = columns(entry, str(asset_of(wanted.follows.partition("/")[0] or "new", entry.table)), rules, filled)
    part = structure_part(PART + wanted.follows if wanted.follows else "into", made, wanted.into, wanted.rejects)
    model = put(model, part, Between(last, END))
    remove_step(model, END)
    return model if wanted.follows else _maker(model, wanted, entry)


def connection_of(name: str, url: "URL") -> Connection:
    """A connection of a file to a source's database, without secrets: the password is a variable.

    Raises KettleError for a database that Kettle has no type for.
    """
    from assets.kettle.database.urls import KINDS

    backend = url.get_backend_name()
    kind = next((k for k, found in KINDS.items() if found.driver.split("+")[0] == backend), "")
    if not kind:
        raise KettleError(f"source {name}: Kettle has no connection to {backend}", "choose tables of a database")
    secret = f"${{HEDDLE_{name.upper()}_PASSWORD}}" if url.username else ""
    port = str(url.port or KINDS[kind].port or "")
    return Connection(name, kind, "Native", host_of(url), port, url.database or "", url.username or "", secret)


def _named(left: Side, right: Side) -> tuple[Side, Side]:
    """Both with field names that are unique: of a name that both have, the right one is `table_column`."""
    mine = {c.name: c.name for c in left.entry.table.columns}
    taken = {name.lower() for name in mine}
    names = {}
    for column in right.entry.table.columns:
        name, prefix = column.name, right.entry.table.name
        while name.lower() in taken:
            name = f"{prefix}_{name}"
        taken.add(name.lower())
        names[column.name] = name
    return replace(left, names=mine), replace(right, names=names)


def _fields(side: Side) -> dict[str, ValueType]:
    return {side.names[c.name]: source_column(c).kind for c in side.entry.table.columns}


def _query(side: Side) -> Settings:
    table = side.entry.table
    wanted = []
    for info in table.columns:
        column = exp.column(info.name, quoted=True)
        name = side.names[info.name]
        wanted.append(column if name == info.name else exp.alias_(column, name, quoted=True))
    source = exp.table_(table.name, db=table.schema_name or None, quoted=True)
    sql = exp.select(*wanted).from_(source).sql(dialect=side.dialect or None, pretty=True)
    return table_input(side.connection.name, sql, side.key)


def _keys(wanted: Wanted, left: Side, right: Side) -> list[tuple[str, str]]:
    """The pairs as the tables spell their columns."""
    for a, b in wanted.keys:  # unknown ones are told
        left.kind(a)
        right.kind(b)
    spelled = [{c.name.lower(): c.name for c in s.entry.table.columns} for s in (left, right)]
    return [(spelled[0][a.lower()], spelled[1][b.lower()]) for a, b in wanted.keys]


def _field(column: exp.Column, left: Side, right: Side) -> str:
    """The field that a column of a rule is."""
    found = []
    for side in (left, right):
        if column.table and column.table.lower() != side.entry.table.name.lower():
            continue
        found += [side.names[c] for c in side.names if c.lower() == column.name.lower()]
    if len(found) != 1:
        what = "is in both tables" if found else "is in neither table"
        tables = f"{left.entry.table.name} or {right.entry.table.name}"
        raise KettleError(f"column {column.sql()!r} {what}", f"write table.column, the table being {tables}")
    return found[0]


def _where(text: str, left: Side, right: Side) -> str:
    try:
        condition = parse_one(text)
    except SqlglotError:
        raise KettleError(f"the condition {text!r} is no SQL", "write it as behind WHERE") from None
    renamed = condition.transform(
        lambda n: exp.column(_field(n, left, right), quoted=True) if isinstance(n, exp.Column) else n
    )
    return renamed.sql()


def _target(wanted: Wanted, left: Side, right: Side) -> tuple[TableEntry, dict[str, From]]:
    """The structure that is written, and which field fills which column."""
    infos = {s.names[c.name]: c for s in (left, right) for c in s.entry.table.columns}
    given = {name: _field(_column(text), left, right) for name, text in wanted.chosen.items()}
    if wanted.entry is not None:
        known = {f.lower(): f for f in infos}
        names = [c.name for c in wanted.entry.table.columns]
        unknown = [n for n in given if n not in names]
        if unknown:
            raise KettleError(f"{wanted.follows} has no column {unknown[0]!r}", f"it has {', '.join(names)}")
        same = {} if given else {n: known[n.lower()] for n in names if n.lower() in known}
        return wanted.entry, {name: From(f) for name, f in (given or same).items()}
    chosen = given or {name: name for name in infos}
    made = [
        ColumnInfo(name=name, type=infos[f].type, base=infos[f].base, place=n)
        for n, (name, f) in enumerate(chosen.items(), 1)
    ]
    table = TableInfo(name=wanted.into.table, schema_name=wanted.into.schema, columns=tuple(made))
    meanings = {}
    for name, f in chosen.items():
        side = left if f in left.names.values() else right
        meant = side.entry.meanings.get(infos[f].name)
        if meant is not None:
            meanings[name] = meant
    return TableEntry(table=table, meanings=meanings), {name: From(f) for name, f in chosen.items()}


def _column(text: str) -> exp.Column:
    column = exp.to_column(text)
    return column if isinstance(column, exp.Column) else exp.column(text)


def _type(info: ColumnInfo) -> str:
    """A type for a new column, that every engine has, by the type that Kettle reads."""
    column = source_column(info)
    if column.kind is ValueType.STRING:
        return f"VARCHAR({column.length})" if column.length > 0 else "TEXT"
    if column.kind in (ValueType.NUMBER, ValueType.BIGNUMBER) and column.length > 0:
        return f"DECIMAL({column.length}, {max(0, column.precision)})"
    return _TYPES[column.kind]


_TYPES = {
    ValueType.INTEGER: "BIGINT",
    ValueType.NUMBER: "DOUBLE",
    ValueType.BIGNUMBER: "DECIMAL(38, 10)",
    ValueType.BOOLEAN: "BOOLEAN",
    ValueType.DATE: "DATE",
    ValueType.TIMESTAMP: "TIMESTAMP",
    ValueType.BINARY: "BLOB",
}


def _maker(model: Transformation, wanted: Wanted, entry: TableEntry) -> Transformation:
    """Adds the step that makes the new table before anything runs; types of another engine are translated."""
    columns = [
        exp.ColumnDef(this=exp.to_identifier(c.name, quoted=True), kind=exp.DataType.build(_type(c)))
        for c in entry.table.columns
    ]
    table = exp.table_(wanted.into.table, db=wanted.into.schema or None, quoted=True)
    made = exp.Create(this=exp.Schema(this=table, expressions=columns), kind="TABLE", exists=True)
    settings: Settings = [
        ("connection", wanted.target.name),
        ("execute_each_row", "N"),
        ("single_statement", "N"),
        ("replace_variables", "N"),
        ("quoteString", "N"),
        ("sql", made.sql(dialect=wanted.dialect or None, pretty=True)),
        ("set_params", "N"),
        ("insert_field", ""),
        ("update_field", ""),
        ("delete_field", ""),
        ("read_field", ""),
        ("arguments", ""),
    ]
    add_step(model, new_step("make table", "ExecSQL", settings, x=64, y=32))
    return model
