"""CREATE TABLE for a layout, with the column types that Kettle chooses per database."""

from collections.abc import Callable

from assets.kettle.values.fields import Field, Layout, ValueType

_LONG = 9
# type id -> type names: text without length, big text, timestamp, double, boolean, binary
_NAMES: dict[str, tuple[str, str, str, str, str, str]] = {
    "POSTGRESQL": ("TEXT", "TEXT", "TIMESTAMP", "DOUBLE PRECISION", "BOOLEAN", "BYTEA"),
    "GREENPLUM": ("TEXT", "TEXT", "TIMESTAMP", "DOUBLE PRECISION", "BOOLEAN", "BYTEA"),
    "REDSHIFT": ("VARCHAR(65535)", "VARCHAR(65535)", "TIMESTAMP", "DOUBLE PRECISION", "BOOLEAN", "VARBYTE"),
    "MYSQL": ("TINYTEXT", "LONGTEXT", "DATETIME", "DOUBLE", "BOOLEAN", "LONGBLOB"),
    "MARIADB": ("TINYTEXT", "LONGTEXT", "DATETIME", "DOUBLE", "BOOLEAN", "LONGBLOB"),
    "ORACLE": ("VARCHAR2(2000)", "CLOB", "TIMESTAMP", "NUMBER", "CHAR(1)", "BLOB"),
    "MSSQL": ("VARCHAR(100)", "TEXT", "DATETIME", "FLOAT(53)", "BIT", "VARBINARY(MAX)"),
    "MSSQLNATIVE": ("VARCHAR(100)", "TEXT", "DATETIME", "FLOAT(53)", "BIT", "VARBINARY(MAX)"),
    "SQLITE": ("TEXT", "TEXT", "DATETIME", "NUMERIC", "CHAR(1)", "BLOB"),
}
_STANDARD = ("VARCHAR", "TEXT", "TIMESTAMP", "DOUBLE", "BOOLEAN", "BLOB")
_BIG_TEXT = 65535


def column_type(field: Field, kettle_type: str) -> str:
    """The SQL type of a column for a field."""
    text, big_text, stamp, double, boolean, binary = _NAMES.get(kettle_type, _STANDARD)
    if field.type is ValueType.STRING or field.type in (ValueType.INET, ValueType.SERIALIZABLE, ValueType.NONE):
        if field.length > _BIG_TEXT:
            return big_text
        return f"VARCHAR({field.length})" if field.length > 0 else text
    if field.is_date:
        return stamp
    if field.type is ValueType.BOOLEAN:
        return boolean
    if field.type is ValueType.BINARY:
        return binary
    return _number(field, double)


def _number(field: Field, double: str) -> str:
    if field.type is ValueType.INTEGER or (field.precision == 0 and field.length > 0):
        if field.length > 18:
            return f"DECIMAL({field.length}, 0)"
        return "BIGINT" if field.length > _LONG or field.length < 0 else "INTEGER"
    if field.length > 0:
        return f"DECIMAL({field.length}, {max(0, field.precision)})"
    return double


def create_table(table: str, layout: Layout, kettle_type: str, quote: Callable[[str], str]) -> str:
    """`CREATE TABLE` with a line per column, as Kettle lays it out."""
    lines = [f"  {quote(f.name)} {column_type(f, kettle_type)}" for f in layout]
    return f"CREATE TABLE {table}\n(\n" + "\n, ".join(lines) + "\n)\n;\n"
