"""A breaking change of a source holds back what reads it before anything runs; jobs and blocking checks too."""

import dagster as dg
import pytest

from assets.catalog import gate_defs
from assets.catalog.record import accept
from tests.assets.kettle.flow import Flow
from tests.assets.kettle.synced.conftest import Site

RAW = dg.AssetKey(["raw", "shop", "orders"])


def reading(site: Site) -> Flow:
    flow = Flow().database(site.connection())
    flow.step("Orders", "TableInput", connection="shop", sql="SELECT id, total FROM orders")
    flow.step("Load", "TableOutput", connection="shop", table="loaded", truncate="Y")
    return flow.hop("Orders", "Load")


@pytest.fixture
def site(lite: Site) -> Site:
    lite.sql(
        "CREATE TABLE orders (id integer, total integer)",
        "INSERT INTO orders VALUES (1, 5), (2, 7)",
        "CREATE TABLE loaded (id integer, total integer)",
    )
    lite.scan()
    lite.add("load.ktr", reading(lite))
    return lite


@pytest.mark.covers("DATA-018")
def test_the_blocking_check_of_a_source_fails_before_what_reads_it(site: Site) -> None:
    done: list[str] = []

    @dg.asset(key=RAW)
    def orders() -> None:
        done.append("orders")

    @dg.asset(key=["table", "shop", "sums"], deps=[orders])
    def sums() -> None:
        done.append("sums")

    mine = dg.Definitions(assets=[orders, sums])
    settings = dg.ResourceDefinition.hardcoded_resource(site.settings)
    base = dg.Definitions(resources={"settings": settings}, executor=dg.in_process_executor)
    definitions = dg.Definitions.merge(mine, gate_defs.definitions(site.settings, [mine]), base)

    def run() -> dg.ExecuteInProcessResult:
        done.clear()
        job = definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=site.instance, raise_on_error=False)

    assert run().success and done == ["orders", "sums"]
    site.sql("ALTER TABLE orders RENAME COLUMN total TO amount")
    site.scan()
    (evaluation,) = run().get_asset_check_evaluations()
    assert done == ["orders"] and not evaluation.passed and evaluation.blocking
    assert evaluation.description is not None and "total" in evaluation.description
    assert "heddle catalog accept shop/orders" in evaluation.description
    accept(site.versions, "shop/orders", "ann")
    assert run().success and done == ["orders", "sums"]


def test_a_table_that_nothing_here_makes_has_the_check_too(site: Site) -> None:
    kettle = site.definitions()
    checks = gate_defs.definitions(site.settings, [kettle])
    job = site.definitions(checks).resolve_implicit_global_asset_job_def()

    def checked() -> bool:
        result = job.execute_in_process(instance=site.instance, raise_on_error=False)
        found = {c.check_name: c for c in result.get_asset_check_evaluations() if c.asset_key == RAW}
        return found[gate_defs.GATE].passed

    assert checked()
    site.sql("ALTER TABLE orders DROP COLUMN total")
    site.scan()
    assert not checked()


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ("shop/orders", ("raw", "shop", "orders")),
        ("shop/sales.orders", ("raw", "shop", "sales_orders")),
        ("retail/baskets.parquet", ("raw", "retail", "baskets")),
        ("warehouse/raw_retail.baskets", ("raw", "retail", "baskets")),
    ],
)
def test_entries_belong_to_assets(entry: str, key: tuple[str, str, str]) -> None:
    assert key in [tuple(k) for k in gate_defs._assets(entry)]
