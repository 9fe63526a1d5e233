"""Primary-key candidates: single columns by uniqueness, name, place and type; pairs and triples on the sampled rows."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from assets.catalog.model import Base
from assets.catalog.relations import names
from assets.catalog.relations.model import ColumnSketch, KeyCandidate, TableSample
from assets.catalog.relations.overlap import mixed

WIDEST = 3  # columns in a composite key
PARTS = 8  # columns tried for composite keys, the likeliest first
NEARLY = 0.995  # a key with some duplicates of bad loads is still one, but never an exact one
_KEY_TYPES = (Base.INTEGER, Base.TEXT)


def candidates(table: TableSample, limit: int = 5) -> list[KeyCandidate]:
    """The table's key candidates, the best first; composite ones only where no single column identifies by name."""
    singles = [k for place in range(len(table.columns)) if (k := _single(table, place)) is not None]
    best = max((k.score for k in singles), default=0.0)
    found = singles
    if best < 0.7 and table.rows > 1:
        found = singles + list(_composites(table, {k.columns[0] for k in singles if k.score >= 0.5}))
    return sorted(found, key=lambda k: (-k.score, len(k.columns)))[:limit]


def is_unique(column: ColumnSketch) -> bool:
    """Whether hardly any value occurs twice."""
    return column.filled > 0 and column.uniqueness >= NEARLY


def name_fit(table: str, column: str) -> float:
    """How much a column's name says that it identifies the table's rows, 0 to 1."""
    words, what = names.core(column), names.subject(table)
    known = names.identifies(column)
    if not words:
        return 1.0 if known else 0.0
    near = names.similarity(words, what)
    near = max(near, 0.9 * names.share(words, what) * (words[-1:] == what[-1:] or len(what) == 1))
    if "".join(words) == names.initials(what) and len(what) > 1:
        near = max(near, 0.9)
    if len(words) == 1 and len(words[0]) == 1 and known and what[0].startswith(words[0]):
        near = max(near, 0.8)  # aid of albums
    if words[-1] in ("name", "title") and (not words[:-1] or what[0].startswith(words[0])):
        near = max(near, 0.8)  # tables of names, as g_name of genre
    return near if known else 0.6 * near


def _single(table: TableSample, place: int) -> KeyCandidate | None:
    column = table.columns[place]
    if not is_unique(column) or column.missing > 0.01 * column.rows:
        return None
    fit = name_fit(table.table, column.name)
    known = names.identifies(column.name)
    score = 0.25 + 0.4 * fit + 0.1 * known + 0.2 * (place == 0) + 0.05 * (place == 1)
    score -= 0.3 * (column.base not in _KEY_TYPES) + 0.15 * (column.base is Base.TEXT and column.length > 20)
    score -= 0.15 * (known and fit < 0.3 and place > 0)  # another table's identifier that happens to be unique
    reasons = [f"{column.distinct} values in {column.filled} rows, none twice"]
    if column.uniqueness < 1:
        score -= 0.1
        reasons = [f"{100 * column.uniqueness:.2f}% of the values occur once"]
    if column.missing:
        score -= 0.2
        reasons.append(f"{column.missing} rows without a value")
    reasons += ["named as the table's identifier"] * (fit >= 0.7) + ["first column"] * (place == 0)
    score = min(max(score, 0.0), 1.0)
    return KeyCandidate(table.source, table.table, (column.name,), round(score, 3), column.complete, tuple(reasons))


def _composites(table: TableSample, single: set[str]) -> Iterator[KeyCandidate]:
    """Least sets of columns that are unique together; a superset of a unique set is not told."""
    usable = [
        p
        for p, c in enumerate(table.columns)
        if c.name not in single and not c.missing and c.base in (*_KEY_TYPES, Base.DATE) and c.distinct > 1
    ]
    usable = sorted(usable, key=lambda p: -_part(table, p))[:PARTS]
    unique: list[set[int]] = []
    for width in range(2, WIDEST + 1):
        for places in combinations(sorted(usable), width):
            if any(known <= set(places) for known in unique) or not _covers(table, places):
                continue
            if len(np.unique(mixed(table.sample[:, places]))) == len(table.sample):
                unique.append(set(places))
                yield _composite(table, places)


def _composite(table: TableSample, places: Sequence[int]) -> KeyCandidate:
    parts = float(np.mean([_part(table, p) for p in places]))
    score = 0.2 + 0.5 * parts + 0.15 * (tuple(places) == tuple(range(len(places)))) - 0.08 * (len(places) - 2)
    what = "all rows" if table.whole else f"{len(table.sample)} sampled rows"
    columns = tuple(table.columns[p].name for p in places)
    reasons = (f"together unique in {what}",)
    return KeyCandidate(table.source, table.table, columns, round(min(score, 1.0), 3), table.whole, reasons)


def _part(table: TableSample, place: int) -> float:
    """How likely a column is part of a composite key."""
    column = table.columns[place]
    named = names.identifies(column.name) or names.share(names.core(column.name), names.subject(table.table)) > 0.6
    return 0.55 * named + 0.25 * (place < 2) + 0.1 * (place == 2) + 0.1 * (column.base in _KEY_TYPES)


def _covers(table: TableSample, places: Sequence[int]) -> bool:
    """Whether there are enough combinations of values for the rows: pigeonhole."""
    total = 1
    for place in places:
        total *= table.columns[place].distinct
    return total >= table.rows
