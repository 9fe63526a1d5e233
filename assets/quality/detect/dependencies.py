"""Approximate dependencies ranked by how surely a group shares one value.

The measure is the chance-corrected agreement of two rows of a group (Goodman and Kruskal's tau, which is mu of
Piatetsky-Shapiro and Matheus, 1993, computed without a row's own vote, so that groups of one row say nothing and many
small groups are not taken for a rule). Rare values that look like a misspelling of their group's main value count as
agreeing: errors shall not hide the rule that tells them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from assets.quality.detect.coded import MISSING, Coded, Codes, Groups, as_numbers, group, pair

LEAST = 0.75  # strength below which nothing is learned from a rule
COVERED = 0.1  # share of the rows that lie in groups of two or more
SURE = 0.97  # single deciding columns this strong need no second
COLUMNS = 100  # columns that are compared with each other
WIDEST = 16  # columns of which pairs are tried
CLOSE = 70.0  # similarity of a misspelling, per cent
NOISY = 0.97  # strength of a dependency that shows through many errors
LARGE = 8  # rows of a group, and groups, by which it shows
CLEAR = 3.0  # times the leading value must be as frequent as the next
LEADING = 0.95  # share of the rows in groups with a clear leading value
LONG = 2000  # characters from which texts are not compared
SHORT = 3  # characters up to which one edit is close
COMPARED = 3000  # pairs of values compared for one rule
BETTER = 0.02  # strength by which a second deciding column shows that the first does not decide alone


@dataclass(frozen=True)
class Strong:
    """A dependency.

    Attributes:
        given, then: places of columns.
        strength: 0 (chance) to 1 (every two rows of a group agree).
        covered: share of the rows that lie in a group of two or more.
        unseen: share of these rows whose value no other row of the group has, misspellings aside.
        noise: share of wrong values among the decided ones where errors are many (see `_noise`), else 0.
        codes: of the deciding side, int64 [n].
        groups: counts of the decided values.
    """

    given: tuple[int, ...]
    then: int
    strength: float
    covered: float
    unseen: float
    noise: float
    codes: Codes
    groups: Groups


def dependencies(columns: Sequence[Coded], computed: Sequence[frozenset[int]] = ()) -> list[Strong]:
    """All dependencies of one or two columns worth a vote, the strongest first.

    Args:
        computed: columns that follow from each other by arithmetic: majorities say nothing within them.
    """
    close: dict[tuple[int, int, int], bool] = {}
    singles = list(_singles(columns, close))
    found = singles + list(_doubles(columns, singles, close))
    found = [s for s in found if not any(s.then in c and c & set(s.given) for c in computed)]
    pairs = [s for s in found if len(s.given) == 2]
    found = [s for s in found if s.strength >= LEAST and not _refined(s, pairs)]
    return sorted(found, key=lambda s: (-s.strength, len(s.given), s.given, s.then))


def _refined(rule: Strong, pairs: Sequence[Strong]) -> bool:
    """Whether a pair of columns with this one decides better: its contradictions are the other column's doing."""
    return len(rule.given) == 1 and any(
        f.then == rule.then and rule.given[0] in f.given and f.strength >= rule.strength + BETTER for f in pairs
    )


def _decides(column: Coded) -> bool:
    return column.distinct > 1 and bool((column.counts[1:] > 1).any())


def _measured(column: Coded) -> bool:
    """Whether a column is of decimals: what equal measurements have in common is chance."""
    numbers = as_numbers(column)
    return numbers is not None and bool((numbers[np.isfinite(numbers)] % 1 != 0).any())


def _singles(columns: Sequence[Coded], close: dict[tuple[int, int, int], bool]) -> Iterator[Strong]:
    telling = [place for place, column in enumerate(columns) if _decides(column)][:COLUMNS]
    for place in telling:
        column = columns[place]
        if _measured(column):
            continue
        for then in telling:
            if then == place:
                continue
            made = measure((place,), then, column.codes, columns, close)
            if made is not None:
                yield made


def _doubles(
    columns: Sequence[Coded], singles: Sequence[Strong], close: dict[tuple[int, int, int], bool]
) -> Iterator[Strong]:
    usable = sorted((p for p, c in enumerate(columns) if _decides(c)), key=lambda p: columns[p].distinct)[:WIDEST]
    giving = [p for p in usable if not _measured(columns[p])]
    single = {(s.given[0], s.then): s.strength for s in singles}
    best = {p: max((s.strength for s in singles if s.then == p), default=0.0) for p in usable}
    open_ = [p for p in usable if best[p] < SURE]
    for one, two in combinations(giving, 2):
        if max(single.get((one, two), 0.0), single.get((two, one), 0.0)) >= 0.9:
            continue  # the pair is no finer than one of the two
        targets = [t for t in open_ if t not in (one, two)]
        if not targets:
            continue
        codes = pair(columns[one].codes, columns[two].codes)
        for then in targets:
            made = measure((one, two), then, codes, columns, close)
            parts = max(single.get((one, then), 0.0), single.get((two, then), 0.0))
            if made is not None and made.strength >= max(LEAST, 0.5 + parts / 2):
                yield made


def measure(
    given: tuple[int, ...],
    then: int,
    codes: Codes,
    columns: Sequence[Coded],
    close: dict[tuple[int, int, int], bool],
) -> Strong | None:
    """The strength of a dependency, or None where it is too weak or covers too little."""
    target = columns[then]
    groups = group(codes, target.codes)
    owner = np.repeat(np.arange(len(groups.start) - 1), np.diff(groups.start))
    there = groups.value != MISSING
    count = np.where(there, groups.count, 0)
    size = np.bincount(owner, weights=count, minlength=len(groups.size))
    several = size >= 2
    total = float(size[several].sum())
    if total < max(4.0, COVERED * len(codes)):
        return None
    count = count.astype(np.float64)
    chance = _chance(count, groups)
    raw = _agreement(count, owner, size, several, total)
    if chance >= 0.9999 or raw < min(0.15 + chance, 0.5 * (1 + chance) - 0.25):
        return None
    _forgive(count, owner, groups, target, then, close)
    chance = min(0.9999, _chance(count, groups))
    strength = (_agreement(count, owner, size, several, total) - chance) / (1 - chance)
    noise = _noise(count, owner, groups, total)
    if noise is not None and strength < NOISY:
        return Strong(given, then, NOISY, total / len(codes), 0.0, noise, codes, groups)
    unseen = float(np.where((groups.count == 1) & several[owner], count, 0.0).sum() / total)
    return Strong(given, then, min(1.0, strength), total / len(codes), unseen, 0.0, codes, groups)


def _noise(count: np.ndarray, owner: Codes, groups: Groups, total: float) -> float | None:
    """The share of errors of a dependency under many errors, or None where the groups do not look like one.

    Large groups then have one leading value each, far before the next and mostly another one in each group, and what
    differs from it is scattered: values of few rows.
    """
    size = np.bincount(owner, weights=count, minlength=len(groups.size))
    order = np.lexsort((-count, owner))
    ranked, values = owner[order], groups.value[order]
    ordered = count[order]
    first = np.flatnonzero(np.diff(ranked, prepend=-1))
    lead, leader = ordered[first], values[first]
    second = np.where((first + 1 < len(order)) & (np.diff(np.append(first, len(order))) > 1), 1, 0)
    next_ = np.where(second == 1, ordered[np.minimum(first + 1, len(order) - 1)], 0.0)
    rows = size[ranked[first]]
    large = rows >= LARGE
    covered = float(rows[large].sum())
    if covered < 0.8 * total or large.sum() < LARGE:
        return None
    clear = large & (lead >= CLEAR * next_) & (lead >= 0.4 * rows)
    usual = np.bincount(leader[large], weights=rows[large]).max() / covered
    if rows[clear].sum() < LEADING * covered or usual > 0.3:
        return None
    return float(1 - lead[large].sum() / covered)


def _agreement(count: np.ndarray, owner: Codes, size: np.ndarray, several: np.ndarray, total: float) -> float:
    """Mean over rows of the share of the group's other rows that agree."""
    inside = several[owner]
    return float((count * (count - 1) / np.maximum(1, size[owner] - 1))[inside].sum() / total)


def _chance(count: np.ndarray, groups: Groups) -> float:
    """Agreement of any two rows."""
    share = np.bincount(groups.value, weights=count) / max(1.0, count.sum())
    return float((share**2).sum())


def _forgive(
    count: np.ndarray,
    owner: Codes,
    groups: Groups,
    target: Coded,
    then: int,
    close: dict[tuple[int, int, int], bool],
) -> None:
    """Moves the rows of misspellings to the main value of their group, in place.

    A misspelling is rare in the group, leads no group, and is close to the main value. Where values that lead groups
    are close to each other too (numbers, codes), closeness says less, and a smaller part is moved.
    """
    order = np.lexsort((-count, owner))
    first = np.ones(len(order), dtype=bool)
    first[1:] = owner[order][1:] != owner[order][:-1]
    main = np.zeros(len(groups.size), dtype=np.int64)
    main[owner[order[first]]] = order[first]
    leads = np.zeros(len(target.values), dtype=bool)
    leads[groups.value[main[owner[order[first]]]][count[order[first]] >= 2]] = True
    rare = np.flatnonzero((count > 0) & (count * 3 <= count[main[owner]]) & ~leads[groups.value])[:COMPARED]
    moved = [
        at
        for at in rare.tolist()
        if _close(int(groups.value[at]), int(groups.value[main[owner[at]]]), then, target, close)
    ]
    if not moved:
        return
    leading = np.flatnonzero(leads)
    base = _base(leading, then, target, close)
    part = max(0.0, 1 - base * len(rare) / len(moved))
    for at in moved:
        count[main[owner[at]]] += part * count[at]
        count[at] *= 1 - part


def _base(leading: Codes, then: int, target: Coded, close: dict[tuple[int, int, int], bool]) -> float:
    """Share of pairs of leading values that are close."""
    if len(leading) < 3:
        return 0.0
    steps = [1, 2, 3, 5, 8, 13]
    pairs = [
        (int(leading[i]), int(leading[(i + step) % len(leading)]))
        for step in steps
        if step < len(leading)
        for i in range(min(len(leading), 60))
    ]
    return sum(_close(a, b, then, target, close) for a, b in pairs) / len(pairs)


def _close(one: int, two: int, then: int, target: Coded, known: dict[tuple[int, int, int], bool]) -> bool:
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.fuzz import ratio

    key = (then, one, two)
    if key not in known:
        a, b = target.values[one], target.values[two]
        if max(len(a), len(b)) > LONG:
            known[key] = False
        elif min(len(a), len(b)) <= SHORT:
            known[key] = not (_number(a) and _number(b)) and Levenshtein.distance(a, b, score_cutoff=1) <= 1
        else:
            known[key] = ratio(a, b, score_cutoff=CLOSE) > 0
    return known[key]


def _number(text: str) -> bool:
    """Digits: another number is close to any short one."""
    return text.replace(".", "", 1).isdigit()
