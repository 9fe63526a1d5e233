"""The same end of all values of a column, put back where it was mistyped: `89x` where all others end in `%`."""

from collections import Counter
from collections.abc import Sequence

from assets.quality.detect.coded import Coded
from assets.quality.detect.shapes import coarse

SHARE = 0.9  # of the rows that must have the end
LONGEST = 30


def endings(column: Coded, odd: Sequence[int]) -> dict[int, str]:
    """Odd values with the usual end put right: code -> text, where what results has a usual shape.

    Args:
        odd: codes of values of an odd shape.
    """
    skipped = set(odd)
    usual = [c for c in range(1, len(column.values)) if column.counts[c] and c not in skipped]
    ending = _common([(column.values[c][::-1][:LONGEST], int(column.counts[c])) for c in usual])
    if not ending:
        return {}
    shapes = {coarse(column.values[c]) for c in usual}
    found = {}
    for code in odd:
        after = _mended(column.values[code], ending, shapes)
        if after is not None:
            found[code] = after
    return found


def _common(texts: Sequence[tuple[str, int]]) -> str:
    """The longest end without a digit that SHARE of the rows have, from texts written backwards with their rows."""
    total = sum(rows for _, rows in texts)
    end = ""
    while len(end) < LONGEST:
        following: Counter[str] = Counter()
        for text, rows in texts:
            if text.startswith(end):
                following[text[len(end) : len(end) + 1]] += rows
        best, rows = following.most_common(1)[0] if following else ("", 0)
        if not best or best.isdigit() or rows < SHARE * total:
            break
        end += best
    return end[::-1]


def _mended(text: str, ending: str, shapes: set[str]) -> str | None:
    """With characters of the end replaced; where some are lost or too many, digits may be too: not mended."""
    head, tail = text[: len(text) - len(ending)], text[len(text) - len(ending) :]
    away = sum(a != b for a, b in zip(tail, ending, strict=False))
    if not head or not 0 < away <= (1 if len(ending) < 5 else 2) or coarse(head + ending) not in shapes:
        return None
    return head + ending
