"""Whether a source file is what its definition says, before anything is replaced."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from core.errors import HeddleError, SourceError, StoreError
from core.schema import Column

_WHOLE = {"tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger"}
# expected type -> source types that convert to it without loss
ACCEPTED = {
    "bigint": _WHOLE,
    "double": _WHOLE - {"bigint"} | {"double", "float", "decimal"},
    "timestamp": {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "date"},
    "varchar": {"varchar"},
}


def parquet_columns(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """Column names and DuckDB types in lower case, from the file's footer.

    Raises:
        SourceError: the file is truncated or no Parquet file.
    """
    try:
        found = connection.sql("select * from read_parquet($1) limit 0", params=[str(path)])
    except duckdb.Error as error:
        what = f"{path} ({path.stat().st_size} bytes) is not a readable Parquet file"
        raise blame(error, what, "copy the file again, completely") from error
    return {name: str(kind).lower() for name, kind in zip(found.columns, found.types, strict=True)}


def check_columns(path: Path, found: Mapping[str, str], expected: Sequence[Column]) -> None:
    """Refuse a missing, renamed or wrongly typed column; additional columns are allowed and ignored.

    Raises:
        SourceError: names the file, the column and what to do.
    """
    names = {c.name for c in expected}
    spare = [name for name in found if name not in names]
    for column in expected:
        if column.name not in found:
            raise _missing(path, column, spare, found)
        kind = found[column.name].split("(")[0]
        if kind not in ACCEPTED[column.type]:
            raise SourceError(
                f"{path}: column {column.name} has type {found[column.name]}, expected {column.type}",
                f"write {column.name} as {column.type} ({column.description})",
            )


def _missing(path: Path, column: Column, spare: Sequence[str], found: Mapping[str, str]) -> SourceError:
    what = f"{path}: column {column.name} is missing"
    same_kind = [n for n in spare if found[n].split("(")[0] in ACCEPTED[column.type]]
    close = difflib.get_close_matches(column.name, spare, n=1, cutoff=0.5) or (
        same_kind if len(same_kind) == 1 and len(spare) == 1 else []
    )
    if close:
        return SourceError(
            f"{what}; the unexpected column {close[0]} looks like it", f"rename {close[0]} to {column.name}"
        )
    extra = f"; unexpected columns: {', '.join(spare)}" if spare else ""
    return SourceError(what + extra, f"add {column.name} ({column.type}: {column.description})")


def csv_to_parquet(connection: duckdb.DuckDBPyConnection, path: Path, expected: Sequence[Column], target: Path) -> None:
    """Write a CSV file (header, comma, UTF-8; empty is null) as Parquet with the expected types.

    Raises:
        SourceError: it is not well-formed, lacks a column, or has a value that is not of its column's type.
    """
    try:
        text = connection.sql(
            "select * from read_csv($1, header = true, all_varchar = true, delim = ',', strict_mode = true)",
            params=[str(path)],
        )
        if len(text.columns) == 1 < len(expected):
            raise SourceError(
                f"{path}: the header {text.columns[0][:60]!r} holds no comma", "put commas between the values"
            )
        check_columns(path, dict.fromkeys(text.columns, "varchar"), [Column(c.name, "varchar") for c in expected])
        for column in expected:
            _check_values(path, text, column)
        casts = ", ".join(f'cast("{c.name}" as {c.type}) as "{c.name}"' for c in expected)
        text.project(casts).write_parquet(str(target))
    except duckdb.Error as error:
        fix = "save it as UTF-8 with a header line and commas between the values"
        raise blame(error, f"{path} is not a readable CSV file", fix) from error


def _check_values(path: Path, text: duckdb.DuckDBPyRelation, column: Column) -> None:
    name = f'"{column.name}"'
    bad = (
        text.filter(f"{name} is not null and try_cast({name} as {column.type}) is null")
        .project(name)
        .limit(1)
        .fetchall()
    )
    if bad:
        value = bad[0][0]
        raise SourceError(
            f"{path}: column {column.name} holds {str(value)[:60]!r}, which is not {column.type}",
            f"correct the value ({column.description})",
        )


def blame(error: duckdb.Error, what: str, fix: str) -> HeddleError:
    """The file's fault as a SourceError, unless it was memory or disk that ran out: then a StoreError saying so."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return StoreError(f"reading needs more memory than HEDDLE_MEMORY allows: {text}", "raise HEDDLE_MEMORY")
    if "no space left" in text.lower() or "file too large" in text.lower():
        return StoreError(f"no room for temporary files: {text}", "free disk space under HEDDLE_HOME")
    return SourceError(f"{what}: {text.splitlines()[0]}", fix)
