"""The two reports as Dagster assets over the sample."""

from datetime import timedelta
from typing import Any

import dagster as dg
import polars as pl
import pytest

from assets.analytics.defs import definitions
from core.naming import TableName
from core.settings import Settings
from resources.ports import Warehouse

FORECAST = dg.AssetKey(["report", "retail", "sales_forecast"])
SEGMENTS = dg.AssetKey(["report", "retail", "segments"])
SALES_DAILY = """
select s.sale_date, s.store_id, p.department, s.week_start,
    cast(sum(cast(s.sales_value as numeric(18, 2))) as double precision) as sales_value,
    count(distinct s.basket_id) as baskets
from table_retail.stg_transactions as s join table_retail.products as p on s.product_id = p.product_id
group by s.sale_date, s.store_id, p.department, s.week_start
"""


@pytest.fixture
def run(marts_warehouse: Warehouse, settings: Settings) -> Any:
    """Materialize assets over the sample's marts; returns the result."""
    marts_warehouse.replace(TableName("table_retail", "sales_daily"), SALES_DAILY)
    resources = {"warehouse": dg.ResourceDefinition.hardcoded_resource(marts_warehouse)}
    shell = dg.Definitions(resources=resources)
    job = dg.Definitions.merge(definitions(settings), shell).resolve_implicit_global_asset_job_def()
    return lambda *keys, **options: job.execute_in_process(asset_selection=list(keys) or None, **options)


def metadata(result: dg.ExecuteInProcessResult, key: dg.AssetKey) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node("__".join(key.path))
    return {name: value.value for name, value in event.metadata.items()}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {c.check_name: c.passed for c in result.get_asset_check_evaluations()}


def test_both_reports_are_tables_with_scores_pictures_and_lineage(run: Any, marts_warehouse: Warehouse) -> None:
    result = run()
    assert result.success
    assert set(checks(result)) == {"better_than_seasonal_naive", "no_missing_days", "segments_are_stable"}
    assert checks(result)["no_missing_days"]

    found = metadata(result, FORECAST)
    rows = marts_warehouse.query("select * from report_retail.sales_forecast")
    assert rows.columns == ["sale_date", "department", "forecast", "lo80", "hi80", "lo95", "hi95", "model"]
    last = marts_warehouse.query("select max(sale_date) from table_retail.sales_daily").item()
    assert rows["sale_date"].min() == last + timedelta(days=1)
    assert rows["sale_date"].max() == last + timedelta(days=28)
    assert found["dagster/row_count"] == rows.height == 28 * rows["department"].n_unique()
    assert checks(result)["better_than_seasonal_naive"] == (found["MASE"] < found["MASE of seasonal naive"])
    assert found["closed days"] == ["2017-12-25"]
    assert "data:image/png;base64" in found["forecast"] and len(found["forecast"]) < 80_000
    deps = found["dagster/column_lineage"].deps_by_column
    assert {d.column_name for d in deps["forecast"]} == {"sale_date", "department", "sales_value"}
    assert {d.column_name for d in deps["department"]} == {"department"}

    found = metadata(result, SEGMENTS)
    rows = marts_warehouse.query("select * from report_retail.segments order by household_id")
    assert rows.columns == ["household_id", "recency_days", "frequency", "monetary", "segment"]
    truth = marts_warehouse.query(
        "select household_id, count(distinct basket_id) as frequency, max(basket_date) as last, "
        "sum(sales_value) as monetary from table_retail.baskets group by household_id order by household_id"
    )
    assert rows["frequency"].to_list() == truth["frequency"].to_list()
    assert rows["monetary"].to_list() == pytest.approx(truth["monetary"].to_list(), abs=0.005)
    newest = truth["last"].max()
    assert rows["recency_days"].to_list() == [(newest - d).days for d in truth["last"]]
    assert 3 <= rows["segment"].n_unique() == found["number of segments"] <= 8
    deps = found["dagster/column_lineage"].deps_by_column
    assert {d.column_name for d in deps["recency_days"]} == {"basket_date"}
    assert {d.column_name for d in deps["segment"]} == {"basket_date", "basket_id", "sales_value"}


def test_a_second_run_gives_the_same_content_version(run: Any) -> None:
    first, second = run(SEGMENTS), run(SEGMENTS)
    assert metadata(first, SEGMENTS)["heddle/version"] == metadata(second, SEGMENTS)["heddle/version"]


def test_missing_days_turn_the_check_red(run: Any, marts_warehouse: Warehouse, settings: Settings) -> None:
    run(FORECAST)
    table = TableName("report_retail", "sales_forecast")
    (check,) = definitions(settings).asset_checks or []
    whole = marts_warehouse.query("select * from report_retail.sales_forecast")
    grocery = pl.col("department") == "GROCERY"
    broken = [whole.filter(~(grocery & (pl.col("sale_date").dt.day() == 10))), whole.filter(~grocery)]
    for frame, passes in [*((f, False) for f in broken), (whole, True)]:
        marts_warehouse.write(table, frame)
        assert check(warehouse=marts_warehouse).passed is passes


def test_a_failure_leaves_the_former_table(run: Any, marts_warehouse: Warehouse) -> None:
    run(FORECAST)
    before = marts_warehouse.query("select * from report_retail.sales_forecast order by 1, 2")
    few = "select * from table_retail.sales_daily where sale_date < date '2017-02-01'"
    marts_warehouse.replace(TableName("table_retail", "sales_daily"), few)
    result = run(FORECAST, raise_on_error=False)
    assert not result.success
    assert marts_warehouse.query("select * from report_retail.sales_forecast order by 1, 2").equals(before)
