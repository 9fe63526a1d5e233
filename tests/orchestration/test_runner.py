"""Only what changed runs: on a small graph with a real instance."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.kit import SOURCE_VERSION, VERSION
from core.errors import HeddleError
from orchestration.runner import PROCESS, Outcome, Runner, close_orphans, only_runner

WEEK = dg.DynamicPartitionsDefinition(name="week")


class World:
    """Files as a dict; the graph reads them: raw (by week) -> weekly (by week) -> total -> report, and broken."""

    def __init__(self) -> None:
        self.files = {f"w{i}": i for i in range(5)}
        self.code = "1"
        self.fail = False
        self.total = 0
        self.good = True  # what the blocking check of `checked` finds
        self.die: Exception | None = None  # raised in that check
        self.seen = ""
        self.gone: set[dg.AssetKey] = set()

    def fingerprint(self, week: str | None) -> str | None:
        return str(self.files[week]) if week in self.files else None

    def definitions(self) -> dg.Definitions:
        @dg.asset(partitions_def=WEEK, backfill_policy=dg.BackfillPolicy.single_run(), code_version="1")
        def raw(context: dg.AssetExecutionContext) -> None:
            for key in context.partition_keys:
                context.add_asset_metadata(
                    {VERSION: str(self.files[key]), SOURCE_VERSION: str(self.files[key])}, partition_key=key
                )

        @dg.asset(deps=[raw], partitions_def=WEEK, backfill_policy=dg.BackfillPolicy.single_run(), code_version="1")
        def weekly(context: dg.AssetExecutionContext) -> None:
            for key in context.partition_keys:
                context.add_asset_metadata({VERSION: str(self.files[key] % 100)}, partition_key=key)

        @dg.asset(deps=[weekly], code_version=self.code)
        def total() -> dg.MaterializeResult:
            if self.fail:
                raise ValueError("no total today")
            self.total = sum(v % 100 for v in self.files.values())
            return dg.MaterializeResult(data_version=dg.DataVersion(str(self.total // 10)))

        @dg.asset(deps=[total], code_version="1")
        def report() -> dg.MaterializeResult:
            return dg.MaterializeResult(data_version=dg.DataVersion(f"r{self.total // 10}"))

        return dg.Definitions.merge(dg.Definitions([raw, weekly, total, report]), self.judged())

    def judged(self) -> dg.Definitions:
        @dg.asset(deps=["total"], code_version="1")
        def checked() -> dg.MaterializeResult:
            return dg.MaterializeResult(data_version=dg.DataVersion(f"c{self.total // 10}"))

        @dg.asset_check(asset=checked, blocking=True)
        def fit() -> dg.AssetCheckResult:
            if self.die:
                raise self.die
            return dg.AssetCheckResult(passed=self.good)

        @dg.asset(deps=[checked], code_version="1")
        def built_on() -> dg.MaterializeResult:
            self.seen = f"c{self.total // 10}"
            return dg.MaterializeResult(data_version=dg.DataVersion(self.seen))

        return dg.Definitions([checked, built_on], asset_checks=[fit])


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as opened:
        yield opened


def runner(world: World, instance: dg.DagsterInstance) -> Runner:
    instance.add_dynamic_partitions("week", list(world.files))
    return Runner(
        world.definitions(),
        instance,
        {dg.AssetKey("raw"): world.fingerprint},
        gone=lambda keys: world.gone & keys,
    )


def update(world: World, instance: dg.DagsterInstance, *keys: str) -> Outcome:
    chosen = {dg.AssetKey(key) for key in keys} or None
    return runner(world, instance).update(chosen, lambda event, at: None)


def names(outcome: Outcome) -> list[str]:
    return [key.to_user_string() + (f":{partition}" if partition else "") for key, partition in outcome.ran]


def test_first_everything_in_one_run_then_nothing(instance: dg.DagsterInstance) -> None:
    world = World()
    first = update(world, instance)
    assert len(first.runs) == 1 and len(first.ran) == 5 + 5 + 4
    assert update(world, instance).runs == []


def test_one_changed_file_runs_one_week_and_what_depends_on_it(instance: dg.DagsterInstance) -> None:
    world = World()
    update(world, instance)
    world.files["w2"] = 50
    assert names(update(world, instance)) == ["raw:w2", "weekly:w2", "total", "checked", "report", "built_on"]


def test_equal_content_stops_the_wave(instance: dg.DagsterInstance) -> None:
    world = World()
    update(world, instance)
    world.files["w2"] = 102  # weekly keeps its content version 2
    assert names(update(world, instance)) == ["raw:w2", "weekly:w2"]
    world.files["w2"] = 103  # weekly changes, total's rounded version does not
    assert names(update(world, instance)) == ["raw:w2", "weekly:w2", "total"]


def test_a_new_week_and_a_far_one_run_as_two_ranges(instance: dg.DagsterInstance) -> None:
    world = World()
    update(world, instance)
    world.files |= {"w0": 9, "w5": 30}
    outcome = update(world, instance)
    assert names(outcome)[:4] == ["raw:w0", "raw:w5", "weekly:w0", "weekly:w5"]


def test_more_weeks_than_dagster_itself_compares(instance: dg.DagsterInstance) -> None:
    world = World()
    world.files = {f"w{i:03}": i for i in range(130)}
    update(world, instance)
    assert update(world, instance).runs == []
    world.files["w077"] = 3
    assert names(update(world, instance))[:3] == ["raw:w077", "weekly:w077", "total"]


def test_changed_code_runs_the_asset_alone_when_content_stays(instance: dg.DagsterInstance) -> None:
    world = World()
    update(world, instance)
    world.code = "2"
    assert names(update(world, instance)) == ["total"]


def test_a_failure_stops_and_the_next_update_goes_on_from_there(instance: dg.DagsterInstance) -> None:
    world = World()
    world.fail = True
    broken = update(world, instance)
    assert broken.failed == ["total"] and "report" not in names(broken)
    world.fail = False
    assert names(update(world, instance)) == ["total", "checked", "report", "built_on"]


def test_what_a_blocking_check_refused_is_not_built_on_by_the_next_update(instance: dg.DagsterInstance) -> None:
    world = World()
    update(world, instance)
    world.files["w2"], world.good = 50, False
    refused = update(world, instance)
    assert refused.failed == ["checked_fit"] and "report" in names(refused)
    assert world.seen == "c1"
    assert [(s.key.to_user_string(), s.reason) for s in runner(world, instance).plan()] == [
        ("checked", "check fit failed"),
        ("built_on", "checked changed"),
    ]
    with pytest.raises(HeddleError, match=r"built_on would be built on checked.*check fit failed"):
        update(world, instance, "built_on")
    again = update(world, instance)
    assert (names(again), again.failed, world.seen) == (["checked"], ["checked_fit"], "c1")
    world.good = True
    assert names(update(world, instance)) == ["checked", "built_on"]
    assert world.seen == "c5" and update(world, instance).runs == []


def test_a_blocking_check_that_did_not_get_to_its_end_runs_first(instance: dg.DagsterInstance) -> None:
    world = World()
    world.die = ValueError("killed, out of memory, …")
    assert "built_on" not in names(update(world, instance))
    world.die = None
    assert "check fit has not looked at it" in [s.reason for s in runner(world, instance).plan()]
    assert names(update(world, instance)) == ["checked", "built_on"]


def test_a_refused_asset_holds_up_only_what_is_below_it(instance: dg.DagsterInstance) -> None:
    world = World()
    world.good = False
    assert "built_on" not in names(update(world, instance))
    world.files["w2"] = 50
    outcome = update(world, instance)
    assert names(outcome) == ["raw:w2", "weekly:w2", "total", "checked", "report"]
    assert outcome.failed == ["checked_fit"]


def test_what_is_no_longer_in_its_store_is_built_again(instance: dg.DagsterInstance) -> None:
    world = World()
    update(world, instance)
    world.gone = {dg.AssetKey("checked")}
    assert [(s.key.to_user_string(), s.reason) for s in runner(world, instance).plan()] == [
        ("checked", "not built yet")
    ]


def test_a_removed_file_leaves_its_week_as_it_was_and_holds_up_nothing(instance: dg.DagsterInstance) -> None:
    world = World()
    update(world, instance)
    del world.files["w1"]
    assert update(world, instance).runs == []
    world.files["w2"] = 50
    assert update(world, instance).failed == []


def test_a_run_that_fails_outside_its_steps_is_a_failure(instance: dg.DagsterInstance) -> None:
    def broken() -> None:
        raise ValueError("no such store")

    @dg.asset(required_resource_keys={"store"})
    def needs() -> None: ...

    store = dg.ResourceDefinition(resource_fn=lambda _context: broken())
    outcome = Runner(dg.Definitions([needs], resources={"store": store}), instance, {}).update(None, lambda *_: None)
    assert len(outcome.failed) == len(outcome.runs) == 1 and not outcome.ran


def test_runs_of_a_dead_process_are_closed(instance: dg.DagsterInstance) -> None:
    job = World().definitions().resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags={PROCESS: "999999"})
    assert close_orphans(instance) == [run.run_id]
    found = instance.get_run_by_id(run.run_id)
    assert found is not None and found.status == dg.DagsterRunStatus.FAILURE


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with only_runner(tmp_path), pytest.raises(HeddleError, match="another heddle run"), only_runner(tmp_path):
        pass


def test_a_step_that_makes_several_assets_makes_all_of_them(instance: dg.DagsterInstance) -> None:
    @dg.multi_asset(specs=[dg.AssetSpec("golden", code_version="1"), dg.AssetSpec("cells", code_version="1")])
    def resolved() -> Iterator[dg.MaterializeResult]:
        yield dg.MaterializeResult(asset_key="golden", data_version=dg.DataVersion("1"))
        yield dg.MaterializeResult(asset_key="cells", data_version=dg.DataVersion("1"))

    one = Runner(dg.Definitions([resolved]), instance, {})
    outcome = one.update({dg.AssetKey("cells")}, lambda event, at: None)
    assert outcome.failed == []
    assert names(outcome) == ["golden", "cells"]
    assert one.update(None, lambda event, at: None).runs == []
