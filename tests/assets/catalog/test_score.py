"""The value of assets: each part moves the score the way it should, and tells why."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.catalog.facts import AssetFacts, Check
from assets.catalog.reach import reaches
from assets.catalog.register import register
from assets.catalog.score import WEIGHTS, score
from assets.catalog.store.versions import Versions
from assets.catalog.uses import use, used

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def facts(days: float = 1, seconds: float = 1, checks: tuple[Check, ...] = (), **fields: object) -> AssetFacts:
    made = (NOW - timedelta(days=days)).isoformat()
    return AssetFacts(key="table/shop/orders", made=made, seconds=seconds, checks=checks, **fields)


amount = st.floats(0, 1e6)


@pytest.mark.covers("DATA-061")
@given(amount, amount, st.integers(0, 10_000), st.integers(0, 10_000), st.floats(0, 400), st.floats(0, 400))
def test_each_part_is_monotonic(use1: float, use2: float, r1: int, r2: int, d1: float, d2: float) -> None:
    low, high = sorted((use1, use2))
    assert score(facts(), low, 1, NOW).value <= score(facts(), high, 1, NOW).value
    low, high = sorted((r1, r2))
    assert score(facts(), 1, low, NOW).value <= score(facts(), 1, high, NOW).value
    fresh, old = sorted((d1, d2))
    assert score(facts(days=old), 1, 1, NOW).value <= score(facts(days=fresh), 1, 1, NOW).value
    cheap, dear = sorted((d1, d2))
    assert score(facts(seconds=dear), 1, 1, NOW).value <= score(facts(seconds=cheap), 1, 1, NOW).value


@given(st.lists(st.booleans(), max_size=20))
def test_a_check_that_passes_raises_and_one_that_fails_lowers(outcomes: list[bool]) -> None:
    ran = tuple(Check(name=str(i), passed=p) for i, p in enumerate(outcomes))
    before = score(facts(checks=ran), 1, 1, NOW).parts["quality"].value
    for passed in (True, False):
        after = score(facts(checks=(*ran, Check(name="new", passed=passed))), 1, 1, NOW).parts["quality"].value
        assert (after >= before) if passed else (after <= before)


@given(st.floats(0, 100), st.floats(0, 100))
def test_keeping_the_standards_raises_quality(one: float, other: float) -> None:
    ran = (Check(name="a", passed=True), Check(name="standard_mobile", passed=False))
    low, high = (score(facts(checks=ran), 1, 1, NOW, compliance=c).parts["quality"] for c in sorted((one, other)))
    assert low.value <= high.value and "1 of 1 checks passed" in low.why and "keep the standards" in low.why


@pytest.mark.covers("DATA-061")
def test_parts_and_weights_are_told() -> None:
    found = score(facts(checks=(Check(name="a", passed=True), Check(name="b", passed=None))), 12, 3, NOW)
    assert {k: p.why for k, p in found.parts.items()} == {
        "use": "12 uses in 30 days",
        "reach": "3 assets depend on it",
        "quality": "1 of 1 checks passed",
        "freshness": "made 1.0 days ago",
        "cost": "1.0 s a run",
    }
    assert sum(p.weight for p in found.parts.values()) == pytest.approx(1)
    assert found.value == round(100 * sum(p.value * p.weight for p in found.parts.values()))
    assert set(found.parts) == set(WEIGHTS)


def test_reach_counts_each_once_also_in_circles() -> None:
    assert reaches({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": ["b"], "e": []}) == {
        "a": 3, "b": 1, "c": 2, "d": 1, "e": 0,
    }  # fmt: skip


@pytest.mark.covers("DATA-061")
def test_a_consumer_more_raises_the_score(tmp_path: Path) -> None:
    versions = Versions(f"sqlite:///{tmp_path}/c.db")
    orders, report = "table/shop/orders", "report/shop/sales"
    register(versions, [facts()], "run-1")
    before = versions.measured("asset", orders)[0][2]
    both = [facts(downstream=(report,)), AssetFacts(key=report, upstream=(orders,), description="Sales")]
    made = register(versions, both, "run-2")
    after = versions.measured("asset", orders)[0][2]
    assert after["score"] > before["score"] and after["parts"]["reach"]["why"] == "1 assets depend on it"
    assert [(v.key, v.change.run) for v in made] == [(report, "run-2")]
    register(versions, [facts()])
    assert versions.get("asset", report) is None and len(versions.history("asset", report)) == 2


def test_uses_add_up_and_age(tmp_path: Path) -> None:
    versions = Versions(f"sqlite:///{tmp_path}/c.db")
    use(versions, "asset", {"a": 2, "b": 1}, "query")
    use(versions, "asset", {"a": 3}, "query")
    use(versions, "asset", {"a": 4}, "answer")
    use(versions, "asset", {"b": 100}, "query", day="2001-01-01")
    assert used(versions, "asset") == {"a": 9.0, "b": 1.0}
