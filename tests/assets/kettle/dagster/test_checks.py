"""Checks after a load, and the one alert that a bad load gives."""

import dagster as dg
import pytest

from assets.kettle.judge import judge, late, mismatches
from sensors.alerts import failed_checks, failed_run
from tests.assets.kettle.dagster.conftest import Site, loading, orders

SALES = "table/shop/sales"


def load(loaded: int = 100, rejected: int = 0, nulls: float = 0.0) -> dict[str, object]:
    step = {"Read amounts": rejected} if rejected else {}
    return {"loaded": loaded, "read": 0, "rejected": step, "nulls": {"amount": nulls}, "examples": {}, "types": {}}


def alerts(site: Site, run_id: str) -> list[dict[str, object]]:
    """What both sensors would send for a run."""
    found = []
    for kind, tell in ((dg.DagsterEventType.RUN_SUCCESS, failed_checks), (dg.DagsterEventType.RUN_FAILURE, failed_run)):
        for record in site.instance.fetch_run_status_changes(kind, limit=10).records:
            if record.run_id == run_id:
                found += list(tell(site.instance, record))
    return found


@pytest.mark.covers("DATA-059")
def test_a_planted_bad_load_gives_one_alert_with_step_and_rejected_rows(site: Site) -> None:
    for good in (200, 210, 190, 205):
        site.add("load.ktr", loading(site, orders(good)))
        result = site.run()
        assert result.success
        assert alerts(site, result.run_id) == []
    site.add("load.ktr", loading(site, orders(120, bad=80)))
    result = site.run()
    (alert,) = alerts(site, result.run_id)
    assert alert["title"] == "Check kettle_load of table/shop/sales failed"
    assert "step 'Read amounts' rejected 80 rows (40.0%" in str(alert["text"])
    assert "many" in str(alert["text"])  # one of the rejected values


def test_volume_and_nulls_are_judged_against_the_loads_before() -> None:
    usual = [load(n) for n in (100, 104, 98, 101)]
    assert judge(load(97), usual) == []
    assert judge(load(20), usual) == ["20 rows written, usually 100"]
    assert judge(load(400), usual) == ["400 rows written, usually 100"]
    assert judge(load(100, nulls=0.5), usual) == [
        "field 'amount' is null in 50% of the rows, never in more than 0% before"
    ]
    assert judge(load(20, nulls=0.9), usual[:2]) == []  # too little is known yet


def test_rejections_that_are_usual_do_not_alarm() -> None:
    usual = [load(100, rejected=10) for _ in range(3)]
    assert judge(load(100, rejected=12), usual) == []
    assert len(judge(load(100, rejected=60), usual)) == 1
    assert len(judge(load(100, rejected=5), [])) == 1


def test_columns_are_compared_by_name_and_by_type_where_it_is_known() -> None:
    assert mismatches({"id": "Integer", "city": ""}, {"ID": "Integer", "city": "String"}) == []
    assert mismatches({"id": "Integer", "old": ""}, {"id": "Number", "new": "String"}) == [
        "column 'old' is missing",
        "column 'new' is not declared",
        "column 'id' is Number, declared Integer",
    ]


def test_another_table_than_declared_turns_the_check_red(site: Site) -> None:
    site.add("load.ktr", loading(site, orders(3)))
    definitions = site.definitions()
    flow = loading(site, orders(3))
    change = flow.model.steps["Read amounts"].options.element.find("fields/meta/type")
    change.text = "Number"
    site.add("load.ktr", flow)
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=site.instance)
    found = {c.check_name: c for c in result.get_asset_check_evaluations()}
    assert not found["kettle_columns"].passed
    assert found["kettle_columns"].description == "column 'amount' is Number, declared Integer"


def test_a_load_is_late_when_its_job_should_have_run() -> None:
    assert late("30 6 * * *", 3600.0) == ""
    assert late("30 6 * * *", 30 * 3600.0) == "the last load is 30 hours old; its job runs daily"
    assert late("", 1e9) == ""
    assert late("", None) == "it was never loaded"
