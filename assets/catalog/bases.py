"""The physical kind of a column by the text of its type, where no engine is there to tell."""

from assets.catalog.model import Base

# Kettle's types that no SQL has
_KETTLE = {"number": Base.NUMBER, "bignumber": Base.NUMBER, "string": Base.TEXT, "integer": Base.INTEGER}


def base_of(type_: str) -> Base:
    """The physical kind of an engine's type name, by sqlglot's type families."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    families = {
        Base.INTEGER: exp.DataType.INTEGER_TYPES,
        Base.NUMBER: exp.DataType.NUMERIC_TYPES,
        Base.TEXT: exp.DataType.TEXT_TYPES,
        Base.TIMESTAMP: exp.DataType.TEMPORAL_TYPES - {exp.DataType.Type.DATE, exp.DataType.Type.TIME},
        Base.NESTED: exp.DataType.NESTED_TYPES | {exp.DataType.Type.JSON},
    }
    single = {
        exp.DataType.Type.DATE: Base.DATE,
        exp.DataType.Type.TIME: Base.TIME,
        exp.DataType.Type.BOOLEAN: Base.BOOLEAN,
        exp.DataType.Type.BINARY: Base.BINARY,
        exp.DataType.Type.VARBINARY: Base.BINARY,
    }
    own = _KETTLE.get(type_.partition("(")[0].lower())
    if own is not None:
        return own
    try:
        kind = exp.DataType.build(type_, dialect="duckdb").this
    except (SqlglotError, ValueError, TypeError):
        return Base.OTHER
    return single.get(kind) or next((base for base, types in families.items() if kind in types), Base.OTHER)
