"""Bulk inserts that tell which rows the database refuses."""

import polars as pl

from assets.kettle.database.connection import Database, DatabaseError
from assets.kettle.database.engine_duckdb import DuckDb
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout, ValueType

_SHORT = 60


def insert_each(database: Database, table: str, frame: pl.DataFrame, layout: Layout) -> dict[int, str]:
    """Inserts what can be inserted; row number -> reason for the rest. Fast when nothing fails."""
    if isinstance(database, DuckDb):
        return _checked(database, table, frame, layout)
    try:
        with database.savepoint():
            database.insert(table, frame, layout)
    except DatabaseError:
        return _one_by_one(database, table, frame, layout)
    return {}


def _one_by_one(database: Database, table: str, frame: pl.DataFrame, layout: Layout) -> dict[int, str]:
    reasons: dict[int, str] = {}
    for number in range(frame.height):
        try:
            with database.savepoint():
                database.insert(table, frame[number], layout)
        except DatabaseError as error:
            reasons[number] = error.what
    return reasons


def _checked(database: DuckDb, table: str, frame: pl.DataFrame, layout: Layout) -> dict[int, str]:
    """DuckDB has no savepoints: what its types and constraints would refuse is found beforehand."""
    reasons: dict[int, str] = {}
    target = database.table_layout(table)
    lengths = _lengths(database, table)
    for field in layout:
        column = target.get(field.name)
        if column is None:
            raise DatabaseError(f"{table} has no column {field.name!r}", f"it has: {', '.join(target.names)}")
        _types(frame[field.name], field, column, lengths.get(column.name.upper(), -1), reasons)
    keyed: dict[tuple[str, ...], set[tuple[object, ...]]] = {}
    names = {f.name.upper(): f for f in layout}
    for kind, columns in database.constraints(table):
        if kind == "NOT NULL":
            _not_null(frame, names.get(columns[0].upper()), columns[0], reasons)
        elif kind in ("PRIMARY KEY", "UNIQUE") and all(c.upper() in names for c in columns):
            keyed[tuple(columns)] = _present(
                database, table, frame, [names[c.upper()] for c in columns], columns, target
            )
    for key, present in keyed.items():
        _unique(frame, [names[c.upper()] for c in key], [target[c] for c in key], present, reasons)
    good = frame.filter(~pl.int_range(frame.height, eager=True).is_in(list(reasons))) if reasons else frame
    if good.height:
        database.insert(table, good, layout)
    return reasons


def _present(
    database: DuckDb, table: str, frame: pl.DataFrame, fields: list[Field], columns: list[str], target: Layout
) -> set[tuple[object, ...]]:
    """The keys of the frame that the table has already."""
    wanted = [target[c].but(name=f"k{i}", mask=None, length=-1, precision=-1) for i, c in enumerate(columns)]
    keys = pl.DataFrame([convert(frame[f.name], f, w).values for f, w in zip(fields, wanted, strict=True)])
    quoted = [database.quote(c) for c in columns]
    distinct = keys.drop_nulls().unique()
    return {row for part in database.matching(table, quoted, quoted, distinct, Layout(wanted)) for row in part.rows()}


def _lengths(database: DuckDb, table: str) -> dict[str, int]:
    """Column -> declared length, where one is remembered."""
    found = {name.upper(): comment for name, _, comment in database.columns_of(table)}
    return {name: int(text[8:-1]) for name, text in found.items() if text.startswith("VARCHAR(")}


def _types(values: pl.Series, field: Field, column: Field, length: int, reasons: dict[int, str]) -> None:
    if field.type != column.type and column.type is not ValueType.STRING:
        plain = field.but(mask=None, length=-1, precision=-1)
        for number, reason in convert(values, plain, column.but(mask=None, length=-1, precision=-1)).reasons.items():
            reasons.setdefault(number, f"{column.name}: {reason}")
    if length >= 0 and values.dtype == pl.String:
        for number in (values.str.len_chars() > length).fill_null(value=False).arg_true().to_list():
            reasons.setdefault(number, f"value too long for {column.name} ({length}): {values[number][:_SHORT]!r}")


def _not_null(frame: pl.DataFrame, field: Field | None, column: str, reasons: dict[int, str]) -> None:
    if field is not None:
        for number in frame[field.name].is_null().arg_true().to_list():
            reasons.setdefault(number, f"null is not allowed for {column}")


def _unique(
    frame: pl.DataFrame,
    fields: list[Field],
    columns: list[Field],
    present: set[tuple[object, ...]],
    reasons: dict[int, str],
) -> None:
    keys = pl.DataFrame([convert(frame[f.name], f, c).values for f, c in zip(fields, columns, strict=True)]).rows()
    for number, key in enumerate(keys):
        if number in reasons or None in key:
            continue
        if key in present:
            reasons[number] = f"duplicate key {', '.join(c.name for c in columns)} = {', '.join(map(str, key))}"
        present.add(key)
