"""A breaking change of a source holds back what reads it before anything runs; jobs and blocking checks too."""

import itertools

import dagster as dg
import pytest

from assets.catalog import gate_defs
from assets.catalog.record import accept
from assets.kettle.described import FileInfo
from assets.kettle.synced import gate
from tests.assets.kettle.flow import Flow
from tests.assets.kettle.synced.conftest import Site, failure

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


def test_a_job_that_calls_the_file_does_not_begin(site: Site) -> None:
    entries = [
        ("START", "SPECIAL", {"start": "Y"}),
        (
            "Load",
            "TRANS",
            {"filename": str(site.settings.kettle_files / "load.ktr"), "specification_method": "filename"},
        ),
    ]
    (site.settings.kettle_files / "nightly.kjb").write_bytes(job(entries))
    walk = site.definitions().get_job_def("kettle__nightly")
    assert walk.execute_in_process(instance=site.instance, raise_on_error=False).success
    site.sql("DELETE FROM loaded", "ALTER TABLE orders RENAME COLUMN total TO amount")
    site.scan()
    held = walk.execute_in_process(instance=site.instance, raise_on_error=False)
    assert "load.ktr does not run: a breaking change waits at shop:orders" in failure(held)
    assert site.sql("SELECT * FROM loaded") == []


def test_a_column_that_a_written_table_now_needs_holds_the_writer_back(site: Site) -> None:
    site.sql("DROP TABLE loaded", "CREATE TABLE loaded (id integer, total integer, by_whom text NOT NULL)")
    site.scan()
    held = failure(site.run())
    assert "waits at shop:loaded (step 'Load')" in held and "by_whom" in held and "accept shop/loaded" in held


def test_a_file_from_before_the_first_scan_is_not_held_back(site: Site) -> None:
    fresh = site.settings.model_copy(update={"catalog": f"sqlite:///{site.settings.home}/none.db"})
    other = Site(fresh, site.url)
    assert gate.waiting(fresh, fresh.kettle_files / "load.ktr", FileInfo(name="load.ktr", kind="ktr")) == []
    assert not (fresh.home / "none.db").exists()
    assert other.run().success


def job(entries: list[tuple[str, str, dict[str, str]]]) -> bytes:
    """A job that walks the entries in a line."""
    made = "".join(
        f"<entry><name>{name}</name><type>{kind}</type><nr>0</nr>"
        + "".join(f"<{tag}>{text}</{tag}>" for tag, text in tags.items())
        + "</entry>"
        for name, kind, tags in entries
    )
    hops = "".join(
        f"<hop><from>{a[0]}</from><to>{b[0]}</to><from_nr>0</from_nr><to_nr>0</to_nr><enabled>Y</enabled>"
        "<evaluation>Y</evaluation><unconditional>Y</unconditional></hop>"
        for a, b in itertools.pairwise(entries)
    )
    return f"<job><name>nightly</name><entries>{made}</entries><hops>{hops}</hops></job>".encode()


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
