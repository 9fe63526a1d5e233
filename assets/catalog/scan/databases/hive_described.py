"""What DESCRIBE FORMATTED of Hive says, read: columns, partitions, table parameters and constraints.

The answer is three columns of text in sections. The shapes are those of Hive's TextMetaDataFormatter
(`# col_name`, `# Partition Information`, `# Detailed Table Information`, `# Constraints`, `# View Information`).
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from assets.catalog.model import Base, ColumnInfo, ForeignKey, TableKind

_BASES = {
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint"), Base.INTEGER),
    **dict.fromkeys(("float", "double", "decimal", "numeric"), Base.NUMBER),
    **dict.fromkeys(("string", "varchar", "char"), Base.TEXT),
    **dict.fromkeys(("array", "map", "struct", "uniontype"), Base.NESTED),
    "boolean": Base.BOOLEAN,
    "date": Base.DATE,
    "timestamp": Base.TIMESTAMP,
    "binary": Base.BINARY,
}
_FIELD = re.compile(r"(Table|Constraint Name|Parent Column Name|Column Name|Default Value)\s*:\s*(\S+)")
Row = Sequence[str]


def described(rows: Sequence[Sequence[Any]], schema: str) -> dict[str, Any]:
    """Fields of a TableInfo; rows of which Hive knows nothing are None."""
    sections = _sections([[str(c or "").strip() for c in row] for row in rows])
    partitions = sections["# partition information"]
    columns = [r for r in sections["# col_name"] if r[0]]
    columns += [r for r in partitions if r[0] and r[0] not in {c[0] for c in columns}]
    required = {name for group in _groups(sections["# not null constraints"]).values() for name, _ in group}
    made: dict[str, Any] = {
        "columns": tuple(
            ColumnInfo(
                name=name, type=kind, base=base_of(kind), place=place, nullable=name not in required, comment=comment
            )
            for place, (name, kind, comment) in enumerate(columns, 1)
        )
    }
    return made | _facts(sections["# detailed table information"]) | _constraints(sections, schema)


def base_of(kind: str) -> Base:
    """The base of a type in Hive's words, such as `decimal(10,2)` or `map<string,int>`."""
    found = re.match(r"\w+", kind.lower())
    return _BASES.get(found[0], Base.OTHER) if found else Base.OTHER


def _sections(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    now = "# col_name"
    for row in rows:
        padded = [*row, "", "", ""][:3]
        title = padded[0].lower()
        if title == "# col_name" or title.startswith("# column"):
            continue  # the header, of the columns and once more of the partitions
        if title.startswith("# "):
            now = title
        elif any(padded):
            found[now].append(padded)
    return found


def _facts(rows: Sequence[Row]) -> dict[str, Any]:
    """Of `Table Type:` and the parameters, which stand in the second and third column."""
    known = {(r[0] or r[1]).rstrip(":"): (r[1] if r[0] else r[2]) for r in rows}
    size, counted = _number(known.get("totalSize")), _number(known.get("numRows"))
    written = _number(known.get("transient_lastDdlTime"))
    view = "VIEW" in known.get("Table Type", "")
    return {
        "kind": TableKind.VIEW if view else TableKind.TABLE,
        "comment": known.get("comment", ""),
        "size": size,
        # statistics say 0 of files that were put there without Hive
        "rows": None if view or (not counted and size != 0) else counted,
        "rows_exact": False,
        "changed": dt.datetime.fromtimestamp(written, dt.UTC).isoformat(timespec="seconds") if written else "",
    }


def _constraints(sections: dict[str, list[Row]], schema: str) -> dict[str, Any]:
    primary = [name for group in _groups(sections["# primary key"]).values() for name, _ in group]
    unique = [tuple(n for n, _ in group) for group in _groups(sections["# unique constraints"]).values()]
    foreign = []
    for constraint, group in _groups(sections["# foreign keys"]).items():
        parents = [parent.split(".") for _, parent in group]
        if not all(len(p) == 3 for p in parents):
            continue
        target = "" if parents[0][0] == schema else parents[0][0]
        foreign.append(
            ForeignKey(
                columns=tuple(n for n, _ in group),
                table=parents[0][1],
                targets=tuple(p[2] for p in parents),
                schema_name=target,
                name=constraint,
            )
        )
    return {"primary_key": tuple(primary), "unique": tuple(unique), "foreign_keys": tuple(foreign)}


def _groups(rows: Sequence[Row]) -> dict[str, list[tuple[str, str]]]:
    """Constraint -> its columns, each with the parent's."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    constraint = ""
    for row in rows:
        fields = dict(_FIELD.findall("  ".join(row)))
        constraint = fields.get("Constraint Name", constraint)
        if "Column Name" in fields:
            found[constraint].append((fields["Column Name"], fields.get("Parent Column Name", "")))
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
