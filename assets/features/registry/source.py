"""A view beside the table that it reads: whether the columns are there and of the right type."""

from typing import TYPE_CHECKING

from assets.features.registry.model import FeatureView
from core.errors import SourceError
from core.naming import Key, table_name
from resources.quoting import identifier, qualified

if TYPE_CHECKING:
    import polars as pl

    from resources.ports import WarehouseReader

SQL_TYPES = {
    "bigint": "bigint",
    "double": "double precision",
    "text": "text",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


def moment(column: str, zoned: bool) -> str:
    """SQL of a date or timestamp column as a timestamp in UTC."""
    name = identifier(column)
    return f"({name} at time zone 'UTC')" if zoned else f"cast({name} as timestamp)"


def is_zoned(warehouse: "WarehouseReader", view: FeatureView) -> bool:
    """Whether the view's event times have a time zone."""
    return getattr(_schema(warehouse, view)[view.timestamp], "time_zone", None) is not None


def check(warehouse: "WarehouseReader", view: FeatureView) -> None:
    """Raises SourceError naming the field when a column is missing in the view's table or of another type."""
    found = _schema(warehouse, view)
    wanted = [("timestamp", view.timestamp, "timestamp"), *(("keys", k.name, k.type) for k in view.keys)]
    wanted += [(f"features.{f.name}", f.source, f.type) for f in view.features]
    wanted += [("created", view.created, "any")] if view.created else []
    for field, column, kind in wanted:
        if column not in found:
            raise SourceError(
                f"feature view {view.name}: field {field}: {view.source} has no column {column!r}",
                f"its columns: {', '.join(found)}",
            )
        if not _fits(found[column], kind):
            raise SourceError(
                f"feature view {view.name}: field {field}: column {column!r} of {view.source} is {found[column]}, not"
                f" {kind}",
                "correct the type, or cast the column where the table is made",
            )


def _schema(warehouse: "WarehouseReader", view: FeatureView) -> "dict[str, pl.DataType]":
    table = table_name(Key.parse(view.source))
    if not warehouse.exists(table):
        raise SourceError(
            f"feature view {view.name}: field source: {view.source} has no table yet",
            f'make it with `heddle run key:"{view.source}"`',
        )
    return dict(warehouse.query(f"select * from {qualified(table)} limit 0").schema)


def _fits(found: "pl.DataType", kind: str) -> bool:
    import polars as pl

    fits = {
        "bigint": found.is_integer(),
        "double": found.is_numeric(),
        "text": found == pl.String,
        "boolean": found == pl.Boolean,
        "date": found == pl.Date,
        "timestamp": isinstance(found, pl.Date | pl.Datetime),
        "any": True,
    }
    return fits[kind]
