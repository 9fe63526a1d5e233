"""What makes keys of two sources meet: small changes of texts, each the same in polars, DuckDB and PostgreSQL.

A fix is a list of changes: a regular expression without look-around (linear time in all three engines; `\\1` in the
replacement is a group), or a named operation. Keys are texts while they are compared; an empty text is no key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

NARROW = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-./()#&+_, "
WIDE = "".join("\u3000" if c == " " else chr(ord(c) + 0xFEE0) for c in NARROW)
_ISO = [
    (r"([ T])00:00:00([.]0+|)$", ""),
    (r"^([0-9]{4})(-|/|[.]|年)([0-9]{1,2})(-|/|[.]|月)([0-9]{1,2})(日|)$", r"\1-\3-\5"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})$", r"\1-\2-\3"),
    (r"^([0-9]{4})-([0-9])-", r"\1-0\2-"),
    (r"^([0-9]{4}-[0-9]{2})-([0-9])$", r"\1-0\2"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fix:
    """One fix.

    Attributes:
        changes: (pattern, replacement), each applied to all places; or (operation, "") with TRIM, LOWER or WIDTH.
        says: what it does, for people.
    """

    says: str
    changes: tuple[tuple[str, str], ...]


TRIM, LOWER, WIDTH = "<trim>", "<lower>", "<width>"
FIXES: dict[str, Fix] = {
    "trim": Fix("blanks around it are removed", ((TRIM, ""),)),
    "width": Fix("full-width letters and digits become ordinary ones", ((WIDTH, ""), (TRIM, ""))),
    "case": Fix("upper and lower case are the same", ((LOWER, ""),)),
    "whole_number": Fix("12.0 is 12", ((r"^(-|)([0-9]+)[.]0+$", r"\1\2"),)),
    "leading_zeros": Fix("zeros at the beginning are removed", ((r"^0+([0-9A-Za-z])", r"\1"),)),
    "punctuation": Fix("hyphens, slashes, brackets and blanks are removed", ((r"[-_/() ]+", ""),)),
    "prefix": Fix("letters before the number are removed", ((r"^[A-Za-z]+[-_ ]*([0-9])", r"\1"),)),
    "suffix": Fix("letters after the number are removed", ((r"([0-9])[-_ ]*[A-Za-z]+$", r"\1"),)),
    "country_code": Fix(
        "+86 and 0086, or another code set apart, are removed",
        ((r"^([+]|00)86([- ]|)", ""), (r"^([+]|00)[1-9][0-9]{0,2}[- ]", "")),
    ),
    "date": Fix("dates, year first, become 2024-01-31", tuple(_ISO)),
    "date_day_first": Fix(
        "dates, day first, become 2024-01-31",
        ((r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})$", r"\3-\2-\1"), *_ISO),
    ),
    "date_month_first": Fix(
        "dates, month first, become 2024-01-31",
        ((r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})$", r"\3-\1-\2"), *_ISO),
    ),
}


def known(names: Sequence[str]) -> tuple[str, ...]:
    """The names as they are. Raises SourceError for one that is no fix."""
    for name in names:
        if name not in FIXES:
            raise SourceError(f"there is no fix {name!r}", f"choose among {', '.join(FIXES)}")
    return tuple(names)


def changes(names: Sequence[str]) -> list[tuple[str, str]]:
    """All changes of some fixes, in order."""
    return [change for name in known(names) for change in FIXES[name].changes]


def polars_key(column: str, names: Sequence[str]) -> "pl.Expr":
    """A key column as text with its fixes; null where nothing is left."""
    import polars as pl

    value = pl.col(column).cast(pl.String)
    for pattern, replacement in changes(names):
        if pattern == TRIM:
            value = value.str.strip_chars(" \t\r\n")
        elif pattern == LOWER:
            value = value.str.to_lowercase()
        elif pattern == WIDTH:
            value = value.str.replace_many(list(WIDE), list(NARROW))
        else:
            groups = replacement
            for number in "123456789":
                groups = groups.replace(f"\\{number}", f"${{{number}}}")
            value = value.str.replace_all(pattern, groups)
    return pl.when(value != "").then(value)
