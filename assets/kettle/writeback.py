"""Writes rows back into a table that a Kettle file owns: updates by key, inserts what is missing, all or nothing."""

from collections.abc import Sequence

import polars as pl

from assets.kettle.database.connection import Database
from assets.kettle.database.engines import open_database
from assets.kettle.database.urls import target_of
from assets.kettle.errors import KettleError
from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection
from assets.kettle.values.fields import Field, Layout, ValueType
from core.naming import TableName

NAME = "warehouse"
_TYPES: dict[type[pl.DataType], tuple[ValueType, pl.DataType]] = {
    pl.Boolean: (ValueType.BOOLEAN, pl.Boolean()),
    pl.String: (ValueType.STRING, pl.String()),
    pl.Datetime: (ValueType.DATE, pl.Datetime("ms")),
    pl.Date: (ValueType.DATE, pl.Datetime("ms")),
}


def upsert(url: str, table: TableName, frame: pl.DataFrame, keys: Sequence[str]) -> tuple[int, int]:
    """Sets the other columns of the frame in the rows with these keys; rows with keys not there yet are inserted.

    Columns of the table that the frame lacks keep their values. The same call again changes nothing.

    Returns:
        How many rows were updated and inserted.

    Raises:
        KettleError: a key repeats or is null, or the database refuses; the table is as before.
    """
    frame, layout = _typed(frame)
    missing = [name for name in keys if layout.get(name) is None]
    if missing or frame.select(pl.any_horizontal(pl.col(keys).is_null()).any()).item():
        raise KettleError(f"rows for {table} lack the key {', '.join(missing or keys)}", "give every row its key")
    if frame.select(keys).is_duplicated().any():
        raise KettleError(f"rows for {table} repeat a key of {', '.join(keys)}", "give one row per key")
    variables = Variables()
    database = open_database(NAME, target_of(Connection(NAME, "GENERIC"), variables, {NAME: url}))
    try:
        counts = _write(database, table, frame, layout, keys)
        database.commit()
        return counts
    except BaseException:
        database.rollback()
        raise
    finally:
        database.close()


def _write(
    database: Database, table: TableName, frame: pl.DataFrame, layout: Layout, keys: Sequence[str]
) -> tuple[int, int]:
    name = database.table(table.schema, table.name)
    columns = ", ".join(database.quote(key) for key in keys)
    found = pl.concat([layout_keys(layout, keys).empty(), *database.query(f"SELECT DISTINCT {columns} FROM {name}")])
    known = frame.join(found, on=list(keys), how="semi", maintain_order="left")
    new = frame.join(found, on=list(keys), how="anti", maintain_order="left")
    values = layout.without(*keys)
    if known.height and len(values):
        named = known.select(*values.names, *(pl.col(key).alias(f"key {key}") for key in keys))
        database.update(name, named, values, layout_keys(layout, keys))
    if new.height:
        database.insert(name, new, layout)
    return known.height, new.height


def layout_keys(layout: Layout, keys: Sequence[str]) -> Layout:
    """The fields of the keys."""
    return Layout(field for key in keys if (field := layout.get(key)) is not None)


def _typed(frame: pl.DataFrame) -> tuple[pl.DataFrame, Layout]:
    """The frame in the types that fields are held in, and its layout. Raises KettleError for nested columns."""
    fields, columns = [], []
    for name, dtype in frame.schema.items():
        if dtype.is_integer():
            kind, held = ValueType.INTEGER, pl.DataType.from_python(int)
        elif dtype.is_float():
            kind, held = ValueType.NUMBER, pl.DataType.from_python(float)
        elif type(dtype) in _TYPES:
            kind, held = _TYPES[type(dtype)]
        else:
            raise KettleError(f"column {name!r} of type {dtype} cannot be written back", "make it a number or a text")
        fields.append(Field(name, kind))
        columns.append(pl.col(name).cast(held))
    return frame.select(columns), Layout(fields)
