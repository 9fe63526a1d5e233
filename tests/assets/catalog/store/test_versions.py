"""The catalogue's versions, on SQLite and on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assets.catalog.store.versions import KEPT_MEASURES, Change, Versions
from core.errors import StoreError

ME = Change("ann", "by hand")


@pytest.fixture(params=["sqlite", "postgresql"])
def versions(request: pytest.FixtureRequest, tmp_path: Path) -> Versions:
    if request.param == "sqlite":
        return Versions(f"sqlite:///{tmp_path}/deep/catalog.db")
    return Versions(request.getfixturevalue("postgres_url"))


def test_what_changes_is_a_version_and_what_does_not_is_none(versions: Versions) -> None:
    said = {"columns": ["id", "金额"], "note": "a"}
    first = versions.put("table", "shop/orders", said, Change("ann", "scan", "run-1"))
    again = versions.put("table", "shop/orders", {"note": "a", "columns": ["id", "金额"]}, ME)
    second = versions.put("table", "shop/orders", {"columns": ["id"], "note": "a"}, ME)
    assert first and again is None and second
    assert [(v.number, v.change.author, v.change.run) for v in versions.history("table", "shop/orders")] == [
        (1, "ann", "run-1"),
        (2, "ann", ""),
    ]
    old = versions.get("table", "shop/orders", 1)
    assert old and old.document == said


def test_removed_entries_keep_their_history_and_can_come_back(versions: Versions) -> None:
    versions.put_all([("table", "a", {"x": 1}), ("table", "b", {"x": 1}), ("metric", "a", {"x": 1})], ME)
    versions.put_all([("table", "a", None), ("table", "never", None)], ME)
    assert versions.get("table", "a") is None and versions.history("table", "never") == []
    assert [(v.kind, v.key) for v in versions.latest()] == [("metric", "a"), ("table", "b")]
    back = versions.put("table", "a", {"x": 1}, ME)
    assert back and back.number == 3
    assert [v.document for v in versions.history("table", "a")] == [{"x": 1}, None, {"x": 1}]


def test_prefix_is_text_not_a_pattern(versions: Versions) -> None:
    versions.put_all([("table", "a_b/x", {}), ("table", "axb/x", {}), ("table", "a%/x", {})], ME)
    assert [v.key for v in versions.latest("table", "a_b/")] == ["a_b/x"]
    assert [v.key for v in versions.latest("table", "a%")] == ["a%/x"]


def test_an_edit_of_an_old_version_is_refused(versions: Versions) -> None:
    versions.put("metric", "m", {"sql": "1"}, ME, expected=0)
    versions.put("metric", "m", {"sql": "2"}, ME, expected=1)
    with pytest.raises(StoreError, match="at version 2, not 1"):
        versions.put("metric", "m", {"sql": "3"}, ME, expected=1)


def test_all_or_nothing(versions: Versions) -> None:
    versions.put("table", "b", {"x": 1}, ME)
    with pytest.raises(StoreError):
        versions.put_all([("table", "a", {"x": 1}), ("table", "b", {"x": 2})], ME, expected=0)
    assert versions.get("table", "a") is None


def test_writers_at_once_lose_nothing(versions: Versions) -> None:
    def write(number: int) -> None:
        versions.put("table", "busy", {"by": number}, ME)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    found = versions.history("table", "busy")
    assert [v.number for v in found] == list(range(1, 25))
    assert {v.document["by"] for v in found if v.document} == set(range(24))


def test_measurements_are_bounded(versions: Versions) -> None:
    for number in range(KEPT_MEASURES + 7):
        versions.measure("table", {"t": {"rows": number}, "u": {"rows": 0}}, f"run-{number}")
    kept = versions.measured("table", "t", 1000)
    assert len(kept) == KEPT_MEASURES and kept[0][1:] == (f"run-{KEPT_MEASURES + 6}", {"rows": KEPT_MEASURES + 6})


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    with pytest.raises(StoreError, match="HEDDLE_CATALOG") as told:
        Versions("postgresql://ann:s3cret@127.0.0.1:1/catalog")
    assert "s3cret" not in str(told.value)
