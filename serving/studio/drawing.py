"""A graph as boxes with columns and arrows between them, sized, placed and ready for a template to draw."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple
from unicodedata import east_asian_width

from serving.studio.layout import Spot, lay_out

LETTER, WIDE_LETTER = 7.2, 13.0  # pixels of a character, so that texts fit
BOLD, SMALL = 1.16, 0.87  # how much wider and narrower titles and second lines are
LEAST, MOST = 120.0, 290.0  # width of a box
HEAD, LINE, FOOT = 40.0, 20.0, 6.0  # heights in a box
MARGIN = 24.0
MOST_LINES = 40  # columns of an open box


@dataclass(frozen=True)
class Box:
    """A node to draw.

    Attributes:
        key: unique; the arrows name it.
        title, under: its two lines.
        link, toggle: addresses it leads to, and that opens or closes its columns; "" for none.
        columns: those shown, with their classes.
        more: columns that are not shown.
        kind, mark: classes that colour it.
    """

    key: str
    title: str
    under: str = ""
    link: str = ""
    toggle: str = ""
    kind: str = ""
    mark: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    more: int = 0
    opened: bool = False


class Arrow(NamedTuple):
    """From a box, or a column of it, to another; `mark` are classes that colour it."""

    start: str
    end: str
    start_column: str = ""
    end_column: str = ""
    mark: str = ""
    says: str = ""


class Line(NamedTuple):
    """A column's line in a drawn box: the place of its text, the text that fits, the whole, and its classes."""

    y: float
    shown: str
    name: str
    mark: str


class DrawnBox(NamedTuple):
    """A box in its place."""

    number: int
    box: Box
    x: float
    y: float
    width: float
    height: float
    title: str
    under: str
    lines: tuple[Line, ...]


class DrawnArrow(NamedTuple):
    """A path, as SVG writes it, between two numbered boxes."""

    path: str
    start: int
    end: int
    mark: str
    says: str


@dataclass(frozen=True)
class Drawing:
    """Everything to draw, in pixels."""

    boxes: list[DrawnBox] = field(default_factory=list)
    arrows: list[DrawnArrow] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def draw(boxes: Sequence[Box], arrows: Iterable[Arrow], wide: float = 1500.0) -> Drawing:
    """Places boxes and arrows; arrows from and to what is no box are left out."""
    shown = {b.key: b for b in boxes}
    sizes = {b.key: _size(b) for b in boxes}
    kept = [a for a in dict.fromkeys(arrows) if a.start in shown and a.end in shown]
    layout = lay_out(sizes, [(a.start, a.end) for a in kept], wide)
    numbers = {key: n for n, key in enumerate(shown)}
    drawn = [_box(numbers[b.key], b, layout.spots[b.key], sizes[b.key]) for b in boxes]
    by_key = {d.box.key: d for d in drawn}
    bends = layout.bends
    paths = [
        DrawnArrow(_path(by_key, a, bends.get((a.start, a.end), [])), numbers[a.start], numbers[a.end], a.mark, a.says)
        for a in kept
        if a.start != a.end
    ]
    return Drawing(drawn, paths, layout.width + 2 * MARGIN, layout.height + 2 * MARGIN)


def fit(text: str, width: float) -> str:
    """The text, or its beginning and an ellipsis, to fit into a width."""
    if measure(text) <= width:
        return text
    kept, used = [], LETTER
    for letter in text:
        used += measure(letter)
        if used > width:
            break
        kept.append(letter)
    return "".join(kept) + "…"


def measure(text: str) -> float:
    """About how wide a text is drawn, in pixels; looks at no more than could be drawn."""
    return sum(WIDE_LETTER if east_asian_width(c) in "WF" else LETTER for c in text[:200])


def _size(box: Box) -> tuple[float, float]:
    head = max(measure(box.title) * BOLD, measure(box.under) * SMALL) + 40
    texts = [head, *(measure(n) + 24 for n, _ in box.columns)]
    lines = len(box.columns) + bool(box.more)
    return min(max(LEAST, *texts), MOST), HEAD + (lines * LINE + FOOT if lines else 0)


def _box(number: int, box: Box, spot: Spot, size: tuple[float, float]) -> DrawnBox:
    x, y, (width, height) = spot[0] + MARGIN, spot[1] + MARGIN, size
    lines = [
        Line(round(y + HEAD + LINE * (n + 0.5), 1), fit(name, width - 20), name, mark)
        for n, (name, mark) in enumerate(box.columns)
    ]
    title, under = fit(box.title, (width - 36) / BOLD), fit(box.under, (width - 36) / SMALL)
    return DrawnBox(
        number, box, round(x, 1), round(y, 1), round(width, 1), round(height, 1), title, under, tuple(lines)
    )


def _path(boxes: Mapping[str, DrawnBox], arrow: Arrow, bends: Sequence[Spot]) -> str:
    """A smooth line through the bends; it leaves to the side on which its end lies."""
    start, end = boxes[arrow.start], boxes[arrow.end]
    right = start.x + start.width / 2 <= end.x + end.width / 2
    first = (start.x + start.width if right else start.x, _port(start, arrow.start_column))
    last = (end.x if right else end.x + end.width, _port(end, arrow.end_column))
    points = [first, *((x + MARGIN, y + MARGIN) for x, y in bends), last]
    parts = [f"M{first[0]:.0f} {first[1]:.0f}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        parts.append(f"C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}")
    return "".join(parts)


def _port(drawn: DrawnBox, column: str) -> float:
    return next((line.y for line in drawn.lines if line.name == column and column), drawn.y + HEAD / 2)
