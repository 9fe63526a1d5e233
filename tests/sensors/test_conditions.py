"""Conditions fire once per change of an input's content: not on repeats, failures, red checks or missing inputs."""

import dagster as dg
import pytest

from assets.kit import asset_key
from core.settings import Settings
from orchestration.build import build_definitions
from sensors.conditions import HEADS, apply_conditions

DOC, INDEX = asset_key("doc/retail/handbook"), asset_key("index/retail/handbook")
BASKETS, SEGMENTS = asset_key("table/retail/baskets"), asset_key("report/retail/segments")


class Daemon:
    """Evaluates the conditions tick by tick."""

    def __init__(self, definitions: dg.Definitions, *keys: dg.AssetKey) -> None:
        self.definitions, self.selection = definitions, dg.AssetSelection.assets(*keys)
        self.instance = dg.DagsterInstance.ephemeral()
        self.cursor = None

    def made(self, key: dg.AssetKey, version: str, partition: str | None = None) -> None:
        tags = {"dagster/data_version": version}
        self.instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition, tags=tags))

    def tick(self) -> int:
        result = dg.evaluate_automation_conditions(
            self.definitions, self.instance, asset_selection=self.selection, cursor=self.cursor
        )
        self.cursor = result.cursor
        return result.total_requested


@pytest.fixture
def definitions(settings: Settings) -> dg.Definitions:
    return apply_conditions(build_definitions(settings))


def test_exactly_the_heads_are_automated(definitions: dg.Definitions) -> None:
    specs = definitions.resolve_all_asset_specs()
    automated = {s.key.to_user_string() for s in specs if s.automation_condition is not None}
    assert automated == set(HEADS)


def test_a_head_runs_once_per_change_of_content(definitions: dg.Definitions) -> None:
    daemon = Daemon(definitions, DOC, INDEX)
    assert [daemon.tick(), daemon.tick()] == [0, 0]  # nothing there: nothing to do
    daemon.made(DOC, "a")
    assert [daemon.tick(), daemon.tick(), daemon.tick()] == [1, 0, 0]  # not again, though it never succeeded
    daemon.made(INDEX, "1")
    daemon.made(DOC, "a")
    assert [daemon.tick(), daemon.tick()] == [0, 0]  # the same content again
    daemon.made(DOC, "b")
    assert [daemon.tick(), daemon.tick()] == [1, 0]


def test_a_changed_week_runs_the_reports_head(definitions: dg.Definitions) -> None:
    daemon = Daemon(definitions, BASKETS, SEGMENTS)
    weeks = ["2017-01-02", "2017-01-09", "2017-01-16"]
    daemon.instance.add_dynamic_partitions("retail_week", weeks)
    for week in weeks[:2]:
        daemon.made(BASKETS, week, week)
    assert [daemon.tick(), daemon.tick()] == [0, 0]  # a known week is still to come
    daemon.made(BASKETS, "third", weeks[2])
    assert [daemon.tick(), daemon.tick()] == [1, 0]
    daemon.made(SEGMENTS, "1")
    assert daemon.tick() == 0
    daemon.made(BASKETS, "corrected", weeks[1])
    assert [daemon.tick(), daemon.tick()] == [1, 0]
