"""SQLAlchemy's types as bases and as the engine's own text."""

from typing import Any

from sqlalchemy import types
from sqlalchemy.exc import SQLAlchemyError

from assets.catalog.model import Base

UNKNOWN = "ANY"  # a type that SQLAlchemy does not know; that of SQLite's columns without one
_BASES: tuple[tuple[type[Any], Base], ...] = (
    (types.Boolean, Base.BOOLEAN),
    (types.Integer, Base.INTEGER),
    (types.Numeric, Base.NUMBER),
    (types.DateTime, Base.TIMESTAMP),
    (types.Date, Base.DATE),
    (types.Time, Base.TIME),
    (types.LargeBinary, Base.BINARY),
    (types.BINARY, Base.BINARY),
    (types.VARBINARY, Base.BINARY),
    (types.JSON, Base.NESTED),
    (types.ARRAY, Base.NESTED),
    (types.String, Base.TEXT),
    (types.Uuid, Base.TEXT),
)
_NAMES = {
    "BIT": Base.BINARY,
    "TINYBLOB": Base.BINARY,
    "MEDIUMBLOB": Base.BINARY,
    "LONGBLOB": Base.BINARY,
    "BYTEA": Base.BINARY,
    "YEAR": Base.INTEGER,
    **dict.fromkeys(("ARRAY", "MAP", "TUPLE", "HSTORE", "STRUCT"), Base.NESTED),
    "INET": Base.TEXT,
    "CIDR": Base.TEXT,
    "MACADDR": Base.TEXT,
    "CITEXT": Base.TEXT,
    "TSVECTOR": Base.TEXT,
    "MONEY": Base.NUMBER,
}


def base_of_type(type_: Any) -> Base:
    """The base of a reflected type."""
    inner = getattr(type_, "nested_type", None)  # ClickHouse's Nullable and LowCardinality
    if inner is not None:
        return base_of_type(inner() if isinstance(inner, type) else inner)
    for kind, base in _BASES:
        if isinstance(type_, kind):
            return base
    return _NAMES.get(str(getattr(type_, "__visit_name__", "")).upper(), Base.OTHER)


def type_text(type_: Any, dialect: Any) -> str:
    """The type as the engine writes it, such as VARCHAR(20)."""
    if isinstance(type_, types.NullType):
        return UNKNOWN
    try:
        return str(type_.compile(dialect=dialect))
    except (SQLAlchemyError, AttributeError, TypeError):
        return str(getattr(type_, "__visit_name__", "") or "unknown")
