"""Columns as the catalogue has them, in Kettle's types."""

import re

from assets.catalog.changes.diff import Difference, What
from assets.catalog.model import Base, ColumnInfo, TableInfo
from assets.kettle.generate.columns import ColumnChange, SourceColumn, numeric
from assets.kettle.values.fields import ValueType

_FLOATING = ("real", "float", "double")
_KINDS = {
    Base.TEXT: ValueType.STRING,
    Base.INTEGER: ValueType.INTEGER,
    Base.BOOLEAN: ValueType.BOOLEAN,
    Base.DATE: ValueType.DATE,
    Base.TIME: ValueType.DATE,
    Base.TIMESTAMP: ValueType.TIMESTAMP,
    Base.BINARY: ValueType.BINARY,
}


def source_column(column: ColumnInfo) -> SourceColumn:
    """The type that Table input gives a column of this type; what Kettle has no type for is a text."""
    sizes = [int(n) for n in re.findall(r"\d+", column.type.partition("(")[2])]
    if column.base is Base.NUMBER:
        if column.type.lower().startswith(_FLOATING):
            return SourceColumn(column.name, ValueType.NUMBER)
        digits, scale = (sizes[0] if sizes else None), (sizes[1] if len(sizes) > 1 else 0)
        return SourceColumn(column.name, *numeric(digits, scale))
    kind = _KINDS.get(column.base, ValueType.STRING)
    length = sizes[0] if kind is ValueType.STRING and column.base is Base.TEXT and sizes else -1
    return SourceColumn(column.name, kind, length, 0 if kind is ValueType.INTEGER else -1)


def changes(before: TableInfo, after: TableInfo, found: list[Difference]) -> list[ColumnChange]:
    """The catalogue's differences of a table as what they are to a step that reads it, in the order of the columns.

    Args:
        found: of these two versions; it knows renames by more than names.
    """
    old = {c.name: source_column(c) for c in before.columns}
    new = {c.name: source_column(c) for c in after.columns}
    renamed = {d.before: d for d in found if d.what is What.COLUMN_RENAMED}
    made = []
    for name, was in old.items():
        now = new.get(renamed[name].after if name in renamed else name)
        if name in renamed and now is not None:
            made.append(ColumnChange("renamed", was, now, renamed[name].confidence))
        if now is None:
            made.append(ColumnChange("removed", was, None))
        elif (was.kind, was.length, was.precision) != (now.kind, now.length, now.precision):
            made.append(ColumnChange("retyped", was, now))
    come = {d.after for d in renamed.values()}
    return made + [ColumnChange("added", None, c) for n, c in new.items() if n not in old and n not in come]
