"""Profiles as small pictures: rectangles that a template draws as SVG."""

from typing import NamedTuple

from assets.catalog.model import Profile

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
    return [
        Bar(
            round(n * step, 2), round(high - high * b.count / most, 2), round(max(step - 1, 0.5), 2),
            round(high * b.count / most, 2), f"{b.low:g} – {b.high:g}: {b.count:,}",
        )
        for n, b in enumerate(bins)
    ]  # fmt: skip


def shares(profile: Profile) -> list[Share]:
    """The most frequent values; empty where values are withheld."""
    rows = max(profile.rows, 1)
    return [Share(t.value, t.count, min(1.0, t.count / rows)) for t in profile.top]


def filled(profile: Profile) -> float:
    """The part of rows with a value, 0 to 1."""
    return 1 - profile.nulls / profile.rows if profile.rows else 0.0
