"""How much a column that is gone is like one that is new: by its values' profile, its name, its type and its place."""

import re
from collections.abc import Iterable

from assets.catalog.model import Base, ColumnInfo, Meaning, Profile, Top
from assets.catalog.relations.names import within

NUMERIC = {Base.INTEGER, Base.NUMBER}
TIMES = {Base.DATE, Base.TIMESTAMP}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]")


def words(name: str) -> list[str]:
    """`customerID_2` -> customer, id, 2; Chinese character by character."""
    return [w.lower() for w in _WORDS.findall(name)] or [name.lower()]


def of_names(one: str, other: str) -> float:
    """0 to 1: the better of the shared words and the letters (Jaro-Winkler over the words put together)."""
    import jellyfish

    a, b = words(one), words(other)
    shared = len(set(a) & set(b)) / len(set(a) | set(b))
    letters = jellyfish.jaro_winkler_similarity("".join(a), "".join(b))
    abbreviated = 0.8 if _abbreviates(a, b) or _abbreviates(b, a) else 0.0
    # below 0.7 Jaro-Winkler is what any two words have
    return max(shared, abbreviated, max(0.0, (letters - 0.7) / 0.3))


def _abbreviates(short: list[str], long: list[str]) -> bool:
    """`cust_nm` of `customer_name`, `dob` of `date_of_birth`: the short one's letters, in order, each word's first."""
    if "".join(short) == "".join(w[0] for w in long) and len(long) > 1:
        return True
    return len(short) == len(long) and all(
        s[0] == w[0] and len(s) > 1 and within(s, w) for s, w in zip(short, long, strict=True)
    )


def of_bases(one: ColumnInfo, other: ColumnInfo) -> float:
    """1 for the same type, less for a related one, 0 where one cannot be the other's new name."""
    if one.base == other.base:
        return 1.0 if one.type.lower() == other.type.lower() else 0.9
    pair = {one.base, other.base}
    if pair <= NUMERIC or pair <= TIMES:
        return 0.7
    return 0.3 if Base.TEXT in pair or Base.OTHER in pair else 0.0


def of_profiles(one: Profile, other: Profile) -> tuple[float, float]:
    """How alike the values are and how much that says, both 0 to 1: a column of nothing but nulls says nothing."""
    parts = [
        _ratio(_part(one.nulls, one.rows), _part(other.nulls, other.rows)),
        _ratio(_part(one.distinct, one.rows - one.nulls), _part(other.distinct, other.rows - other.nulls)),
    ]
    telling = 0.1
    for likeness, weight in (_tops(one, other), _patterns(one, other), _quantiles(one, other), _ends(one, other)):
        if likeness is not None:
            parts.append(likeness)
            telling += weight
    return sum(parts) / len(parts), min(1.0, telling)


def of_meanings(one: Meaning | None, other: Meaning | None) -> float | None:
    """Whether both mean the same; None where one of them is not known."""
    return None if one is None or other is None else float(one.type == other.type)


def _tops(one: Profile, other: Profile) -> tuple[float | None, float]:
    if not one.top or not other.top:
        return None, 0.0
    # two flags of 0 and 1 are alike whatever they mean, so few values tell little
    return _overlap(one.top, one.rows, other.top, other.rows), 0.1 + 0.06 * min(5, one.distinct)


def _patterns(one: Profile, other: Profile) -> tuple[float | None, float]:
    if not one.patterns or not other.patterns:
        return None, 0.0
    return _overlap(one.patterns, one.rows, other.patterns, other.rows), 0.1


def _quantiles(one: Profile, other: Profile) -> tuple[float | None, float]:
    if len(one.quantiles) != len(other.quantiles) or not one.quantiles:
        return None, 0.0
    spread = max(one.quantiles[-1] - one.quantiles[0], other.quantiles[-1] - other.quantiles[0])
    if not spread:
        return float(one.quantiles == other.quantiles), 0.1
    apart = sum(abs(a - b) for a, b in zip(one.quantiles, other.quantiles, strict=True)) / len(one.quantiles)
    return max(0.0, 1 - 2 * apart / spread), 0.3


def _ends(one: Profile, other: Profile) -> tuple[float | None, float]:
    if not (one.low and other.low):
        return None, 0.0
    return ((one.low == other.low) + (one.high == other.high)) / 2, 0.2


def _overlap(one: Iterable[Top], rows: int, other: Iterable[Top], others: int) -> float:
    """Shared share of two lists of frequent values: the sum of the lesser shares over the sum of the greater."""
    a = {t.value: t.count / max(1, rows) for t in one}
    b = {t.value: t.count / max(1, others) for t in other}
    keys = a.keys() | b.keys()
    greater = sum(max(a.get(k, 0.0), b.get(k, 0.0)) for k in keys)
    return sum(min(a.get(k, 0.0), b.get(k, 0.0)) for k in keys) / greater if greater else 0.0


def _part(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _ratio(a: float, b: float) -> float:
    return 1.0 if a == b else min(a, b) / max(a, b)
