"""Places for the boxes and arrows of a graph: connected parts apart, each in columns, with short arrows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from serving.studio.layers import Layered, Pair, layered, neighbours

BETWEEN = 90.0  # columns, so that arrows can be told apart
GAP = 14.0  # between the boxes of a column
APART = 40.0  # between parts that nothing connects
SETTLE = 6  # rounds in which boxes move towards their neighbours
Size = tuple[float, float]
Spot = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Where things are, in pixels from the upper left corner.

    Attributes:
        spots: box -> its upper left corner.
        bends: edge -> the points between its ends.
    """

    spots: dict[str, Spot]
    bends: dict[Pair, list[Spot]]
    width: float
    height: float


def lay_out(sizes: Mapping[str, Size], edges: Iterable[Pair], wide: float = 1600.0) -> Layout:
    """Places boxes of given sizes (width, height).

    Args:
        edges: between names of `sizes`; others are left out.
        wide: up to where small parts stand side by side.
    """
    kept = [(a, b) for a, b in edges if a in sizes and b in sizes and a != b]
    parts = _parts(list(sizes), kept)
    made = [_part(sizes, part, [e for e in kept if e[0] in part]) for part in _as_sets(parts)]
    made.sort(key=lambda m: -m.width * m.height)
    wide = max(wide, made[0].width) if made else wide
    return _packed(made, wide)


def _as_sets(parts: Iterable[Sequence[str]]) -> list[dict[str, None]]:
    return [dict.fromkeys(part) for part in parts]


def _parts(boxes: Sequence[str], edges: Sequence[Pair]) -> list[list[str]]:
    after, before = neighbours(edges)
    seen: set[str] = set()
    parts = []
    for box in boxes:
        if box in seen:
            continue
        seen.add(box)
        part = [box]
        for found in part:  # grows
            new = [n for n in (*after.get(found, ()), *before.get(found, ())) if n not in seen]
            fresh = list(dict.fromkeys(new))
            seen.update(fresh)
            part += fresh
        parts.append(part)
    return parts


def _part(sizes: Mapping[str, Size], part: Mapping[str, None], edges: Sequence[Pair]) -> Layout:
    found = layered(list(part), edges)
    heights = {name: sizes[name][1] if name in sizes else 0.0 for column in found.columns for name in column}
    centres = _settled(found, heights)
    top = min((centres[n] - heights[n] / 2 for n in centres), default=0.0)
    spots: dict[str, Spot] = {}
    points: dict[str, Spot] = {}
    x = 0.0
    for column in found.columns:
        width = max((sizes[n][0] for n in column if n in sizes), default=0.0)
        for name in column:
            if name in sizes:
                spots[name] = (x, centres[name] - heights[name] / 2 - top)
            else:
                points[name] = (x + width / 2, centres[name] - top)
        x += width + BETWEEN
    height = max((spots[n][1] + heights[n] for n in spots), default=0.0)
    bends = {edge: [points[n] for n in way] for edge, way in found.bends.items()}
    return Layout(spots, bends, x - BETWEEN, max([height, *(y for _, y in points.values())]))


def _settled(found: Layered, heights: Mapping[str, float]) -> dict[str, float]:
    """The vertical centres: each column as near to the means of its neighbours as order and sizes allow."""
    after, before = neighbours(found.links)
    centres: dict[str, float] = {}
    for column in found.columns:
        centres |= _stacked(column, heights, [0.0] * len(column))
    for turn in range(SETTLE):
        columns = found.columns if turn % 2 == 0 else found.columns[::-1]
        for column in columns:
            near = [(*before.get(n, ()), *after.get(n, ())) for n in column]
            wanted = [
                sum(centres[m] for m in known) / len(known) if known else centres[n]
                for n, known in zip(column, near, strict=True)
            ]
            centres |= _stacked(column, heights, wanted)
    return centres


def _stacked(column: Sequence[str], heights: Mapping[str, float], wanted: Sequence[float]) -> dict[str, float]:
    """Centres without overlap, with the least sum of squared distances to the wanted ones.

    An isotonic regression by pooling adjacent violators (Ayer et al. 1955), after taking the least distances off.
    """
    offsets, offset = [], 0.0
    for n, name in enumerate(column):
        if n:
            before = column[n - 1]
            gap = GAP if heights[name] and heights[before] else GAP / 2  # bends may lie closer
            offset += (heights[before] + heights[name]) / 2 + gap
        offsets.append(offset)
    pools: list[tuple[float, int]] = []  # mean, members
    for want, off in zip(wanted, offsets, strict=True):
        mean, members = want - off, 1
        while pools and pools[-1][0] > mean:
            last, many = pools.pop()
            mean = (mean * members + last * many) / (members + many)
            members += many
        pools.append((mean, members))
    means = [mean for mean, members in pools for _ in range(members)]
    return {name: mean + off for name, mean, off in zip(column, means, offsets, strict=True)}


def _packed(parts: Sequence[Layout], wide: float) -> Layout:
    """Parts in rows, the largest first."""
    spots: dict[str, Spot] = {}
    bends: dict[Pair, list[Spot]] = {}
    x = y = row = width = 0.0
    for part in parts:
        if x and x + part.width > wide:
            x, y, row = 0.0, y + row + APART, 0.0
        spots |= {name: (px + x, py + y) for name, (px, py) in part.spots.items()}
        bends |= {edge: [(px + x, py + y) for px, py in way] for edge, way in part.bends.items()}
        row, width = max(row, part.height), max(width, x + part.width)
        x += part.width + APART
    return Layout(spots, bends, width, y + row)
