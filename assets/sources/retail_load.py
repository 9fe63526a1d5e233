"""What to land from the retail files: validated, counted and hashed before the warehouse is touched."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from assets.sources.retail_files import base_file, drops, week_number
from assets.sources.retail_tables import FIRST_WEEK, SourceTable
from assets.sources.validate import blame, check_columns, csv_to_parquet, parquet_columns
from core.errors import SourceError
from core.hashing import digest
from core.scratch import scratch
from core.settings import Settings
from resources.quoting import literal

LARGEST = 10**15  # of an amount of money; beyond it a double no longer holds cents


@dataclass(frozen=True)
class Content:
    """Rows of a load and their content version: equal rows give an equal version, in any order and from any file."""

    rows: int
    version: str


@dataclass(frozen=True)
class Load:
    """A load ready for Warehouse.load_parquet.

    Attributes:
        files: Parquet files to read.
        select: DuckDB SQL over `source`, the files' rows with their `filename`.
        content: week (ISO Monday) -> content; the key is None for a table that is loaded whole.
    """

    files: tuple[Path, ...]
    select: str
    content: dict[str | None, Content]

    @property
    def rows(self) -> int:
        """All rows of the load."""
        return sum(c.rows for c in self.content.values())


@contextmanager
def prepare(settings: Settings, table: SourceTable, weeks: Sequence[str] | None = None) -> Iterator[Load]:
    """Validate the files of a table, or of some weeks of transactions, and describe the load. One scan for any weeks.

    Files made from CSV last as long as the context.

    Raises:
        SourceError: a file is truncated, a column is missing, renamed or wrongly typed, a key is null, a drop file
            holds another week's rows, or a week has no rows anywhere.
    """
    with scratch(settings.home, "load-") as folder:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": settings.memory,
            "temp_directory": str(folder),
        }
        with duckdb.connect(config=config) as connection:
            if weeks is None:
                base = _checked(connection, base_file(settings, table.name), table)
                files, select = {base: base}, _select(table)
            else:
                files = _week_files(connection, settings, table, weeks, folder)
                select = _select(table, _where(files, weeks))
            origins = " and ".join(str(p) for p in files.values())
            content = _content(connection, list(files), select, table, origins, by_week=weeks is not None)
        _refuse_empty(content, weeks, origins)
        yield Load(tuple(files), select, content)


def _checked(connection: duckdb.DuckDBPyConnection, path: Path, table: SourceTable) -> Path:
    check_columns(path, parquet_columns(connection, path), table.columns)
    return path


def _week_files(
    connection: duckdb.DuckDBPyConnection, settings: Settings, table: SourceTable, weeks: Sequence[str], folder: Path
) -> dict[Path, Path]:
    """Readable Parquet file -> the file it comes from, drop files first; the base file only if a week needs it."""
    dropped = {week: path for week, path in drops(settings).items() if week in weeks}
    files: dict[Path, Path] = {}
    for week, path in dropped.items():
        readable = path if path.suffix == ".parquet" else folder / f"{week}.parquet"
        if path.suffix == ".csv":
            csv_to_parquet(connection, path, table.columns, readable)
        _check_week(connection, _checked(connection, readable, table), path, week)
        files[readable] = path
    if set(weeks) - set(dropped):
        base = _checked(connection, base_file(settings, table.name), table)
        files[base] = base
    return files


def _check_week(connection: duckdb.DuckDBPyConnection, readable: Path, path: Path, week: str) -> None:
    number = week_number(week)
    try:
        sql = "select min(week) from read_parquet($1) where week is distinct from $2"
        other = connection.sql(sql, params=[str(readable), number]).fetchall()
    except duckdb.Error as error:
        raise blame(error, f"{path} cannot be read", "copy the file again, completely") from error
    if other[0][0] is not None:
        raise SourceError(
            f"{path}: column week holds {other[0][0]}, but the file's name says week {number}",
            f"keep only rows of week {number} or rename the file",
        )


def _where(files: dict[Path, Path], weeks: Sequence[str]) -> str:
    """The wanted rows: each drop file's own week, and from the base file the weeks that no drop file replaces."""
    dropped = {path.stem: readable for readable, path in files.items() if path.stem in weeks}
    parts = [f"filename = {literal(str(readable))}" for readable in dropped.values()]
    rest = sorted(week_number(week) for week in weeks if week not in dropped)
    if rest:
        base = next(readable for readable, path in files.items() if path.stem not in weeks)
        parts.append(f"filename = {literal(str(base))} and week in ({', '.join(map(str, rest))})")
    return " or ".join(f"({part})" for part in parts)


def _select(table: SourceTable, where: str = "true") -> str:
    columns = [f'cast("{c.name}" as {c.type}) as "{c.name}"' for c in table.columns]
    if table.weekly:
        columns.append(f"date '{FIRST_WEEK}' + 7 * (cast(week as integer) - 1) as week_start")
    return f"select {', '.join(columns)} from source where {where}"


def _content(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    select: str,
    table: SourceTable,
    origins: str,
    *,
    by_week: bool,
) -> dict[str | None, Content]:
    names = ", ".join(f'"{c.name}"' for c in table.columns)
    required = [c.name for c in table.columns if not c.nullable]
    doubles = [c.name for c in table.columns if c.type == "double"]
    faults = [f'count(*) - count("{name}")' for name in required]
    # NaN, which DuckDB sorts above every number, infinities, and what no decimal(18, 2) further down could hold
    faults += [f'count(*) filter (where not abs("{name}") < {LARGEST})' for name in doubles]
    key = "week_start" if by_week else "null"
    listed = ", ".join(literal(str(f)) for f in files)
    try:
        connection.execute(
            "create or replace temp view source as"
            f" select * from read_parquet([{listed}], union_by_name = true, filename = true)"
        )
        # the sum of row hashes does not depend on the order of rows and, unlike xor, sees duplicates
        hashed = f"cast(sum(hash({names})) as varchar)"
        sql = f"select {key}, count(*), {hashed}, {', '.join(faults)} from ({select}) group by 1 order by 1"
        found = connection.sql(sql).fetchall()
    except duckdb.Error as error:
        raise blame(error, f"{origins} cannot be read", "copy the file again, completely") from error
    shape = [f"{c.name} {c.type}" for c in table.landed]
    content: dict[str | None, Content] = {}
    problems = [(name, "is empty", f"fill in {name}") for name in required]
    problems += [(name, "is no number, infinite or too large", f"correct {name}") for name in doubles]
    for week, rows, total, *counts in found:
        for (name, problem, fix), count in zip(problems, counts, strict=True):
            if count:
                raise SourceError(f"{origins}: column {name} {problem} in {count} rows", fix)
        label = week.isoformat() if isinstance(week, date) else None
        content[label] = Content(int(rows), digest([*shape, str(rows), total]))
    return content


def _refuse_empty(content: dict[str | None, Content], weeks: Sequence[str] | None, origins: str) -> None:
    if weeks is None and not content:
        raise SourceError(f"{origins} holds no rows", "copy the file again; an empty table is not loaded")
    absent = sorted(set(weeks or ()) - {week for week in content if week})
    if absent:
        raise SourceError(
            f"{origins} holds no rows of the week {absent[0]}",
            f"put {absent[0]}.parquet into the drop folder retail/transactions, or remove the partition",
        )
