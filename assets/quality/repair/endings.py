"""The same end of all values of a column, put back where it was mistyped: `89x` where all others end in `%`."""

from collections import Counter
from collections.abc import Sequence

from assets.quality.detect.coded import Coded
from assets.quality.detect.shapes import coarse

SHARE = 0.5  # of the rows that must have the end
LONGEST = 30


def endings(column: Coded, odd: Sequence[int]) -> dict[int, str]:
    """Odd values with the usual end put right: code -> text, where what results has a usual shape.

    Args:
        odd: codes of values of an odd shape.
    """
    skipped = set(odd)
    usual = [c for c in range(1, len(column.values)) if column.counts[c] and c not in skipped]
    by_last: Counter[str] = Counter()
    for code in usual:
        by_last[column.values[code][-1:]] += int(column.counts[code])
    if not by_last:
        return {}
    last, rows = by_last.most_common(1)[0]
    ending = _common([column.values[c] for c in usual if column.values[c].endswith(last)])
    if not ending or ending.isdigit() or rows < SHARE * column.filled:
        return {}
    shapes = {coarse(column.values[c]) for c in usual}
    found = {}
    for code in odd:
        after = _mended(column.values[code], ending, shapes)
        if after is not None:
            found[code] = after
    return found


def _common(texts: Sequence[str]) -> str:
    """The longest end of all texts that holds no digit."""
    low, high = min(t[::-1][:LONGEST] for t in texts), max(t[::-1][:LONGEST] for t in texts)
    shared = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    end = low[:shared][::-1]
    for place in range(len(end) - 1, -1, -1):
        if end[place].isdigit():
            return end[place + 1 :]
    return end


def _mended(text: str, ending: str, shapes: set[str]) -> str | None:
    """With characters of the end replaced; where some are lost or too many, digits may be too: not mended."""
    head, tail = text[: len(text) - len(ending)], text[len(text) - len(ending) :]
    away = sum(a != b for a, b in zip(tail, ending, strict=False))
    if not head or not 0 < away <= (1 if len(ending) < 5 else 2) or coarse(head + ending) not in shapes:
        return None
    return head + ending
