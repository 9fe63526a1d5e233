"""The sensor of Kettle files: changed ones run once, new ones ask for the definitions first."""

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from core.settings import Settings
from orchestration.build import build_definitions
from sensors.kettle import NAME, known_files, tick

KEY = dg.AssetKey(["table", "shop", "sales"])


class Ticker:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cursor: str | None = None
        self.known: dict[str, list[dg.AssetKey]] = {"load.ktr": [KEY]}
        self.reloads = 0
        self.clock = 1_000_000_000

    def reload(self) -> str:
        self.reloads += 1
        return "asked"

    def write(self, name: str, text: str) -> None:
        path = self.settings.kettle_files / name
        path.write_text(text)
        self.clock += 10
        os.utime(path, (self.clock, self.clock))

    def __call__(self) -> list[list[dg.AssetKey]]:
        result = tick(self.settings, self.cursor, self.known, self.reload)
        self.cursor = result.cursor
        self.reason = result.skip_reason.skip_message if result.skip_reason else ""
        return [list(r.asset_selection or []) for r in result.run_requests or []]


@pytest.fixture
def ticks(make_settings: Callable[..., Settings], tmp_path: Path) -> Ticker:
    folder = tmp_path / "kettle"
    folder.mkdir()
    found = Ticker(make_settings(kettle_files=folder))
    found.write("load.ktr", "one")
    return found


def test_what_is_there_at_the_start_does_not_run(ticks: Ticker) -> None:
    assert [ticks(), ticks(), ticks()] == [[], [], []]


def test_a_changed_file_runs_once_when_it_is_complete(ticks: Ticker) -> None:
    ticks()
    ticks.write("load.ktr", "two")
    assert ticks() == []
    assert ticks() == [[KEY]]
    assert ticks() == []


def test_a_new_file_waits_for_its_definitions(ticks: Ticker) -> None:
    ticks()
    ticks.write("new.ktr", "x")
    ticks()
    assert ticks() == []
    assert ticks.reloads == 1 and "new.ktr" in ticks.reason
    new = dg.AssetKey(["table", "shop", "new"])
    ticks.known["new.ktr"] = [new]
    assert ticks() == [[new]]
    assert ticks() == []


def test_the_sensor_knows_the_files_of_the_definitions(settings: Settings) -> None:
    definitions = build_definitions(settings)
    assert NAME in [s.name for s in definitions.sensors or []]
    graph = definitions.resolve_asset_graph()
    known = known_files([graph.get(key) for key in graph.materializable_asset_keys])
    assert known["coupon_use.ktr"] == [dg.AssetKey(["table", "retail", "coupon_use"])]
