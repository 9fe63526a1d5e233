"""One pass over one source: structure, profiles, meanings; what fails is named and the rest goes on."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from assets.catalog.model import Base, Meaning, Profile, Scan, ScannedTable, TableInfo
from assets.catalog.scan.profile.withhold import withhold
from assets.catalog.scan.reader import Content, Found, Reader
from assets.catalog.scan.references import Address, address
from assets.catalog.scan.registry import open_reader
from assets.catalog.scan.sources import Source
from core.errors import HeddleError
from core.hashing import digest
from core.settings import Settings, load

if TYPE_CHECKING:
    import polars as pl

    from assets.catalog.scan.profile.table import Measured

Classify = Callable[[TableInfo, Mapping[str, "pl.Series"]], Mapping[str, Meaning | None]]
Sensitive = Callable[[str], bool]
Progress = Callable[[int, int, str], None]
Outcome = tuple[ScannedTable, Sequence[str]]  # a table and what could not be read of it
_MEASURED = {"rows", "rows_exact", "size", "changed"}  # estimates that move by themselves
_NAMES = {
    Base.TEXT: "text",
    Base.INTEGER: "integer",
    Base.NUMBER: "number",
    Base.BOOLEAN: "boolean",
    Base.DATE: "date",
    Base.TIME: "time",
    Base.TIMESTAMP: "timestamp",
    Base.BINARY: "binary",
}


@dataclass(frozen=True)
class Task:
    """What a scan is asked to do.

    Attributes:
        classify: a table and values of some rows of each column, without nulls -> the columns' meanings.
        sensitive: whether the values of a type of meaning are to be withheld.
    """

    source: Source
    reader: Reader
    address: Address
    classify: Classify | None
    sensitive: Sensitive


def scan(
    source: Source,
    *,
    previous: Scan | None = None,
    progress: Progress | None = None,
    classify: Classify | None = None,
    sensitive: Sensitive | None = None,
    settings: Settings | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Scan:
    """Scans a source.

    Args:
        previous: the last scan, or its summary without tables; what did not change since is in `unchanged` only.
        progress: is told (tables done, tables in all, path) after each table, from any thread.
        sensitive: of a type of meaning; the values of such columns are not in the result.

    Returns:
        The scan. A source that is down, or whose definition lacks a secret, is one error with an empty path.
    """
    began, started = datetime.now(UTC), time.monotonic()
    marks: dict[str, str] = {}
    tables: list[ScannedTable] = []
    unchanged: list[str] = []
    errors: list[tuple[str, str]] = []
    known = Address(source.url, source.url)
    try:
        known = address(source.url, source.name, settings or load(), environ)
        reader = open_reader(known, source)
        try:
            task = Task(source, reader, known, classify, sensitive or (lambda _: False))
            found = reader.tables(lambda path: wanted(source, path))
            former = previous.marks if previous is not None else {}
            for one, mark in [(one, _mark(one)) for one in found]:
                if mark and former.get(one.table.path) == mark:
                    unchanged.append(one.table.path)
                    marks[one.table.path] = mark
            skipped = set(unchanged)
            rest = [one for one in found if one.table.path not in skipped]
            for one, (table, problems) in zip(rest, _all(task, rest, len(unchanged), progress), strict=True):
                tables.append(table)
                errors += [(one.table.path, problem) for problem in problems]
                if not problems and (mark := _mark(one)):
                    marks[one.table.path] = mark
        finally:
            reader.close()
    except HeddleError as error:
        errors.append(("", f"{error.what}; {error.fix}" if error.fix else error.what))
    except Exception as error:  # of a driver, while it lists the tables
        errors.append(("", known.clean(f"source {source.name}: {_said(error)}")))
    return Scan(
        source=source.name,
        url=known.shown,
        at=began.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - started, 3),
        tables=tuple(tables),
        errors=tuple(errors),
        unchanged=tuple(unchanged),
        marks=marks,
    )


def wanted(source: Source, path: str) -> bool:
    """Whether the source's patterns ask for a path."""
    return any(fnmatchcase(path, p) for p in source.include) and not any(fnmatchcase(path, p) for p in source.exclude)


def _mark(found: Found) -> str:
    if not found.mark or found.table.error:
        return ""
    return digest([found.mark, found.table.model_dump_json(exclude=_MEASURED)])


def _all(task: Task, found: list[Found], before: int, progress: Progress | None) -> list[Outcome]:
    total = len(found) + before
    done = before

    def one(item: Found) -> Outcome:
        nonlocal done
        made = _one(task, item.table)
        done += 1
        if progress is not None:
            progress(done, total, item.table.path)
        return made

    if task.reader.parallel == 1 or len(found) < 2:
        return [one(item) for item in found]
    with ThreadPoolExecutor(min(task.reader.parallel, os.cpu_count() or 1), "scan") as pool:
        return list(pool.map(one, found))


def _one(task: Task, table: TableInfo) -> Outcome:
    from assets.catalog.scan.profile.table import TableProfiler
    from assets.catalog.scan.templates.miner import miner_of

    if table.error or not table.columns:
        return ScannedTable(table=table), [table.error] if table.error else []
    try:
        with task.reader.read(table, task.source.sample_rows) as content:
            profiler, miner = TableProfiler(content.columns), miner_of(table, content.columns)
            for batch in content.batches:
                profiler.add(batch)
                if miner is not None:
                    miner.add(batch)
            measured = profiler.finish(sampled=content.sampled, samples=task.classify is not None)
        final = _final(table, content, measured)
        meanings = _meanings(task, final, measured)
    except HeddleError as error:
        return _unread(table, error.what)
    except BaseException as error:  # a driver's bug or a value it cannot convert costs one table, not the scan
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # Rust's: no Exception
            raise
        return _unread(table, task.address.clean(_said(error)))
    profiles = {name: _kept(task, profile, meanings.get(name)) for name, profile in measured.profiles.items()}
    withheld = miner is None or profiles[content.columns[miner.message].name].withheld
    templates = () if miner is None or withheld else miner.finish()
    made = ScannedTable.model_construct(table=final, profiles=profiles, meanings=meanings, templates=templates)
    return made, content.problems


def _said(error: BaseException) -> str:
    """The driver's own error; SQLAlchemy adds its statement and a link."""
    own = getattr(error, "orig", None) or error
    return f"{type(own).__name__}: {own}"


def _unread(table: TableInfo, reason: str) -> Outcome:
    """A table whose rows could not be read; a file's structure is not known then either."""
    known = all(column.type for column in table.columns)
    return ScannedTable(table=table if known else table.model_copy(update={"error": reason})), [reason]


def _meanings(task: Task, table: TableInfo, measured: "Measured") -> dict[str, Meaning]:
    import polars as pl

    if task.classify is None:
        return {}
    found = task.classify(table, {name: pl.Series(name, values) for name, values in measured.samples.items()})
    return {name: meaning for name, meaning in found.items() if meaning is not None}


def _kept(task: Task, profile: Profile, meaning: Meaning | None) -> Profile:
    return withhold(profile) if meaning is not None and task.sensitive(meaning.type) else profile


def _final(table: TableInfo, content: Content, measured: "Measured") -> TableInfo:
    """The table with what only reading it tells: rows, the kinds of texts, what could not be read."""
    columns = []
    for column in content.columns:
        base = measured.bases.get(column.name, column.base)
        nullable = column.nullable or measured.profiles[column.name].nulls > 0
        kind = column.type or _NAMES.get(base, str(base))
        columns.append(column.model_copy(update={"base": base, "type": kind, "nullable": nullable}))
    changed: dict[str, object] = {"columns": tuple(columns)}
    if content.rows is not None:
        changed |= {"rows": content.rows, "rows_exact": content.rows_exact}
    elif not content.sampled:
        changed |= {"rows": measured.rows, "rows_exact": True}
    return table.model_copy(update=changed)
