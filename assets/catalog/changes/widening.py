"""Whether a changed column type takes every value that the former one took."""

import re

from assets.catalog.model import Base, ColumnInfo

_TYPE = re.compile(r"^\s*([a-z_ 0-9]+?)\s*(?:\(\s*(max|\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*(unsigned)?\s*$")
# names of engines for the same width, in bytes
INTEGERS = {
    "tinyint": 1, "int1": 1, "smallint": 2, "int2": 2, "mediumint": 3, "integer": 4, "int": 4, "int4": 4,
    "bigint": 8, "int8": 8, "int64": 8, "hugeint": 16,
}  # fmt: skip
FLOATS = {"real": 4, "float4": 4, "float": 8, "float8": 8, "double": 8, "double precision": 8}
DECIMALS = {"decimal", "numeric", "dec", "number"}
TEXTS = {
    "varchar", "character varying", "char", "character", "bpchar", "nchar", "nvarchar", "text", "string", "clob",
    "tinytext", "mediumtext", "longtext", "varchar2", "nvarchar2",
}  # fmt: skip
ENDLESS = 1 << 40


def widens(before: ColumnInfo, after: ColumnInfo) -> bool:
    """True when every value of the former type is a value of the new one and of the same kind for who reads it."""
    old, new = _read(before.type), _read(after.type)
    if old is None or new is None:
        return before.type.lower() == after.type.lower()
    if before.base is Base.INTEGER and after.base is Base.INTEGER:
        return _at_least(INTEGERS, old, new)
    if old[0] in FLOATS and new[0] in FLOATS:
        return _at_least(FLOATS, old, new)
    if old[0] in DECIMALS and new[0] in DECIMALS:
        whole = [size - scale for _, size, scale in (old, new)]
        return new[2] >= old[2] and whole[1] >= whole[0]
    if old[0] in TEXTS and new[0] in TEXTS:
        return new[1] >= old[1]
    return old == new


def _at_least(widths: dict[str, int], old: tuple[str, int, int], new: tuple[str, int, int]) -> bool:
    return old[0] in widths and new[0] in widths and widths[new[0]] >= widths[old[0]]


def _read(text: str) -> tuple[str, int, int] | None:
    """Name, length or precision, scale; a length that is not given is endless."""
    found = _TYPE.match(text.lower())
    if found is None or found[4]:
        return None
    size = ENDLESS if found[2] in (None, "max") else int(found[2])
    return found[1], size, int(found[3] or 0)
