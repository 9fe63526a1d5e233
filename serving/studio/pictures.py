"""Profiles as small pictures: rectangles that a template draws as SVG."""

from typing import NamedTuple

from assets.catalog.model import Bin, Profile

WIDE, HIGH = 240.0, 60.0
MOST_BINS = 60


class Bar(NamedTuple):
    """A rectangle, in pixels from the upper left corner, and what it says."""

    x: float
    y: float
    width: float
    height: float
    says: str


class Share(NamedTuple):
    """A frequent value, its rows and its part of all rows (0 to 1)."""

    value: str
    amount: int
    part: float


def histogram(profile: Profile, wide: float = WIDE, high: float = HIGH) -> list[Bar]:
    """The histogram's bins as bars; empty where there is none."""
    bins = profile.histogram[:MOST_BINS]
    most = max((b.count for b in bins), default=0)
    if not most:
        return []
    step = wide / len(bins)
    heights = [round(max(high * b.count / most, 1.0 if b.count else 0.0), 2) for b in bins]  # a few are not none
    return [
        Bar(round(n * step, 2), round(high - tall, 2), round(max(step - 1, 0.5), 2), tall, _says(b))
        for n, (b, tall) in enumerate(zip(bins, heights, strict=True))
    ]


def _says(found: Bin) -> str:
    return f"{found.low:g} – {found.high:g}: {found.count:,}"


def shares(profile: Profile) -> list[Share]:
    """The most frequent values; empty where values are withheld."""
    rows = max(profile.rows, 1)
    return [Share(t.value, t.count, min(1.0, t.count / rows)) for t in profile.top]


def filled(profile: Profile) -> float:
    """The part of rows with a value, 0 to 1."""
    return 1 - profile.nulls / profile.rows if profile.rows else 0.0
