"""Schedules ask for the weeks that are missing and the newest; jobs hold what they say; each profile has its set."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets.partitions import RETAIL_WEEK, add_weeks
from core.settings import Settings
from orchestration.build import build_definitions
from sensors.environments import RUNS_IN, runs
from sensors.jobs import JOBS, TRANSACTIONS
from sensors.schedules import HEALTH, RANGE_END, RANGE_START, TABLES, daily_requests


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def loaded(instance: dg.DagsterInstance, *weeks: str) -> None:
    add_weeks(instance, weeks)
    for week in weeks:
        instance.report_runless_asset_event(dg.AssetMaterialization(TRANSACTIONS, partition=week))


def ranges(settings: Settings, instance: dg.DagsterInstance) -> list[tuple[str, str]]:
    return [(r.tags[RANGE_START], r.tags[RANGE_END]) for r in daily_requests(settings, instance, "2018-01-01")]


def test_the_first_morning_loads_all_weeks_in_one_run_later_ones_only_gaps_and_the_newest(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    assert ranges(settings, instance) == [("2016-12-26", "2017-12-25")]
    weeks = sorted(instance.get_dynamic_partitions("retail_week"))
    assert len(weeks) == 53
    loaded(instance, *[w for w in weeks if w not in ("2017-03-06", "2017-03-13")])
    assert ranges(settings, instance) == [("2017-03-06", "2017-03-13"), ("2017-12-25", "2017-12-25")]


def test_ranges_follow_the_order_in_which_weeks_were_added(settings: Settings, instance: dg.DagsterInstance) -> None:
    daily = list(daily_requests(settings, instance, "2018-01-01"))
    assert len(daily) == 1
    loaded(instance, *instance.get_dynamic_partitions("retail_week"))
    add_weeks(instance, ["2018-01-15"])
    add_weeks(instance, ["2018-01-08"])  # its file came late
    loaded(instance, "2018-01-15")
    found = ranges(settings, instance)
    assert found == [("2018-01-15", "2018-01-08")]
    order = RETAIL_WEEK.get_partition_keys(dynamic_partitions_store=instance)  # in which Dagster reads a range
    first, last = (order.index(week) for week in found[0])
    assert set(order[first : last + 1]) == {"2018-01-08", "2018-01-15"}


def test_a_tick_under_dagster_is_idempotent(settings: Settings, tmp_path: Path) -> None:
    repository = build_definitions(settings).get_repository_def()
    schedule = repository.get_schedule_def(TABLES)
    moment = datetime(2018, 1, 2, 10, 15, tzinfo=UTC)
    keys = []
    (tmp_path / "instance").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "instance")) as instance:
        for _ in range(2):
            context = dg.build_schedule_context(instance, scheduled_execution_time=moment, repository_def=repository)
            data = schedule.evaluate_tick(context)
            keys.append([r.run_key for r in data.run_requests or []])
    assert keys[0] == keys[1] == ["2018-01-02 2016-12-26"]
    assert repository.get_schedule_def(HEALTH).job_name == "endpoint__health"


def test_jobs_hold_what_they_say(settings: Settings) -> None:
    definitions = build_definitions(settings)
    graph = definitions.resolve_asset_graph()
    chosen = {name: {k.path[0] for k in selection.resolve(graph)} for name, (selection, *_) in JOBS.items()}
    assert chosen["retail__everything"] == {k.path[0] for k in graph.get_all_asset_keys()}
    assert chosen["retail__tables"] == {"raw", "table"}
    assert chosen["retail__week"] == {"raw", "table", "feature", "dataset", "report"}
    assert chosen["retail__knowledge"] == {"doc", "index"}
    assert chosen["retail__model"] == {"model", "endpoint"}
    health = JOBS["endpoint__health"][0].resolve_checks(graph)
    assert {c.asset_key.to_user_string() for c in health} == {"endpoint/retail/coupon_propensity"} and len(health) >= 2
    for name in JOBS:
        assert definitions.resolve_job_def(name)


def test_every_schedule_and_sensor_is_in_the_table_of_environments(settings: Settings) -> None:
    definitions = build_definitions(settings)
    found = [*(definitions.schedules or []), *(definitions.sensors or [])]
    # schedules of Kettle jobs stand in their START entries, those of scans in sources.yaml; both follow the profile
    of_files = {s.name for s in definitions.schedules or [] if s.job_name.startswith(("kettle__", "catalog__scan_"))}
    assert of_files and {f.name for f in found} - of_files == set(RUNS_IN)
    for item in found:
        expected = settings.profile == "cluster" if item.name in of_files else runs(settings, item.name)
        assert (item.default_status.value == "RUNNING") == expected, item.name
    assert not runs(settings, "dataset__changed")
    assert runs(settings.model_copy(update={"profile": "cluster"}), "dataset__changed")
