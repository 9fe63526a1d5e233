"""Maps the values of a column to a standard code table: by code, by meaning, by known spelling; deviations are told."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from assets.catalog.standards.model import Code, CodeTable

ENOUGH = 0.8  # share of rows that must map before a table is proposed
WORDY = 2  # least different values that must map: a column with one value fits everywhere


class Mapped(NamedTuple):
    """A value of the data and the code it stands for; `how` is `code`, `meaning` or `alias`."""

    value: str
    code: str
    how: str
    rows: int


class Mapping_(NamedTuple):
    """A column against a code table.

    Attributes:
        share: part of the rows with a value that map.
        deviations: values that no code has, with their rows, the most frequent first.
        as_is: part of the rows that are the standard's code already.
    """

    table: str
    mapped: tuple[Mapped, ...]
    deviations: tuple[tuple[str, int], ...]
    share: float
    as_is: float


def against(values: Mapping[str, int], table: CodeTable) -> Mapping_:
    """How the values of a column (value -> rows) read in a code table."""
    spellings = _spellings(table)
    mapped, deviations = [], []
    for value, rows in values.items():
        found = spellings.get(_plain(value))
        if found is None:
            deviations.append((value, rows))
        else:
            mapped.append(Mapped(value, found[0].code, found[1], rows))
    whole = sum(values.values())
    covered = sum(m.rows for m in mapped)
    standing = sum(m.rows for m in mapped if m.value == m.code)
    return Mapping_(
        table.name,
        tuple(mapped),
        tuple(sorted(deviations, key=lambda d: (-d[1], d[0]))),
        covered / whole if whole else 0.0,
        standing / whole if whole else 0.0,
    )


def propose(values: Mapping[str, int], meaning: str, tables: Iterable[CodeTable]) -> Mapping_ | None:
    """The code table that a column most likely follows, or None.

    A table for the column's own meaning comes first. Bare numbers fit many tables, so where nothing but codes of one
    or two digits match, only the meaning can decide.
    """
    best: tuple[float, Mapping_] | None = None
    for table in tables:
        found = against(values, table)
        meant = meaning in table.meanings
        worded = any(m.how != "code" or not m.value.strip().isdigit() for m in found.mapped)
        different = {m.code for m in found.mapped}
        if found.share < ENOUGH or len(different) < min(WORDY, len(table.codes)) or not (meant or worded):
            continue
        worth = found.share + meant + len(different) / len(table.codes)
        if best is None or worth > best[0]:
            best = worth, found
    return best[1] if best else None


def _spellings(table: CodeTable) -> dict[str, tuple[Code, str]]:
    """Spelling -> code and how. A code wins over a meaning, a meaning over an alias."""
    found: dict[str, tuple[Code, str]] = {}
    for how in ("code", "meaning", "alias"):
        for code in table.codes:
            for text in _said(code, how):
                found.setdefault(_plain(text), (code, how))
    return found


def _said(code: Code, how: str) -> list[str]:
    if how == "code":
        return [code.code, *([code.code.lstrip("0") or "0"] if code.code.isdigit() else [])]
    return [t for t in (code.en, code.zh) if t] if how == "meaning" else list(code.aliases)


def _plain(text: str) -> str:
    """Full-width letters and digits as narrow ones, without case and blanks around; `1.0` as `1`."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    return plain.removesuffix(".0") if plain.removesuffix(".0").isdigit() else plain
