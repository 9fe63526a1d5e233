"""Values of a shape that their column hardly ever has: letters among digits, a sign missing, a wrong length.

A column has a form when few shapes cover almost all its rows; a shape outside them is odd by how rare it is. Shapes
are tried from fine (`99-99`, lengths count) to coarse (`9-9`), the finest with which the column has a form is used.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from assets.quality.detect.coded import Coded

COVER = 0.93  # share of the rows that the usual shapes must have
USUAL = 0.02  # share of the rows from which a shape is usual
MOST = 6  # usual shapes
LONG = 60


def odd(column: Coded, ignore: frozenset[int] = frozenset()) -> dict[int, tuple[str, float]]:
    """Codes of odd values: (why, confidence).

    Args:
        ignore: codes not looked at, and not counted.
    """
    codes = [c for c in range(1, len(column.values)) if column.counts[c] and c not in ignore]
    rows = sum(int(column.counts[c]) for c in codes)
    if rows < 50 or any(len(column.values[c]) > LONG for c in codes[:200]):
        return {}
    for shape in (fine, coarse):
        shapes, weight = _weighed(column, codes, shape)
        usual = {s for s, n in weight.items() if n >= USUAL * rows}
        covered = sum(weight[s] for s in usual)
        if 0 < len(usual) <= MOST and covered >= COVER * rows and any(any(ch.isdigit() for ch in s) for s in usual):
            free = _free_lengths(usual)
            rare = {c: s for c, s in shapes.items() if s not in usual and coarse(s) not in free}
            sure = covered / rows
            return {
                c: (
                    f"shape {s!r}; {covered} of {rows} rows have {_some(weight)}",
                    0.5 + 0.45 * sure * (1 - weight[s] / rows),
                )
                for c, s in rare.items()
                if weight[s] <= max(2, 0.005 * rows)
            }
    return {}


def _weighed(column: Coded, codes: Sequence[int], shape: Callable[[str], str]) -> tuple[dict[int, str], Counter[str]]:
    """The shape of each code, and how many rows have it."""
    shapes = {c: shape(column.values[c]) for c in codes}
    weight: Counter[str] = Counter()
    for c in codes:
        weight[shapes[c]] += int(column.counts[c])
    return shapes, weight


def _free_lengths(usual: set[str]) -> set[str]:
    """Coarse shapes that the usual ones have in several lengths: 9 of 99 and 999."""
    seen = Counter(coarse(s) for s in usual)
    return {s for s, n in seen.items() if n > 1}


def fine(text: str) -> str:
    """Digits as 9 and letters as a, each; the rest as it stands."""
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))


def coarse(text: str) -> str:
    """Runs of digits as 9, runs of letters as a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))


def _some(weight: Counter[str]) -> str:
    return ", ".join(repr(s) for s, _ in weight.most_common(2))


def pattern(column: Coded) -> str | None:
    """A regular expression of the usual shapes, or None where the column has no form."""
    codes = [c for c in range(1, len(column.values)) if column.counts[c]]
    rows = sum(int(column.counts[c]) for c in codes)
    for shape in (fine, coarse):
        _, weight = _weighed(column, codes, shape)
        usual = [s for s, n in weight.most_common(MOST) if n >= USUAL * rows]
        if usual and sum(weight[s] for s in usual) >= COVER * rows:
            return "|".join(_regex(s, shape is coarse) for s in usual)
    return None


def _regex(shape: str, runs: bool) -> str:
    """A shape as a regular expression: `[0-9]` and `\\p{L}`, with + for runs or a count for repeats."""
    made = []
    for match in re.finditer(r"9+|a+|[^9a]+", shape):
        part = match.group()
        name = {"9": "[0-9]", "a": r"\p{L}"}.get(part[0])
        if name is None:
            made.append(re.escape(part))
        else:
            made.append(name + ("+" if runs else f"{{{len(part)}}}" if len(part) > 1 else ""))
    return "".join(made)
