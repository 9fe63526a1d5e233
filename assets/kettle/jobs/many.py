"""What entries share that work on many files: success conditions, masks, rows as input, names with the time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import polars as pl

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.places import Place
from assets.kettle.model import Options
from assets.kettle.text.java_regex import matches_text
from assets.kettle.values.convert import to_text
from assets.kettle.values.masks_date import format_dates, settings


@dataclass(slots=True)
class Tally:
    """How many went well and how many did not.

    Attributes:
        condition: success_if_no_errors (also ""), success_when_at_least, or any ..._less.
        limit: the number that the two others compare with.
        strict: "less" means less; most entries take as many as the limit, too.
    """

    condition: str = ""
    limit: int = 10
    strict: bool = False
    good: int = 0
    bad: int = 0

    @property
    def broken(self) -> bool:
        """Whether it cannot become a success any more: the entry stops there."""
        if self._less:
            return self.bad >= self.limit if self.strict else self.bad > self.limit
        return bool(self.bad) and not self._least

    @property
    def success(self) -> bool:
        """Whether the condition holds at the end."""
        if self._least:
            return self.good >= self.limit
        return self.bad < self.limit + (not self.strict) if self._less else not self.bad

    @property
    def _least(self) -> bool:
        return self.condition.startswith("success_when_at_least")

    @property
    def _less(self) -> bool:
        return self.condition.endswith("_less")

    def into(self, result: Result) -> Result:
        """The result with the outcome: lines written are the good ones, errors the bad ones."""
        result.ok, result.errors, result.lines.written = self.success, self.bad, self.good
        return result


class Reader(Protocol):
    """What of an entry is needed to read its options."""

    options: Options

    def text(self, *tags: str, default: str = "") -> str:
        """An option with variables resolved."""

    def integer(self, *tags: str, default: int = 0) -> int:
        """A number option."""


def tally_of(entry: Reader, limit: str = "nr_errors_less_than", *, strict: bool = False) -> Tally:
    """The success condition that an entry states; the limit is 10 when empty."""
    return Tally(entry.options.text("success_condition"), entry.integer(limit, default=10), strict)


def result_rows(result: Result) -> list[list[str]]:
    """The rows handed in, as texts by position; null is ""."""
    rows = result.rows
    columns = [to_text(rows.frame[item.name], item) for item in rows.layout]
    return [[str(column[n] or "") for column in columns] for n in range(rows.frame.height)]


def padded(row: list[str], width: int) -> list[str]:
    """The row with at least so many texts."""
    return [*row, *[""] * (width - len(row))]


def fits(name: str, mask: str, exclude: str = "") -> bool:
    """Whether a name matches a mask ("" takes all) and not the other. Raises KettleError for a bad expression."""
    try:
        if mask and not matches_text(name, mask):
            return False
        return not (exclude and matches_text(name, exclude))
    except ValueError as error:
        raise KettleError(str(error), "correct the wildcard") from error


def chosen(place: Place, mask: str, *, deep: bool, exclude: str = "") -> list[Place]:
    """The file itself, or the files of a folder whose names fit."""
    if not place.is_folder():
        return [place]
    return [found for found in place.files(deep=deep) if fits(found.name, mask, exclude)]


def stamp(mask: str) -> str:
    """The present time under a Java mask. Raises KettleError for a mask that Java refuses."""
    now = pl.Series([datetime.now(UTC).replace(tzinfo=None)], dtype=pl.Datetime("ms"))
    try:
        return str(format_dates(now, mask, settings(None, None))[0])
    except ValueError as error:
        raise KettleError(f"{mask!r} is no date mask: {error}", "correct it") from error


def dated(
    name: str, options: Options, tags: Iterable[str] = (), *, before: bool = True, unique: bool = False, mask: str = ""
) -> str:
    """A file name with date and time in it.

    Args:
        tags: the options: add date, add time, use a format (with `mask`); Kettle's usual ones when empty.
        before: the time goes before the extension, else to the end.
        unique: always a time with milliseconds, whatever the options say.
    """
    date, time, own = tuple(tags) or ("add_date", "add_time", "SpecifyFormat")
    dot = name.rfind(".") if before else -1
    stem, end = (name[:dot], name[dot:]) if dot > name.rfind("/") else (name, "")
    mask = mask or options.text("date_time_format")
    if unique:
        return f"{stem}_{stamp('ddMMyyyy_HHmmssSSS')}{end}"
    if options.flag(own) and mask:
        return f"{stem}{stamp(mask)}{end}"
    if options.flag(date):
        stem += "_" + stamp("yyyyMMdd")
    if options.flag(time):
        stem += "_" + stamp("HHmmssSSS")
    return stem + end


def named_files(entry: JobEntry, result: Result) -> list[tuple[str, str]]:
    """Path and mask of each line of an entry's table of files, or of each row of the result where that is wanted."""
    if entry.options.flag("arg_from_previous"):
        return [(row[0], padded(row, 2)[1]) for row in result_rows(result)]
    rows = entry.options.rows("fields/field")
    return [(entry.resolve(o.text("name")), entry.resolve(o.text("filemask"))) for o in rows]
