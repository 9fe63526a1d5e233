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
    """One part of the score: between 0 and 1, its weight, and the evidence in words of English and Chinese."""

    value: float
    weight: float
    why: str
    why_zh: str


class Found(NamedTuple):
    """A part before it is weighed."""

    value: float
    why: str
    why_zh: str


class Score(NamedTuple):
    """0 to 100, and what it is made of."""

    value: int
    parts: dict[str, Part]


def score(
    facts: AssetFacts,
    uses: float,
    reach: int,
    now: datetime,
    weights: Mapping[str, float] = WEIGHTS,
    compliance: float | None = None,
) -> Score:
    """The value of an asset.

    Args:
        uses: queries, answers and requests that used it in the last 30 days.
        reach: assets downstream of it, however far.
        weights: of the five parts; they are normalised.
        compliance: percent of its values that keep their standards, None where none were checked.
    """
    found = {
        "use": Found(_log(uses, MANY_USES), f"{uses:.0f} uses in 30 days", f"近30天使用 {uses:.0f} 次"),
        "reach": Found(_log(reach, MANY_ASSETS), f"{reach} assets depend on it", f"有 {reach} 个下游资产"),
        "quality": _quality(facts, compliance),
        "freshness": _freshness(facts, now),
        "cost": _cost(facts),
    }
    whole = sum(weights.values())
    parts = {name: Part(round(f.value, 3), weights[name] / whole, f.why, f.why_zh) for name, f in found.items()}
    return Score(round(100 * sum(f.value * weights[name] for name, f in found.items()) / whole), parts)


def _log(amount: float, full: int) -> float:
    return min(1.0, log1p(max(0.0, amount)) / log1p(full))


def _quality(facts: AssetFacts, compliance: float | None) -> Found:
    """Of checks, and of standards where these were measured, half each."""
    checks = _checks(facts, compliance is not None)
    if compliance is None:
        return checks
    kept = compliance / 100
    return Found(
        (checks.value + kept) / 2,
        f"{checks.why}; {compliance:.2f} % of the values keep the standards",
        f"{checks.why_zh}；{compliance:.2f}% 的取值符合数据标准",
    )


def _checks(facts: AssetFacts, measured: bool) -> Found:
    # checks of standards count by their share of values, in the other half, where that was measured
    ran = [c for c in facts.checks if c.passed is not None and not (measured and c.name.startswith("standard_"))]
    if not ran:
        return Found(UNKNOWN, "no check ran", "尚未运行检查")
    passed = sum(bool(c.passed) for c in ran)
    # one more check that passes is worth something also where all passed before: the share is pulled to one half
    told = f"{passed} of {len(ran)} checks passed", f"{len(ran)} 项检查中 {passed} 项通过"
    return Found((passed + 1) / (len(ran) + 2), *told)


def _freshness(facts: AssetFacts, now: datetime) -> Found:
    if not facts.made:
        if facts.external:
            return Found(UNKNOWN, "made elsewhere", "由外部生成")
        return Found(0.0, "never made", "从未生成")
    days = max(0.0, (now - datetime.fromisoformat(facts.made).astimezone(UTC)).total_seconds() / 86400)
    return Found(max(0.0, 1 - days / STALE_DAYS), f"made {days:.1f} days ago", f"{days:.1f} 天前生成")


def _cost(facts: AssetFacts) -> Found:
    if facts.seconds is None:
        return Found(UNKNOWN, "its cost is not known", "成本未知")
    return Found(1 - _log(facts.seconds, int(DEAR)), f"{facts.seconds:.1f} s a run", f"每次运行 {facts.seconds:.1f} 秒")
