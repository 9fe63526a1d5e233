"""Two columns' values in one cell while the other is empty: `Bend OR` and nothing, for `Bend` and `OR`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assets.quality.detect.coded import MISSING, Coded

LEAST = 3  # cells
ALONE = 0.8  # of the cells that end so must have the other column empty
KNOWN = 2  # rows from which a value of the other column is one


@dataclass(frozen=True)
class Merged:
    """Values of `column` that hold one of `other`: code -> (own part, the other's part)."""

    column: int
    other: int
    parts: dict[int, tuple[str, str]]
    confidence: float


def merged(columns: Sequence[Coded]) -> Iterator[Merged]:
    """Pairs of columns with cells run together."""
    domains = [{v for v, n in zip(c.values, c.counts.tolist(), strict=True) if v and n >= KNOWN} for c in columns]
    holes = [place for place, c in enumerate(columns) if c.counts[MISSING] >= LEAST and c.filled]
    for place, column in enumerate(columns):
        cut = {code: text.rsplit(" ", 1) for code, text in enumerate(column.values) if " " in text and len(text) < 200}
        if len(cut) < LEAST:
            continue
        for other in holes:
            found = _pair(columns, place, other, cut, domains[other]) if other != place else None
            if found is not None:
                yield found


def _pair(
    columns: Sequence[Coded], place: int, other: int, cut: dict[int, list[str]], domain: set[str]
) -> Merged | None:
    parts = {code: (own.rstrip(" ,;/-"), rest) for code, (own, rest) in cut.items() if rest in domain}
    parts = {code: part for code, part in parts.items() if part[0]}
    if not parts:
        return None
    codes, theirs = columns[place].codes, columns[other].codes
    empty: Counter[int] = Counter(codes[theirs == MISSING].tolist())
    alone = {code: empty[code] for code in parts if empty[code]}
    rows = sum(int(columns[place].counts[code]) for code in parts)
    hit = sum(alone.values())
    if hit < LEAST or hit < ALONE * rows:
        return None
    # what is left must mostly be a value of the column, or the rest tells nothing
    known = sum(parts[code][0] in set(columns[place].values) for code in alone)
    confidence = min(0.98, (hit + known + 1) / (rows + len(alone) + 2))
    return Merged(place, other, {code: parts[code] for code in alone}, confidence)
