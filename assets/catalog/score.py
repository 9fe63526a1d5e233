"""How much an asset is worth to those who use it: five parts between 0 and 1, their weights, and why each is as it is.

The parts grow with use, reach, quality and freshness and fall with cost, each for itself (tested as properties), so
that a higher score can always be told from the parts. No part is learned; the weights are the setting of a team.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import log1p
from typing import NamedTuple

from assets.catalog.facts import AssetFacts

WEIGHTS = {"use": 0.30, "reach": 0.25, "quality": 0.20, "freshness": 0.15, "cost": 0.10}
MANY_USES = 1000  # uses in 30 days that count as full
MANY_ASSETS = 50  # assets downstream that count as full
DEAR = 3600.0  # seconds of one run that count as nothing left
STALE_DAYS = 90.0  # age that counts as nothing left
UNKNOWN = 0.5  # of a part for which there is no evidence


class Part(NamedTuple):
    """One part of the score: between 0 and 1, its weight, and the evidence in words."""

    value: float
    weight: float
    why: str


class Score(NamedTuple):
    """0 to 100, and what it is made of."""

    value: int
    parts: dict[str, Part]


def score(facts: AssetFacts, uses: float, reach: int, now: datetime, weights: Mapping[str, float] = WEIGHTS) -> Score:
    """The value of an asset.

    Args:
        uses: queries, answers and requests that used it in the last 30 days.
        reach: assets downstream of it, however far.
        weights: of the five parts; they are normalised.
    """
    found = {
        "use": (_log(uses, MANY_USES), f"{uses:.0f} uses in 30 days"),
        "reach": (_log(reach, MANY_ASSETS), f"{reach} assets depend on it"),
        "quality": _quality(facts),
        "freshness": _freshness(facts, now),
        "cost": _cost(facts),
    }
    whole = sum(weights.values())
    parts = {name: Part(round(v, 3), weights[name] / whole, why) for name, (v, why) in found.items()}
    return Score(round(100 * sum(v * weights[name] for name, (v, _) in found.items()) / whole), parts)


def _log(amount: float, full: int) -> float:
    return min(1.0, log1p(max(0.0, amount)) / log1p(full))


def _quality(facts: AssetFacts) -> tuple[float, str]:
    ran = [c for c in facts.checks if c.passed is not None]
    if not ran:
        return UNKNOWN, "no check ran"
    passed = sum(bool(c.passed) for c in ran)
    # one more check that passes is worth something also where all passed before: the share is pulled to one half
    return (passed + 1) / (len(ran) + 2), f"{passed} of {len(ran)} checks passed"


def _freshness(facts: AssetFacts, now: datetime) -> tuple[float, str]:
    if not facts.made:
        return (UNKNOWN, "made elsewhere") if facts.external else (0.0, "never made")
    days = max(0.0, (now - datetime.fromisoformat(facts.made).astimezone(UTC)).total_seconds() / 86400)
    return max(0.0, 1 - days / STALE_DAYS), f"made {days:.1f} days ago"


def _cost(facts: AssetFacts) -> tuple[float, str]:
    if facts.seconds is None:
        return UNKNOWN, "its cost is not known"
    return 1 - _log(facts.seconds, int(DEAR)), f"{facts.seconds:.1f} s a run"
