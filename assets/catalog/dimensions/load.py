"""Bulk import and export of a dimension's rows: each wrong cell by row and column, all or nothing or without them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from assets.catalog.dimensions import files
from assets.catalog.dimensions.model import Dimension
from assets.catalog.dimensions.table import Counts, DimensionTable
from assets.catalog.dimensions.values import Cell, cell, texts
from assets.catalog.remote.connection import Session
from core.errors import HeddleError

Mode = Literal["upsert", "insert", "replace"]
SHOWN = 10  # errors in a message
REJECTED = ("row", "error")  # first columns of a file of bad rows; one that was corrected is imported as it is
MOST_ERRORS = 10_000  # errors that are kept; the others are counted
_UPSERT = {"mysql": " ON DUPLICATE KEY UPDATE {sets}"}
_SET = {"mysql": "{0} = VALUES({0})"}


class How(TypedDict, total=False):
    """How a file is imported.

    Attributes:
        mode: upsert (default) adds and changes by key, insert refuses keys that are there, replace empties the table.
        skip_bad: bad rows are left out and written to `rejects`; otherwise one bad row refuses the file.
        encoding: of CSV, "" judges it.
        sheet: of a workbook, "" is the first one.
        rejects: CSV of the bad rows with what is wrong; default `<file>.rejected.csv` where rows were skipped.
    """

    mode: Mode
    skip_bad: bool
    encoding: str
    sheet: str
    rejects: Path | None


@dataclass(frozen=True)
class RowError:
    """What is wrong with a row of a file; `column` is "" for the row as a whole."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"row {self.row}{f', column {self.column}' if self.column else ''}: {self.message}"


@dataclass
class Problems:
    """Errors by row; `count` counts rows, also those beyond what is kept."""

    errors: list[RowError] = field(default_factory=list)
    bad: dict[int, Sequence[Cell]] = field(default_factory=dict)
    count: int = 0

    def add(self, row: files.Numbered, errors: Sequence[RowError]) -> None:
        """One bad row."""
        self.count += 1
        if len(self.errors) < MOST_ERRORS:
            self.errors.extend(errors)
            self.bad[row.number] = row.cells


class ImportRefusedError(HeddleError):
    """A file was refused as a whole; nothing of it was written."""

    def __init__(self, what: str, problems: Problems) -> None:
        shown = "\n  ".join(str(e) for e in problems.errors[:SHOWN])
        more = f"\n  … {problems.count} rows in all" if len(problems.errors) > SHOWN else ""
        super().__init__(f"{what}\n  {shown}{more}", "correct the rows, or import without them (--skip-bad)")
        self.problems = problems


@dataclass(frozen=True)
class Loaded:
    """What an import did."""

    counts: Counts
    problems: Problems
    encoding: str


@dataclass(frozen=True)
class _Parsed:
    row: files.Numbered
    values: tuple[Any, ...]
    said: tuple[Cell, ...]
    key: tuple[Cell, ...]


def load(table: DimensionTable, path: Path, **how: Unpack[How]) -> Loaded:
    """Takes a file's rows into the table, in one transaction.

    Raises:
        ImportRefusedError: rows are bad and `skip_bad` is not set; nothing was written.
        SourceError: the file cannot be read, or the database refuses.
        HeddleError: the header does not fit the dimension.
    """
    skip_bad = how.get("skip_bad", False)
    given = files.read(path, how.get("encoding", ""), how.get("sheet", ""))
    places = _places(table.dimension, given.header, path)
    problems = Problems()
    target = how.get("rejects") or (path.with_name(f"{path.name}.rejected.csv") if skip_bad else None)
    try:
        parsed = list(_parse(table.dimension, given.rows, places, len(given.header), problems))
        _refuse(path, problems, skip_bad)
        with table.remote.transaction() as session:
            counts = _write(table, session, parsed, how.get("mode", "upsert"), problems)
            _refuse(path, problems, skip_bad)
    finally:
        if target is not None and problems.count:
            _reject(target, given.header, problems)
    return Loaded(counts, problems, given.encoding)


def _refuse(path: Path, problems: Problems, skip_bad: bool) -> None:
    if problems.count and not skip_bad:
        raise ImportRefusedError(f"{path}: {problems.count} bad rows, nothing was imported", problems)


def export(table: DimensionTable, path: Path, *, language: str = "", encoding: str = "utf-8-sig") -> int:
    """Writes all rows that the reader may see, ordered by key, as .csv or .xlsx; returns how many.

    Args:
        language: en or zh writes the columns' labels as header; "" their names.
    """
    header = [getattr(c.label, language, "") or c.name if language else c.name for c in table.dimension.columns]
    with table.remote.transaction() as session:
        place = [table.dimension.names.index(k) for k in table.dimension.key]
        rows = sorted(table.shown(session), key=lambda row: [row[i] or "" for i in place])
    if path.suffix.lower() == ".xlsx":
        return files.write_book(path, header, rows)
    return files.write_csv(path, header, rows, encoding)


def _places(dimension: Dimension, header: Sequence[str], path: Path) -> list[int]:
    """For each column of the dimension its place in the file, -1 where the file has it not."""
    known: dict[str, int] = {}
    for place, column in enumerate(dimension.columns):
        for name in (column.name, column.label.en, column.label.zh):
            if name:
                known.setdefault(name.strip().casefold(), place)
    places = [-1] * len(dimension.columns)
    for at, name in enumerate(header):
        if at < len(REJECTED) and tuple(header[: len(REJECTED)]) == REJECTED:
            continue
        found = known.get(name.casefold())
        if found is None:
            names = ", ".join(dimension.names)
            raise HeddleError(f"{path}: header {name[:80]!r} is no column of {dimension.name}", f"there are: {names}")
        if places[found] >= 0:
            raise HeddleError(f"{path}: header {name!r}: {dimension.names[found]} is there twice", "remove one")
        places[found] = at
    for column, at in zip(dimension.columns, places, strict=True):
        if at < 0 and (column.required or column.name in dimension.key):
            raise HeddleError(f"{path}: column {column.name} is missing", "add it to the file's first row")
    return places


def _parse(
    dimension: Dimension, rows: Iterator[files.Numbered], places: Sequence[int], width: int, problems: Problems
) -> Iterator[_Parsed]:
    seen: dict[tuple[Cell, ...], int] = {}
    keys = [dimension.names.index(k) for k in dimension.key]
    columns = list(zip(dimension.columns, places, strict=True))
    for row in rows:
        if len(row.cells) != width and any(row.cells[width:]):
            problems.add(row, [RowError(row.number, "", f"has {len(row.cells)} fields, not {width}")])
            continue
        cells = row.cells + [None] * (width - len(row.cells))
        values, errors = [], []
        for column, at in columns:
            try:
                values.append(cell(cells[at] if at >= 0 else None, column, dimension.key))
            except ValueError as error:
                errors.append(RowError(row.number, column.name, str(error)))
        if errors:
            problems.add(row, errors)
            continue
        said = texts(dimension, values)
        key = tuple(said[i] for i in keys)
        if key in seen:
            told = ", ".join(str(k) for k in key)
            problems.add(row, [RowError(row.number, dimension.key[0], f"key {told} is in row {seen[key]} already")])
            continue
        seen[key] = row.number
        yield _Parsed(row, tuple(values), said, key)


def _write(
    table: DimensionTable, session: Session, parsed: Sequence[_Parsed], mode: Mode, problems: Problems
) -> Counts:
    removed = 0
    if mode == "replace":
        removed = table.counted(session)
        session.execute(f"DELETE FROM {table.name(session)}")
    keys = [table.dimension.names.index(k) for k in table.dimension.key]
    there = {tuple(row[i] for i in keys): row for row in table.all(session)}
    new = [p for p in parsed if p.key not in there]
    known = [p for p in parsed if p.key in there]
    if mode == "insert":
        for p in known:
            problems.add(p.row, [RowError(p.row.number, table.dimension.key[0], "there is a row of this key")])
        known = []
    other = [p for p in known if there[p.key] != p.said]
    before = problems.count
    added = _bulk(table, session, new, "", problems)
    changed = _bulk(table, session, other, _tail(table, session), problems)
    assert added + changed + problems.count - before == len(new) + len(other)
    rows = table.counted(session)
    return Counts(added, changed, removed, len(known) - len(other), problems.count, rows)


def _bulk(table: DimensionTable, session: Session, rows: Sequence[_Parsed], tail: str, problems: Problems) -> int:
    """Writes rows; those that the database refuses are found by halving. Returns how many were written."""
    from sqlalchemy.exc import DBAPIError

    if not rows:
        return 0
    savepoint = session.driver.savepoint()
    try:
        session.bulk(table.head(session), table.dimension.names, [p.values for p in rows], tail)
    except DBAPIError as error:  # DuckDB has no savepoints: there the whole import fails, with its message
        savepoint.rollback()
        if len(rows) == 1:
            told = table.remote.where.clean(error.orig or error)
            problems.add(rows[0].row, [RowError(rows[0].row.number, "", f"the database refuses it: {told}")])
            return 0
        half = len(rows) // 2
        return _bulk(table, session, rows[:half], tail, problems) + _bulk(table, session, rows[half:], tail, problems)
    if savepoint is not None:
        savepoint.commit()
    return len(rows)


def _tail(table: DimensionTable, session: Session) -> str:
    """What makes an INSERT change the rows that are there."""
    names = [session.name(n) for n in table.dimension.names if n not in table.dimension.key]
    sets = ", ".join(_SET.get(session.dialect, "{0} = EXCLUDED.{0}").format(n) for n in names)
    keys = ", ".join(session.name(k) for k in table.dimension.key)
    return _UPSERT.get(session.dialect, " ON CONFLICT ({keys}) DO UPDATE SET {sets}").format(sets=sets, keys=keys)


def _reject(path: Path, header: Sequence[str], problems: Problems) -> None:
    """The bad rows as they were, with their number and what is wrong, ready to be corrected and imported."""
    told: dict[int, list[str]] = {}
    for e in problems.errors:
        told.setdefault(e.row, []).append(f"{e.column}: {e.message}" if e.column else e.message)
    rows = ([str(n), "; ".join(told[n]), *cells] for n, cells in problems.bad.items())
    files.write_csv(path, [*REJECTED, *[h for h in header if h not in REJECTED]], rows)
