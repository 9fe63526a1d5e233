"""From a database's column types to Kettle fields, as Kettle maps what JDBC drivers report.

Each engine's rules first make a `Column` out of what its Python driver says, with the size and scale the JDBC driver
would report; `field_of` is then Kettle's own mapping (measured on 9.3: INT is Integer of length 9, BIGINT 15, DECIMAL
(10,2) is Number 10,2, H2's TIMESTAMP is Timestamp of length 10, an open VARCHAR has length 2147483647).
"""

import re
from dataclasses import dataclass

from assets.kettle.values.defaults import BIGNUMBER_MASK, INTEGER_MASK, NUMBER_MASK
from assets.kettle.values.fields import Field, ValueType

OPEN_TEXT = 2147483647
CLOB = 9999999
_UNSIZED = 126
_DOUBLE_DIGITS = 15
_LONG_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Column:
    """What a driver reports of one result column.

    Attributes:
        kind: a key of `_FIXED`, or varchar, decimal, double, timestamp.
        size: display size or precision, scale: digits behind the point; -1 when the driver has none.
    """

    name: str
    kind: str
    size: int = -1
    scale: int = -1


_MASKS = {
    ValueType.INTEGER: INTEGER_MASK,
    ValueType.NUMBER: NUMBER_MASK,
    ValueType.BIGNUMBER: BIGNUMBER_MASK,
}
# kind -> type, length, precision
_FIXED: dict[str, tuple[ValueType, int, int]] = {
    "bigint": (ValueType.INTEGER, 15, 0),
    "ubigint": (ValueType.BIGNUMBER, 16, 0),
    "integer": (ValueType.INTEGER, 9, 0),
    "smallint": (ValueType.INTEGER, 4, 0),
    "tinyint": (ValueType.INTEGER, 2, 0),
    "bignumber": (ValueType.BIGNUMBER, -1, -1),
    "number": (ValueType.NUMBER, -1, -1),
    "boolean": (ValueType.BOOLEAN, -1, -1),
    "date": (ValueType.DATE, -1, -1),
    "time": (ValueType.DATE, -1, -1),
    "binary": (ValueType.BINARY, -1, -1),
    "clob": (ValueType.STRING, CLOB, -1),
    "text": (ValueType.STRING, -1, -1),
    "other": (ValueType.STRING, -1, 0),
}


def with_mask(field: Field) -> Field:
    """The field with the mask that Kettle gives to a new value of its type."""
    return field.but(mask=_MASKS.get(field.type))


def field_of(column: Column, origin: str | None = None, *, timestamps: bool = True) -> Field:
    """Kettle's field for a result column; without `timestamps` (a connection's option) a TIMESTAMP is a Date."""
    fixed = _FIXED.get(column.kind)
    if fixed is not None:
        kind, length, precision = fixed
    elif column.kind == "varchar":
        kind, length, precision = ValueType.STRING, column.size, -1
    elif column.kind == "timestamp":
        kind = ValueType.TIMESTAMP if timestamps else ValueType.DATE
        length, precision = (column.size if timestamps else -1), -1
    else:
        kind, length, precision = _numeric(column)
    return with_mask(Field(column.name, kind, length, precision, origin=origin))


def _numeric(column: Column) -> tuple[ValueType, int, int]:
    """DECIMAL and DOUBLE: the size decides between Integer, Number and BigNumber."""
    length = -1 if column.size >= _UNSIZED else column.size
    precision = -1 if column.scale >= _UNSIZED else column.scale
    if column.kind == "double":
        precision = -1 if precision == 0 else precision
    elif precision == 0:
        if 0 < length <= _LONG_DIGITS:
            return ValueType.INTEGER, length, 0
        return (ValueType.BIGNUMBER if length > _LONG_DIGITS else ValueType.NUMBER), length, 0
    big = length > _DOUBLE_DIGITS or precision > _DOUBLE_DIGITS
    return (ValueType.BIGNUMBER if big else ValueType.NUMBER), length, precision


_DUCKDB_KINDS = {
    "BIGINT": "bigint", "INTEGER": "integer", "SMALLINT": "smallint", "TINYINT": "tinyint", "UTINYINT": "smallint",
    "USMALLINT": "integer", "UINTEGER": "bigint", "UBIGINT": "ubigint", "HUGEINT": "bignumber", "UHUGEINT": "bignumber",
    "BOOLEAN": "boolean", "DATE": "date", "TIME": "time", "BLOB": "binary", "DOUBLE": "number", "FLOAT": "number",
}  # fmt: skip
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def duckdb_column(name: str, type_name: str) -> Column:
    """DuckDB's own types."""
    if match := _DECIMAL.match(type_name):
        return Column(name, "decimal", int(match[1]), int(match[2]))
    if type_name.startswith("TIMESTAMP"):
        return Column(name, "timestamp")
    return Column(name, _DUCKDB_KINDS.get(type_name, "text"))


def h2_column(name: str, type_name: str, declared: str) -> Column:
    """As H2's driver reports: `declared` is the type of the table's column where the result column is one."""
    if match := re.match(r"VARCHAR\((\d+)\)", declared):
        return Column(name, "varchar", int(match[1]))
    if declared == "DECIMAL" or type_name in ("HUGEINT", "UHUGEINT"):
        return Column(name, "decimal", 65535, 32767)
    if match := _DECIMAL.match(type_name):
        return Column(name, "decimal", int(match[1]), int(match[2]))
    if type_name in ("DOUBLE", "FLOAT"):
        return Column(name, "double", 17 if type_name == "DOUBLE" else 7, 0)
    if type_name.startswith("TIMESTAMP"):
        return Column(name, "timestamp", 10)
    return Column(name, _DUCKDB_KINDS[type_name]) if type_name in _DUCKDB_KINDS else Column(name, "varchar", OPEN_TEXT)


# PostgreSQL type oids
_PG_KINDS = {20: "bigint", 26: "bigint", 23: "integer", 21: "smallint", 16: "boolean", 1082: "date", 1083: "time",
             1266: "time", 17: "binary", 1560: "boolean"}  # fmt: skip
_PG_DIGITS = 1000
_PG_TEXT = {25, 1043, 1042, 18, 19}


def postgres_column(name: str, oid: int, modifier: int, size: int) -> Column:
    """As PgJDBC reports: `modifier` is a text's length or a numeric's precision, `size` a numeric's scale."""
    if oid in _PG_KINDS:
        return Column(name, _PG_KINDS[oid])
    if oid in _PG_TEXT:
        return Column(name, "varchar", {19: 63, 18: 1}.get(oid, modifier if modifier > 0 else OPEN_TEXT))
    if oid == 1700:
        return Column(name, "decimal", modifier, size) if 0 < modifier <= _PG_DIGITS else Column(name, "bignumber")
    if oid == 701:
        return Column(name, "number")
    if oid == 700:
        return Column(name, "double", 8, 8)
    if oid in (1114, 1184):
        return Column(name, "timestamp", modifier if modifier >= 0 else 6)
    return Column(name, "other")


# MySQL protocol type codes
_MYSQL_KINDS = {8: "bigint", 3: "integer", 9: "integer", 2: "smallint", 1: "tinyint", 16: "boolean", 10: "date",
                14: "date",                11: "time", 13: "date", 4: "number", 5: "number"}  # fmt: skip
_MYSQL_BLOBS = {249, 250, 251, 252}
_MYSQL_BINARY_CHARSET = 63


def mysql_column(name: str, code: int, length: int, scale: int, charset: int, unsigned: bool) -> Column:
    """As Connector/J reports: TINYINT(1) is a Boolean, an unsigned BIGINT a BigNumber."""
    if code == 1 and length == 1:
        return Column(name, "boolean")
    if code == 8 and unsigned:
        return Column(name, "ubigint")
    if code in _MYSQL_KINDS:
        return Column(name, _MYSQL_KINDS[code])
    if code in (0, 246):
        return Column(name, "decimal", length - (0 if unsigned else 1) - (1 if scale else 0), scale)
    if code in (7, 12):
        return Column(name, "timestamp", scale)
    if charset == _MYSQL_BINARY_CHARSET:
        return Column(name, "binary")
    if code in _MYSQL_BLOBS:
        return Column(name, "varchar", length // 4 if length < 2**31 else OPEN_TEXT)
    return Column(name, "varchar", length // 4) if code in (15, 253, 254) else Column(name, "other")


def declared_column(name: str, declared: str) -> Column:
    """From the text of a declared type (SQLite, catalogs of other databases)."""
    text = declared.upper().strip()
    sizes = [int(n) for n in re.findall(r"\d+", text.partition("(")[2])]
    for words, kind in _DECLARED:
        if any(word in text for word in words):
            if kind == "varchar":
                return Column(name, kind, sizes[0] if sizes else OPEN_TEXT)
            if kind == "decimal":
                return (
                    Column(name, kind, sizes[0], sizes[1] if len(sizes) > 1 else 0) if sizes else Column(name, "number")
                )
            return Column(name, kind)
    return Column(name, "varchar", OPEN_TEXT)


_DECLARED = (
    (("BIGINT", "INT8", "LONG INT"), "bigint"), (("TINYINT",), "tinyint"), (("SMALLINT", "INT2"), "smallint"),
    (("INT",), "integer"), (("BOOL", "BIT"), "boolean"), (("TIMESTAMP", "DATETIME"), "timestamp"), (("DATE",), "date"),
    (("TIME",), "time"), (("CHAR", "TEXT", "CLOB", "STRING"), "varchar"), (("DEC", "NUMERIC", "NUMBER"), "decimal"),
    (("REAL", "FLOA", "DOUB"), "number"), (("BLOB", "BINARY", "RAW", "BYTEA"), "binary"),
)  # fmt: skip
