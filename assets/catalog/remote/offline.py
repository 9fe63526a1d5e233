"""Table metadata from a CSV file, for sources that nobody connects to, or not yet."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from assets.catalog.bases import base_of
from assets.catalog.dimensions.files import Numbered, read
from assets.catalog.model import ColumnInfo, Scan, ScannedTable, TableInfo
from assets.catalog.record import Recorded, known, record
from assets.catalog.store.versions import Versions
from core.errors import SourceError

# field -> headers that mean it, folded
HEADERS: dict[str, tuple[str, ...]] = {
    "schema": ("schema", "database", "库名", "数据库", "模式"),
    "table": ("table", "table_name", "表名", "表"),
    "table_comment": ("table_comment", "表注释", "表说明", "表描述"),
    "column": ("column", "column_name", "field", "字段名", "字段", "列名"),
    "type": ("type", "data_type", "column_type", "类型", "字段类型", "数据类型"),
    "nullable": ("nullable", "is_nullable", "null", "可空", "是否为空", "允许为空"),
    "key": ("key", "primary_key", "column_key", "主键", "是否主键"),
    "default": ("default", "column_default", "默认值"),
    "comment": ("comment", "column_comment", "description", "注释", "字段注释", "备注", "说明"),
}
NEEDED = ("table", "column", "type")
_YES = {"yes", "y", "true", "1", "pri", "pk", "是", "t"}
_NO = {"no", "n", "false", "0", "否", "f", ""}


def tables(path: Path, encoding: str = "") -> list[TableInfo]:
    """The tables of a file with one row per column, in the file's order.

    Args:
        encoding: "" judges it.

    Raises:
        SourceError: the file cannot be read, or rows are wrong; names each by number and column.
    """
    given = read(path, encoding)
    places = _places(given.header, path)
    found: dict[tuple[str, str], list[ColumnInfo]] = {}
    comments: dict[tuple[str, str], str] = {}
    keys: dict[tuple[str, str], list[str]] = {}
    problems: list[str] = []
    for row in given.rows:
        fields = {name: _cell(row, at) for name, at in places.items()}
        wrong = _wrong(fields)
        table = (fields.get("schema", ""), fields["table"])
        columns = found.setdefault(table, [])
        if not wrong and any(c.name == fields["column"] for c in columns):
            wrong = f"column: {fields['column']!r} is there twice in {fields['table']}"
        if wrong:
            problems.append(f"row {row.number}, column {wrong}")
            continue
        is_key = fields.get("key", "").lower() in _YES
        columns.append(_column(fields, len(columns) + 1, is_key))
        comments[table] = comments.get(table) or fields.get("table_comment", "")
        keys.setdefault(table, []).extend([fields["column"]] if is_key else [])
    if problems:
        shown = "\n  ".join(problems[:10]) + (f"\n  … {len(problems)} in all" if len(problems) > 10 else "")
        raise SourceError(f"{path}: nothing was imported\n  {shown}", "correct these rows")
    return [
        TableInfo(
            schema_name=schema,
            name=name,
            columns=tuple(columns),
            comment=comments[schema, name],
            primary_key=tuple(keys[schema, name]),
        )
        for (schema, name), columns in found.items()
    ]


def take(versions: Versions, source: str, found: Sequence[TableInfo], author: str, file: str, whole: bool) -> Recorded:
    """Takes tables into the catalogue as those of a source; they are searched, shown and versioned like scanned ones.

    Args:
        whole: tables of the source that are not among them are gone; otherwise they stay.
    """
    names = {t.path for t in found}
    kept = () if whole else tuple(t.table.path for t in known(versions, source) if t.table.path not in names)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    scan = Scan(
        source=source,
        url=_url(versions, source),
        at=at,
        seconds=0,
        tables=tuple(ScannedTable(table=t) for t in found),
        unchanged=kept,
    )
    return record(versions, scan, author=author, cause=f"import of {file}")


def _url(versions: Versions, source: str) -> str:
    entry = versions.get("source", source)
    return str((entry.document or {}).get("url", "")) if entry else ""


def _places(header: Sequence[str], path: Path) -> dict[str, int]:
    names = [h.casefold() for h in header]
    found = {
        field: next(i for i, n in enumerate(names) if n in known)
        for field, known in HEADERS.items()
        if any(n in known for n in names)
    }
    missing = [field for field in NEEDED if field not in found]
    if missing:
        raise SourceError(
            f"{path}: column {missing[0]} is missing", f"name it {' or '.join(HEADERS[missing[0]])} in the first row"
        )
    return found


def _cell(row: Numbered, at: int) -> str:
    return (row.cells[at] or "").strip() if at < len(row.cells) else ""


def _wrong(fields: dict[str, str]) -> str:
    empty = next((name for name in NEEDED if not fields[name]), "")
    if empty:
        return f"{empty}: is empty"
    for name in ("nullable", "key"):
        if fields.get(name, "").lower() not in _YES | _NO:
            return f"{name}: {fields[name]!r} is neither yes nor no"
    return ""


def _column(fields: dict[str, str], place: int, is_key: bool) -> ColumnInfo:
    nullable = not is_key if "nullable" not in fields else fields["nullable"].lower() in _YES
    return ColumnInfo(
        name=fields["column"],
        type=fields["type"],
        base=base_of(fields["type"]),
        place=place,
        nullable=nullable and not is_key,
        default=fields.get("default", ""),
        comment=fields.get("comment", ""),
    )
