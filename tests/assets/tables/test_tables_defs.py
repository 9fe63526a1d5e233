"""dbt models and tests as Dagster shows and runs them."""

import subprocess
import sys
from collections.abc import Sequence

import dagster as dg
import pytest

from assets.kit import VERSION, asset_key
from assets.partitions import RETAIL_WEEK
from assets.sources.retail_files import weeks
from assets.tables.defs import definitions
from assets.tables.specs import load as load_models
from core.naming import TableName
from core.settings import PROJECT
from tests.assets.tables.conftest import Site

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Graph:
    """The tables domain over one warehouse, with an instance of its own."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.weeks = weeks(site.settings)
        self.instance = dg.DagsterInstance.ephemeral()
        self.instance.add_dynamic_partitions(str(RETAIL_WEEK.name), self.weeks)
        resources = {"settings": site.settings, "warehouse": site.warehouse}
        self.defs = dg.Definitions.merge(definitions(site.settings), dg.Definitions(resources=resources))

    def run(self, names: Sequence[str], first: str = "", last: str = "") -> dg.ExecuteInProcessResult:
        job = self.defs.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[asset_key(f"table/retail/{n}") for n in names],
            tags={START: first, END: last or first} if first else {},
            run_config=QUIET,
            raise_on_error=False,
        )

    def all(self) -> dg.ExecuteInProcessResult:
        return self.run([m.name for m in load_models()], self.weeks[0], self.weeks[-1])

    def versions(self, name: str) -> dict[str | None, str]:
        records = self.instance.fetch_materializations(asset_key(f"table/retail/{name}"), limit=1000).records
        found: dict[str | None, str] = {}
        for record in records:  # newest first
            assert record.asset_materialization is not None
            found.setdefault(record.partition_key, str(record.asset_materialization.metadata[VERSION].value))
        return found


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {e.check_name: e.passed for e in result.get_asset_check_evaluations()}


def materialized(result: dg.ExecuteInProcessResult) -> list[tuple[str, str | None]]:
    events = [e for e in result.all_events if e.is_step_materialization]
    return [(e.asset_key.path[-1], e.partition) for e in events if e.asset_key is not None]


@pytest.fixture
def graph(duckdb_site: Site) -> Graph:
    return Graph(duckdb_site)


def test_everything_is_built_and_checked(graph: Graph) -> None:
    result = graph.all()
    assert result.success
    models = load_models()
    assert checks(result) == {t.name: True for m in models for t in m.tests}
    whole = [m.name for m in models if not m.weekly]
    weekly = [(m.name, w) for m in models if m.weekly for w in graph.weeks]
    assert sorted(materialized(result)) == sorted([(n, None) for n in whole] + weekly)

    events = result.asset_materializations_for_node("table__retail__weekly")
    one = next(e for e in events if e.asset_key.path[-1] == "baskets" and e.partition == graph.weeks[3])
    rows = graph.site.rows(
        "select count(*), count(case when week_start = date '" + graph.weeks[3] + "' then 1 end)"
        " from table_retail.baskets"
    )
    assert (one.metadata["dagster/row_count"].value, one.metadata["dagster/partition_row_count"].value) == rows[0]
    assert one.metadata["dagster/table_name"].value == "table_retail.baskets"
    schema = one.metadata["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    key = next(c for c in schema.columns if c.name == "basket_id")
    assert key.description and not key.constraints.nullable
    lineage = one.metadata["dagster/column_lineage"].value
    assert isinstance(lineage, dg.TableColumnLineage)
    assert [(d.asset_key.path[-1], d.column_name) for d in lineage.deps_by_column["sales_value"]] == [
        ("stg_transactions", "sales_value")
    ]
    assert "sum(cast(sales_value" in str(one.metadata["sql"].value)


def test_one_changed_week_changes_that_week_only(graph: Graph) -> None:
    graph.all()
    before = {n: graph.versions(n) for n in ("stg_transactions", "baskets", "sales_daily", "households", "products")}
    week = graph.weeks[5]
    graph.site.warehouse.replace(
        TableName("raw_retail", "transactions"),
        f"select * from raw_retail.transactions where week_start <> date '{week}' or basket_id % 3 > 0",
    )
    result = graph.run([m.name for m in load_models()], week)
    assert result.success and all(checks(result).values())
    for name, former in before.items():
        now = graph.versions(name)
        expected = {week} if week in former else {None} if name == "households" else set()
        assert {p for p in now if now[p] != former[p]} == expected, name


def test_any_subset_runs_alone(graph: Graph) -> None:
    result = graph.run(["stg_products", "products"])
    assert result.success
    assert materialized(result) == [("stg_products", None), ("products", None)]
    assert set(checks(result)) == {
        t.name for m in load_models() if m.name in ("stg_products", "products") for t in m.tests
    }
    tables = graph.site.rows("select table_name from information_schema.tables where table_schema = 'table_retail'")
    assert {t[0] for t in tables} == {"stg_products", "products"}


def test_a_check_runs_alone(graph: Graph) -> None:
    graph.run(["stg_products"])
    chosen = dg.AssetSelection.checks(dg.AssetCheckKey(asset_key("table/retail/stg_products"), "stg_products_no_nulls"))
    job = dg.define_asset_job("only_check", selection=chosen)
    resolved = dg.Definitions.merge(graph.defs, dg.Definitions(jobs=[job])).resolve_job_def("only_check")
    result = resolved.execute_in_process(instance=graph.instance, run_config=QUIET)
    assert materialized(result) == [] and checks(result) == {"stg_products_no_nulls": True}


def test_bad_data_turns_the_right_check_red(graph: Graph) -> None:
    graph.site.warehouse.replace(
        TableName("raw_retail", "products"),
        "select * from raw_retail.products union all (select * from raw_retail.products order by product_id limit 1)",
    )
    result = graph.run(["stg_products", "products"])
    assert result.success  # these checks do not block
    assert {name for name, passed in checks(result).items() if not passed} == {
        "unique_stg_products_product_id",
        "unique_products_product_id",
    }
    red = next(e for e in result.get_asset_check_evaluations() if not e.passed)
    assert red.metadata["failures"].value == 1 and "product_id" in str(red.metadata["sql"].value)


def test_a_missing_column_upstream_is_told_in_dbts_words(graph: Graph) -> None:
    graph.all()
    before = graph.site.rows("select count(*), sum(cast(sales_value as numeric(18, 2))) from table_retail.sales_daily")
    graph.site.warehouse.replace(
        TableName("raw_retail", "products"), "select product_id, manufacturer_id, brand from raw_retail.products"
    )
    result = graph.run(["stg_products", "products"])
    assert not result.success
    failed = next(e for e in result.all_events if e.is_step_failure)
    error = failed.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    assert error is not None
    for part in ("stg_products", "models/staging/stg_products.sql", "department", "not built because of it: products"):
        assert part in error.message
    assert (
        graph.site.rows("select count(*), sum(cast(sales_value as numeric(18, 2))) from table_retail.sales_daily")
        == before
    )


def test_definitions_load_without_dbt() -> None:
    code = (
        "import sys; from core.settings import load; from assets.tables.defs import definitions; definitions(load({}));"
        "heavy = {'dbt', 'dagster_dbt', 'duckdb', 'polars', 'sqlglot', 'metricflow'};"
        "print(*heavy & {m.split('.')[0] for m in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
