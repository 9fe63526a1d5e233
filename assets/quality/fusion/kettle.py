"""A join plan as a Kettle transformation: inputs with mended keys, the joins with their sorts, an output.

The fixes are in the SQL of the table inputs, so that Kettle's joins compare plain texts. A merge join does any kind of
join; a stream look-up a left join whose right keys are unique; a database join asks the database once per row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import make_url
from sqlglot import exp

from assets.catalog.bases import base_of
from assets.catalog.model import ColumnInfo
from assets.kettle.errors import KettleError
from assets.kettle.files.edit import add_connection, add_hop, add_step, remove_step
from assets.kettle.files.new import new_connection, new_step, new_transformation
from assets.kettle.generate.joins import Found, database_join_part, lookup_part, merge_join_part
from assets.kettle.generate.joins import Key as Pair
from assets.kettle.generate.part import Made, Part, chain
from assets.kettle.generate.place import Between, put
from assets.kettle.generate.sinks import Sink, sink_step
from assets.kettle.generate.sources import plain, table_input
from assets.kettle.generate.structure import removal
from assets.kettle.model import Connection, Transformation
from assets.kettle.synced.kinds import source_column
from assets.kettle.synced.whole import connection_of
from assets.kettle.values.fields import ValueType
from assets.quality.fusion.compiled import Layout, output, place_of, short
from assets.quality.fusion.keys_sql import sql_key
from assets.quality.fusion.model import Join, Plan
from core.naming import Key, table_name
from resources.ports import WarehouseReader

Means = Literal["merge", "lookup", "database"]
Kinds = Mapping[str, Mapping[str, ValueType]]
END = "end"
_STEP = 160


@dataclass(frozen=True, slots=True)
class _Work:
    """What stays the same while the joins are put in."""

    plan: Plan
    layout: Layout
    connection: Connection
    dialect: str
    kinds: Kinds

    def names(self, table: str) -> dict[str, str]:
        """Column -> output field."""
        return {column: name for t, column, name in output(self.plan, self.layout.columns) if t == table}


def transformation(
    plan: Plan, layout: Layout, connection: Connection, dialect: str, kinds: Kinds, sink: Sink, means: Means = "merge"
) -> Transformation:
    """The transformation; the same bytes for the same plan.

    Args:
        kinds: Kettle's type of each column of each table.

    Raises:
        KettleError: a join that the means cannot do.
        SourceError: a key column is not there.
    """
    job = _Work(plan, layout, connection, dialect, kinds)
    model = new_transformation(plan.asset.rpartition("/")[2])
    add_connection(model, new_connection(connection))
    _input(model, job, plan.left, _left_keys(job, plan.left), 0)
    add_step(model, new_step(END, "Dummy", (), x=64 + _STEP * (2 + 4 * len(plan.joins)), y=160))
    add_hop(model, _reads(plan.left), END)
    last, added = _reads(plan.left), [name for name, _ in _left_keys(job, plan.left)]
    for step, join in enumerate(plan.joins):
        if means != "database":
            keys = [*_right_keys(job, step), *_left_keys(job, join.right)]
            _input(model, job, join.right, keys, step + 1)
            added += [name for name, _ in keys] if means == "merge" else []
        part = _PARTS[means](job, step, join)
        model = put(model, part, Between(last, END))
        last = _before_end(model)
    return _finished(model, last, added, sink)


def _finished(model: Transformation, last: str, added: Sequence[str], sink: Sink) -> Transformation:
    """Without the key fields, and with the output in place of the end."""
    model = put(
        model, chain("tidy", Made("tidy", "without key fields", "SelectValues", removal(added))), Between(last, END)
    )
    last = _before_end(model)
    model = put(model, chain("write", sink_step(sink, "write", "write", 0)), Between(last, END))
    remove_step(model, END)
    return model


def _merge(_job: _Work, step: int, join: Join) -> Part:
    return merge_join_part(
        f"join {step + 1}", _reads(join.right), _pairs(step, join), join.how, name=f"join {short(join.right)}"
    )


def _lookup(job: _Work, step: int, join: Join) -> Part:
    unique = join.predicted is not None and join.predicted.right_duplicates == 0
    if join.how != "left" or not unique:
        raise KettleError(
            f"{join.right}: a stream look-up is a left join with unique right keys", "use a merge join: --by merge"
        )
    names, kinds = job.names(join.right), job.kinds[join.right]
    found = [Found(name, kinds[column]) for column, name in names.items()]
    found += [Found(name, ValueType.STRING) for name, _ in _left_keys(job, join.right)]
    return lookup_part(
        f"join {step + 1}", _reads(join.right), _pairs(step, join), found, name=f"look up {short(join.right)}"
    )


def _database(job: _Work, step: int, join: Join) -> Part:
    if join.how not in ("inner", "left"):
        raise KettleError(f"{join.right}: a database join is inner or left", "use a merge join: --by merge")
    chosen = [exp.column(c, quoted=True).as_(name, quoted=True) for c, name in job.names(join.right).items()] + [
        e.as_(name, quoted=True) for name, e in _left_keys(job, join.right)
    ]
    query = exp.select(*chosen).from_(job.layout.tables[join.right].copy())
    for _, right in _right_keys(job, step):
        query = query.where(exp.EQ(this=right, expression=exp.Placeholder()))
    parameters = [(pair.left, ValueType.STRING) for pair in _pairs(step, join)]
    sql = plain(query.sql(dialect=job.dialect), join.right, len(parameters))
    name = f"join {short(join.right)}"
    return database_join_part(
        f"join {step + 1}", job.connection.name, sql, parameters, outer=join.how == "left", name=name
    )


_PARTS: dict[Means, Callable[[_Work, int, Join], Part]] = {"merge": _merge, "lookup": _lookup, "database": _database}


def _pairs(step: int, join: Join) -> list[Pair]:
    text = ValueType.STRING
    return [Pair(_field("l", step, n), _field("r", step, n), text, text) for n in range(len(join.keys))]


def _field(side: str, step: int, number: int) -> str:
    return f"heddle_{side}{step + 1}_{number + 1}"


def _left_keys(job: _Work, table: str) -> list[tuple[str, exp.Expression]]:
    """Keys of later joins that columns of this table fill."""
    found = []
    for step, join in enumerate(job.plan.joins):
        for number, key in enumerate(join.keys):
            place, column = place_of(job.plan, step, key, job.layout.columns)
            if place == table:
                found.append((_field("l", step, number), sql_key(exp.column(column, quoted=True), key.fixes_left)))
    return found


def _right_keys(job: _Work, step: int) -> list[tuple[str, exp.Expression]]:
    keys = job.plan.joins[step].keys
    return [
        (_field("r", step, n), sql_key(exp.column(k.right, quoted=True), k.fixes_right)) for n, k in enumerate(keys)
    ]


def _input(
    model: Transformation, job: _Work, table: str, keys: Sequence[tuple[str, exp.Expression]], lane: int
) -> None:
    chosen = [exp.column(c, quoted=True).as_(name, quoted=True) for c, name in job.names(table).items()]
    chosen += [e.as_(name, quoted=True) for name, e in keys]
    sql = exp.select(*chosen).from_(job.layout.tables[table].copy()).sql(dialect=job.dialect, pretty=True)
    settings = table_input(job.connection.name, sql, table)
    add_step(model, new_step(_reads(table), "TableInput", settings, x=64, y=160 * (lane + 1)))


def _reads(table: str) -> str:
    return f"read {table}"


def _before_end(model: Transformation) -> str:
    return next(h.source for h in model.hops if h.target == END)


def kinds_of(warehouse: WarehouseReader, tables: Sequence[str]) -> Kinds:
    """Kettle's types of the columns of tables."""
    found: dict[str, dict[str, ValueType]] = {}
    for table in tables:
        info = warehouse.info(table_name(Key.parse(table)))
        columns = [ColumnInfo(name=c.name, type=c.type, base=base_of(c.type), place=1) for c in info.columns]
        found[table] = {c.name: source_column(c).kind for c in columns}
    return found


def warehouse_connection(name: str, url: str) -> Connection:
    """The file's connection; for the name `warehouse` our engine takes the project's own, whatever stands here."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "duckdb":
        return Connection(name, "GENERIC", "Native", database="duckdb")
    return connection_of(name, parsed)
