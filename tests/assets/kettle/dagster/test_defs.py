"""Files of a folder as assets and jobs: metadata, config, ownership, failures, all or nothing."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.kettle.files.edit import add_step
from assets.kettle.files.new import new_step
from assets.kettle.model import Parameter
from core.naming import Key
from tests.assets.kettle.dagster.conftest import Site, loading, orders
from tests.assets.kettle.flow import Flow

SALES = "table/shop/sales"


def sales(site: Site) -> list[tuple[Any, ...]]:
    with sqlite3.connect(site.database) as connection:
        return connection.execute("select id, amount, city from sales order by id").fetchall()


def outputs(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """Op -> metadata of its output."""
    return {
        str(e.step_key).rpartition(".")[2]: {n: v.value for n, v in e.step_output_data.metadata.items()}
        for e in result.all_events
        if e.event_type == dg.DagsterEventType.STEP_OUTPUT and "." in str(e.step_key)
    }


def test_each_step_is_an_op_with_spoons_figures(site: Site) -> None:
    site.add("load.ktr", loading(site, orders(8, bad=2)))
    result = site.run()
    assert result.success
    found = outputs(result)
    assert set(found) == {"orders", "read_amounts", "bad_amounts", "write"}
    figures = {name: found["read_amounts"][name] for name in ("read", "written", "rejected", "input", "errors")}
    assert figures == {"read": 10, "written": 8, "rejected": 2, "input": 0, "errors": 0}
    assert found["read_amounts"]["seconds"] > 0
    assert [row[1] for row in sales(site)] == list(range(8))


@pytest.mark.covers("DATA-063")
def test_outputs_are_assets_with_schema_rows_and_lineage(site: Site) -> None:
    flow = loading(site, orders(5))
    flow.model.steps["Load"].options.element.find("table").text = "${TABLE}"
    flow = Flow([Parameter("TABLE", "sales")])
    source = loading(site, orders(5)).model.document.root
    for element in source.findall("step"):
        if element.findtext("name") == "Load":
            element.find("table").text = "${TABLE}"
    parameters = source.find("info/parameters")
    assert parameters is not None
    parameters.append(flow.model.document.root.find("info/parameters/parameter"))
    from lxml import etree

    (site.folder / "load.ktr").write_bytes(etree.tostring(source))
    assert site.run().success
    metadata = site.metadata(SALES)
    assert metadata["dagster/table_name"] == "sales"
    assert metadata["dagster/row_count"] == 5
    assert [c.name for c in metadata["dagster/column_schema"].columns] == ["id", "amount", "city"]
    assert "| Load | TableOutput | 5 | 5 | 0 | 5 |" in metadata["kettle/steps"]
    spec = next(s for s in site.definitions().resolve_all_asset_specs() if s.key.path == SALES.split("/"))
    assert spec.owners and spec.group_name == "shop_kettle" and spec.kinds == {"kettle", "table"} and spec.code_version
    assert {"domain", "tier", "pii", "place"} <= set(spec.tags)
    reference = spec.metadata["dagster/code_references"].code_references[0]
    assert Path(reference.file_path) == site.folder / "load.ktr"


def test_parameters_are_run_config(site: Site) -> None:
    flow = Flow([Parameter("CITY", "Ulm", "Where")])
    flow.step("one", "RowGenerator", limit="1").step("city", "GetVariable", [("fields", [("field", CITY)])])
    flow.step("out", "TextFileOutput", text_output(site, "city")).hop("one", "city", "out")
    site.add("city.ktr", flow)
    assert site.run().success
    written = site.settings.home / "city.txt"
    assert written.read_text().split() == ["city", "Ulm"]
    assert site.run({"ops": {"kettle__city": {"config": {"CITY": "Bonn"}}}}).success
    assert written.read_text().split() == ["city", "Bonn"]


CITY = [("name", "city"), ("variable", "${CITY}"), ("type", "String"), ("length", "-1"), ("precision", "-1")]


def text_output(site: Site, name: str) -> list[Any]:
    file = [("name", str(site.settings.home / name)), ("extention", "txt")]
    return [("separator", ";"), ("header", "Y"), ("format", "UNIX"), ("encoding", "UTF-8"), ("file", file)]


def test_a_failing_step_is_named_and_nothing_is_written(site: Site) -> None:
    site.add("load.ktr", loading(site, orders(3)))
    assert site.run().success
    flow = loading(site, orders(4))
    add_step(flow.model, new_step("Fail", "Abort", [("row_threshold", "0"), ("message", "no")], x=0, y=0))
    flow.hop("Load", "Fail")
    site.add("load.ktr", flow)
    result = site.run()
    assert not result.success
    assert len(sales(site)) == 3
    failure = next(e for e in result.all_events if e.is_step_failure)
    assert "load.ktr" in str(failure.step_failure_data.error) and "Fail" in str(failure.step_failure_data.error)


@pytest.mark.parametrize("broken", [b"<transformation><step>", b"not xml", b"", b"<html/>"])
def test_a_broken_file_is_a_visible_error_and_the_others_load(site: Site, broken: bytes) -> None:
    (site.folder / "broken.ktr").write_bytes(broken)
    site.add("load.ktr", loading(site, orders(3)))
    specs = {s.key.to_user_string(): s for s in site.definitions().resolve_all_asset_specs()}
    assert set(specs) == {SALES, "report/kettle/broken"}
    assert "cannot run" in (specs["report/kettle/broken"].description or "")
    result = site.run()
    checks = {
        c.asset_key.to_user_string(): c for c in result.get_asset_check_evaluations() if c.check_name == "kettle_file"
    }
    assert checks[SALES].passed
    assert "report/kettle/broken" not in checks  # its own step failed before
    failed = [str(e.step_key) for e in result.all_events if e.is_step_failure]
    assert failed and all("broken" in key for key in failed)
    assert len(sales(site)) == 3


def test_an_unsupported_step_is_named_by_the_files_check(site: Site) -> None:
    flow = loading(site, orders(3)).step("Odd", "NoSuchStep").hop("Load", "Odd")
    site.add("load.ktr", flow)
    check = site.definitions().resolve_asset_graph()
    assert dg.AssetCheckKey(dg.AssetKey(SALES.split("/")), "kettle_file") in check.asset_check_keys
    spec = next(iter(site.definitions().resolve_all_asset_specs()))
    assert "Odd (NoSuchStep)" in (spec.description or "")


def test_two_files_that_write_one_table_make_one_asset_and_cycles_are_left_out(site: Site) -> None:
    site.add("a.ktr", loading(site, orders(3)))
    site.add("b.ktr", loading(site, orders(4)))
    reader = Flow().database(site.shop()).step("Read", "TableInput", connection="shop", sql="select id from sales")
    reader.step("Write", "TableOutput", connection="shop", table="ids").hop("Read", "Write")
    site.add("c.ktr", reader)
    back = Flow().database(site.shop()).step("Read", "TableInput", connection="shop", sql="select id from ids")
    back.step("Write", "TableOutput", connection="shop", table="sales").hop("Read", "Write")
    site.add("d.ktr", back)
    keys = {s.key.to_user_string(): {d.asset_key.to_user_string() for d in s.deps} for s in specs_of(site)}
    assert keys == {
        SALES: set(),
        "report/kettle/b": set(),
        "table/shop/ids": {SALES},
        "report/kettle/d": {"table/shop/ids"},
    }


def specs_of(site: Site) -> list[dg.AssetSpec]:
    return list(site.definitions().resolve_all_asset_specs())


def test_a_table_of_the_warehouse_that_another_asset_makes_keeps_it(site: Site) -> None:
    site.taken = {Key("table", "retail", "baskets"): {Key("table", "retail", "late")}}
    flow = Flow().database(site.shop())
    flow = warehouse_flow("select household_id from table_retail.baskets", "table_retail.late")
    site.add("late.ktr", flow)
    site.add("again.ktr", warehouse_flow("select 1 as one", "table_retail.baskets"))
    keys = {s.key.to_user_string(): {d.asset_key.to_user_string() for d in s.deps} for s in specs_of(site)}
    assert keys == {"table/retail/late": set(), "report/kettle/again": set()}  # baskets is made from late: no cycle


def warehouse_flow(sql: str, table: str) -> Flow:
    from assets.kettle.model import Connection

    schema, name = table.split(".")
    flow = Flow().database(Connection("warehouse", "GENERIC"))
    flow.step("Read", "TableInput", connection="warehouse", sql=sql)
    return flow.step("Write", "TableOutput", connection="warehouse", schema=schema, table=name).hop("Read", "Write")


def test_a_file_changed_since_it_was_loaded_runs_as_it_is_now(site: Site) -> None:
    site.add("load.ktr", loading(site, orders(3)))
    job = site.definitions().resolve_implicit_global_asset_job_def()
    flow = loading(site, orders(6)).step("More", "Dummy").hop("Load", "More")
    site.add("load.ktr", flow)
    assert job.execute_in_process(instance=site.instance).success
    assert len(sales(site)) == 6


def test_long_graphs_are_one_op(site_with: Callable[..., Site]) -> None:
    site = site_with(kettle_ops=3)
    site.add("load.ktr", loading(site, orders(3)))
    result = site.run()
    assert result.success
    assert set(outputs(result)) == {"write"}
    assert "| Read amounts | SelectValues | 3 | 3 |" in site.metadata(SALES)["kettle/steps"]


def test_no_rows_are_left_behind(site: Site) -> None:
    site.add("load.ktr", loading(site, orders(3)))
    assert site.run().success
    assert not list((site.settings.home / "kettle" / "rows").rglob("*.arrow"))


def test_files_that_are_called_alike_do_not_meet(site: Site) -> None:
    for name in ("same.ktr", "Same.ktr", "same-.ktr"):
        site.add(name, Flow().step("one", "RowGenerator", limit="1").step("out", "Dummy").hop("one", "out"))
    shutil.copy(EXAMPLES / "coupons.kjb", site.folder / "same.kjb")
    assert len({spec.key for spec in specs_of(site)}) == 4
    assert site.run().success


EXAMPLES = Path(__file__).parents[4] / "examples" / "kettle"


def test_a_job_reports_each_entry_in_the_order_of_its_walk(site: Site) -> None:
    import duckdb

    for path in EXAMPLES.iterdir():
        shutil.copy(path, site.folder)
    with duckdb.connect(str(site.settings.home / "warehouse.duckdb")) as connection:
        connection.execute(
            """create schema raw_retail;
            create table raw_retail.coupon_redemptions as select 1::bigint household_id, 7::bigint coupon_upc,
                2::bigint campaign_id, timestamp '2017-03-09' redemption_date;
            create table raw_retail.campaign_descriptions as select 2::bigint campaign_id, 'Type A' campaign_type,
                timestamp '2017-03-01' start_date"""
        )
    definitions = site.definitions()
    job = next(j for j in definitions.resolve_all_job_defs() if j.name == "kettle__coupons")
    result = job.execute_in_process(instance=site.instance)
    assert result.success
    seen = [e.asset_observation_data.asset_observation for e in result.all_events if e.is_asset_observation]
    entries = [s.metadata["entry"].value for s in seen]
    assert entries == ["START", "Redeemed coupons", "Coupon habits", "Done"]
    assert site.metadata("table/retail/coupon_habits")["dagster/row_count"] == 1
    with duckdb.connect(str(site.settings.home / "warehouse.duckdb")) as connection:
        found = connection.execute("select household_id, redemptions, mean_days from table_retail.coupon_habits")
        assert found.fetchall() == [(1, 1, 8.0)]
    schedules = {s.name: s.cron_schedule for s in definitions.schedules or []}
    assert schedules == {"kettle__coupons__daily": "30 6 * * *"}


def test_a_job_that_ends_without_success_names_its_entry(site: Site) -> None:
    for path in EXAMPLES.iterdir():
        shutil.copy(path, site.folder)  # the source tables are not there
    job = next(j for j in site.definitions().resolve_all_job_defs() if j.name == "kettle__coupons")
    result = job.execute_in_process(instance=site.instance, raise_on_error=False)
    assert not result.success
    failure = next(e for e in result.all_events if e.is_step_failure)
    assert "coupons.kjb" in str(failure.step_failure_data.error)


def test_the_description_is_made_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from assets.kettle import catalog

    site.add("load.ktr", loading(site, orders(3)))
    first = catalog.load(site.folder, site.settings)
    monkeypatch.setattr(catalog, "described", lambda *_: pytest.fail("it was described again"))
    assert catalog.load(site.folder, site.settings) == first
