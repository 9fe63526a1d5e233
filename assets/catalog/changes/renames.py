"""Pairs what is gone with what is new: columns of a table and tables of a source that only changed their name.

The evidence is added up for every pair, and the best one-to-one assignment is taken (Kuhn-Munkres), so that two
renamed columns do not both go to the same new one. A pair counts from `ENOUGH` on; below it there was one column
removed and one added, which is the safer thing to say, because it is the breaking one.
"""

from collections.abc import Callable, Mapping, Sequence
from math import exp
from typing import NamedTuple, TypeVar

from assets.catalog.changes import likeness
from assets.catalog.model import ColumnInfo, Meaning, Profile, ScannedTable

ENOUGH = 0.62  # probability from which a pair counts as renamed
PRIOR = -1.6  # log odds of any pair of a column that is gone and one that is new
T = TypeVar("T")


class Rename(NamedTuple):
    """`before` is now called `after`; confidence 0 to 1; `why` in words."""

    before: str
    after: str
    confidence: float
    why: tuple[str, ...]


def columns(before: ScannedTable, after: ScannedTable) -> list[Rename]:
    """Columns of one table that were renamed between two scans."""
    old = {c.name: c for c in before.table.columns}
    new = {c.name: c for c in after.table.columns}
    gone = [c for name, c in old.items() if name not in new]
    come = [c for name, c in new.items() if name not in old]
    places = _places(before.table.columns, new), _places(after.table.columns, old)

    def judge(one: ColumnInfo, other: ColumnInfo) -> tuple[float, tuple[str, ...]]:
        type_ = likeness.of_bases(one, other)
        if not type_:
            return 0.0, ()
        place = places[0][one.name] == places[1][other.name]
        return _judge(
            likeness.of_names(one.name, other.name),
            _content(before.profiles, one.name, after.profiles, other.name),
            likeness.of_meanings(_of(before.meanings, one.name), _of(after.meanings, other.name)),
            type_,
            place,
        )

    return _assign(gone, come, judge, lambda c: c.name)


def tables(before: Sequence[ScannedTable], after: Sequence[ScannedTable]) -> list[Rename]:
    """Tables of one source that were renamed: by the columns they have in common."""
    olds, news = {t.table.path for t in before}, {t.table.path for t in after}

    def judge(one: ScannedTable, other: ScannedTable) -> tuple[float, tuple[str, ...]]:
        a = {(c.name.lower(), c.base) for c in one.table.columns}
        b = {(c.name.lower(), c.base) for c in other.table.columns}
        shared = len(a & b) / len(a | b) if a | b else 0.0
        names = likeness.of_names(one.table.name, other.table.name)
        rows = [t.table.rows or 0 for t in (one, other)]
        counts = min(rows) / max(rows) if max(rows) else 1.0
        why = (f"{len(a & b)} of {len(a | b)} columns are the same", f"names {names:.0%} alike", f"rows {counts:.0%}")
        # few columns (id, name) are shared by tables that have nothing to do with each other
        return min(1.0, shared * (0.55 + 0.05 * min(5, len(a & b))) + 0.2 * names + 0.1 * counts), why

    return _assign(
        [t for t in before if t.table.path not in news],
        [t for t in after if t.table.path not in olds],
        judge,
        lambda t: t.table.path,
    )


def _judge(
    names: float, content: tuple[float, float] | None, meant: float | None, type_: float, place: bool
) -> tuple[float, tuple[str, ...]]:
    """Adds the evidence up as log odds. An unlike name is no evidence against a rename, unlike values are."""
    alike, telling = content or (0.0, 0.0)
    odds = PRIOR + 3 * names + telling * (6 * alike**2 - 3) + (1.4 if place else -0.4) - 3 * (1 - type_)
    odds += 0.0 if meant is None else 2 * meant - 1
    why = [f"names {names:.0%} alike"] if names > 0.5 else []
    why += [f"values {alike:.0%} alike"] if telling > 0.2 else ["too little in it to compare values"]
    why += ["same place"] if place else []
    why += ["same meaning"] if meant else []
    return 1 / (1 + exp(-odds)), tuple(why)


def _content(
    before: Mapping[str, Profile], one: str, after: Mapping[str, Profile], other: str
) -> tuple[float, float] | None:
    a, b = before.get(one), after.get(other)
    return likeness.of_profiles(a, b) if a and b else None


def _of(meanings: Mapping[str, Meaning], column: str) -> Meaning | None:
    return meanings.get(column)


def _places(columns: Sequence[ColumnInfo], kept: Mapping[str, ColumnInfo]) -> dict[str, tuple[str, int]]:
    """Column -> the column before it that both versions have, and how many places after it: stable when others go."""
    found, last, since = {}, "", 0
    for column in columns:
        if column.name in kept:
            last, since = column.name, 0
        else:
            since += 1
            found[column.name] = (last, since)
    return found


def _assign(
    gone: Sequence[T],
    come: Sequence[T],
    judge: Callable[[T, T], tuple[float, tuple[str, ...]]],
    name: Callable[[T], str],
) -> list[Rename]:
    if not gone or not come:
        return []
    from scipy.optimize import linear_sum_assignment

    judged = [[judge(one, other) for other in come] for one in gone]
    chosen = linear_sum_assignment([[score for score, _ in row] for row in judged], maximize=True)
    return [
        Rename(name(gone[i]), name(come[j]), round(judged[i][j][0], 3), judged[i][j][1])
        for i, j in zip(*chosen, strict=True)
        if judged[i][j][0] >= ENOUGH
    ]
