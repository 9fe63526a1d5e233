"""The drop folder: stable files only, each content once, clear words for bad names."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from core.settings import Settings
from orchestration.build import build_definitions
from sensors import drops, watch
from sensors.drops import tick
from sensors.watch import Memory, look, scan


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


@pytest.fixture
def settings(make_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    handbook = tmp_path / "handbook"
    handbook.mkdir()
    return make_settings(handbook=handbook)


def week_file(settings: Settings, name: str = "2018-01-01.parquet", rows: int = 1) -> Path:
    folder = settings.drops / "retail" / "transactions"
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"week": [54] * rows}).write_parquet(folder / name)
    return folder / name


class Ticker:
    """Ticks one after another, handing the cursor on."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.settings, self.instance = settings, instance
        self.cursor: str | None = None
        self.warnings: list[str] = []

    def __call__(self) -> list[tuple[str, str | None]]:
        result = tick(self.settings, self.instance, self.cursor, self.warnings.append)
        self.cursor = result.cursor
        self.reason = result.skip_reason.skip_message if result.skip_reason else ""
        self.keys = [r.run_key for r in result.run_requests or []]
        return [(r.job_name or "", r.partition_key) for r in result.run_requests or []]


@pytest.fixture
def ticks(settings: Settings, instance: dg.DagsterInstance) -> Ticker:
    return Ticker(settings, instance)


def test_a_new_week_becomes_a_partition_and_one_run(
    settings: Settings, instance: dg.DagsterInstance, ticks: Ticker
) -> None:
    assert ticks() == [] and ticks.reason == "no file changed"
    week_file(settings)
    assert ticks() == [] and "1 new or changed files" in ticks.reason
    assert ticks() == [("retail__week", "2018-01-01")]
    assert instance.get_dynamic_partitions("retail_week") == ["2018-01-01"]
    assert ticks() == [] and ticks() == []


def test_a_file_that_still_grows_waits(settings: Settings, ticks: Ticker) -> None:
    for rows in (1, 200, 4000):
        week_file(settings, rows=rows)
        assert ticks() == []
    assert ticks() == [("retail__week", "2018-01-01")]


def test_a_touched_file_with_the_same_content_starts_nothing(settings: Settings, ticks: Ticker) -> None:
    path = week_file(settings)
    ticks(), ticks()
    os.utime(path, (1, 1))
    assert ticks() == [] and ticks() == []
    week_file(settings, rows=2)
    ticks()
    assert ticks() == [("retail__week", "2018-01-01")]


def test_a_repeated_tick_asks_for_the_same_run_and_a_later_change_for_another(
    settings: Settings, ticks: Ticker
) -> None:
    path = week_file(settings)
    ticks()
    before = ticks.cursor
    ticks()
    first = ticks.keys
    ticks.cursor = before  # the daemon died before it saved the cursor
    ticks()
    assert ticks.keys == first
    week_file(settings, rows=2)
    ticks(), ticks()
    week_file(settings, rows=1)
    os.utime(path, (5, 5))
    ticks(), ticks()
    assert len(ticks.keys) == 1 and ticks.keys != first  # put back as it was: another state than the first


def test_unfinished_and_hidden_files_are_not_seen(settings: Settings, ticks: Ticker) -> None:
    for name in ("2018-01-01.parquet.part", ".2018-01-01.parquet", "2018-01-08.csv.tmp"):
        week_file(settings, name)
    assert ticks() == [] and ticks() == [] and ticks.reason == "no file changed"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("2018-01-02.parquet", "not named after a Monday"),
        ("week one.csv", "not named after a Monday"),
        ("2018-01-01.xlsx", "is no week of transactions"),
    ],
)
def test_a_bad_name_is_told_with_its_fix_and_stops_nothing_for_good(
    settings: Settings, ticks: Ticker, name: str, words: str
) -> None:
    bad = week_file(settings, name)
    ticks()
    ticks()
    assert words in ticks.reason and name in ticks.reason and "name it" in ticks.reason
    week_file(settings, "2018-01-08.parquet")
    bad.unlink()
    ticks()
    assert ticks() == [("retail__week", "2018-01-08")]


def test_weeks_wait_while_a_bad_name_would_stop_their_load(settings: Settings, ticks: Ticker) -> None:
    bad = week_file(settings, "monday.parquet")
    week_file(settings, "2018-01-08.parquet")
    assert [ticks(), ticks(), ticks()] == [[], [], []]
    bad.unlink()
    assert ticks() == [("retail__week", "2018-01-08")]


def test_a_removed_file_reloads_its_week_from_the_source_or_says_it_cannot(settings: Settings, ticks: Ticker) -> None:
    inside = week_file(settings, "2017-06-05.parquet")
    outside = week_file(settings, "2018-01-01.parquet")
    ticks()
    assert ticks() == [("retail__week", "2017-06-05"), ("retail__week", "2018-01-01")]
    inside.unlink()
    assert ticks() == [("retail__week", "2017-06-05")]
    outside.unlink()
    assert ticks() == [] and "2018-01-01" in ticks.reason and "restore it" in ticks.reason
    assert ticks() == [] and ticks.reason == "no file changed"


def test_documents_refresh_the_knowledge_base_once_for_all(settings: Settings, ticks: Ticker) -> None:
    for name in ("a.md", "b.md"):
        (settings.handbook / name).write_text("x")
    extra = settings.drops / "handbook"
    extra.mkdir(parents=True)
    (extra / "c.md").write_text("y")
    ticks()
    assert ticks() == [("retail__knowledge", None)]
    (extra / "c.md").unlink()
    assert ticks() == [("retail__knowledge", None)]
    assert ticks() == []


def test_a_tick_takes_up_a_bounded_number_of_files(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(7):
        (settings.handbook / f"{i}.md").write_text(str(i))
    monkeypatch.setattr(watch, "CHANGES", 3)
    memory, taken = Memory(), []
    for _ in range(5):
        found = look(scan(drops.roots(settings)), memory)
        memory = Memory.parse(found.memory.text())
        taken.append(len(found.changed))
    assert taken == [0, 3, 3, 1, 0]


@pytest.mark.parametrize("cursor", ["nonsense", "[]", '{"files": {"a": 1}}', '{"waiting": 3}', "null"])
def test_a_damaged_cursor_starts_over(settings: Settings, instance: dg.DagsterInstance, cursor: str) -> None:
    week_file(settings)
    result = tick(settings, instance, cursor, print)
    assert list(json.loads(result.cursor or "")["waiting"]) == ["transactions/2018-01-01.parquet"]


def test_the_sensor_itself_runs_under_dagster(settings: Settings, tmp_path: Path) -> None:
    repository = build_definitions(settings).get_repository_def()
    sensor = repository.get_sensor_def(drops.NAME)
    week_file(settings)
    cursor, requests = None, []
    (tmp_path / "instance").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "instance")) as instance:
        for _ in range(2):
            reference = instance.get_ref()
            context = dg.build_sensor_context(cursor=cursor, instance_ref=reference, repository_def=repository)
            data = sensor.evaluate_tick(context)
            cursor, requests = data.cursor, list(data.run_requests or [])
    assert [(r.job_name, r.partition_key) for r in requests] == [("retail__week", "2018-01-01")]
    assert requests[0].tags["dagster/partition"] == "2018-01-01"
