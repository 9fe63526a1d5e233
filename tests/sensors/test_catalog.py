"""Sensor run__registered: the catalogue follows runs."""

from collections.abc import Callable

import dagster as dg
import pytest

from assets.catalog.card import card
from assets.catalog.registration_defs import bring_up_to_date
from assets.catalog.store.versions import Versions
from core.settings import Settings
from sensors.catalog import run_registered
from tests.fakes.llm_server import llm_server


@dg.asset(key=["table", "shop", "orders"], owners=["team:shop"], description="All orders.")
def orders(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    columns = [dg.TableColumn("id", "bigint"), dg.TableColumn("paid_at", "timestamp")]
    return dg.MaterializeResult(metadata={"dagster/row_count": 7, "dagster/column_schema": dg.TableSchema(columns)})


@dg.asset(key=["report", "shop", "sales"], deps=[orders])
def sales() -> None:
    """Sales by day."""


@dg.asset_check(asset=orders)
def some_rows() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@pytest.mark.covers("DATA-060")
def test_after_a_run_the_asset_s_card_says_everything_with_its_evidence(make_settings: Callable[..., Settings]) -> None:
    definitions = dg.Definitions(assets=[orders, sales], asset_checks=[some_rows])
    graph = definitions.resolve_asset_graph()
    with llm_server('{"en": "Paid orders.", "zh": "订单。", "columns": {"id": {"en": "Number."}}}') as server:
        settings = make_settings(llm=server.url, llm_model="tiny-1")
        with dg.DagsterInstance.ephemeral() as instance:
            run = definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
            said = bring_up_to_date(settings, graph, instance, run.run_id)
            assert "tiny-1 described 2" in said
            again = bring_up_to_date(settings, graph, instance, run.run_id)
            assert "tiny-1 described 0" in again and len(server.requests) == 2
    found = card(Versions(settings.catalog), "table/shop/orders")
    assert (found.description, found.owners, found.downstream) == (
        "All orders.",
        ("team:shop",),
        ("report/shop/sales",),
    )
    assert [line.column.name for line in found.lines] == ["id", "paid_at"]
    assert found.measured["run"] == run.run_id and found.measured["made"] and found.measured["parts"]["freshness"]
    assert found.sentences and all(s.en and s.zh and s.evidence for s in found.sentences)
    assert found.told and (found.told.en, found.told.model) == ("Paid orders.", "tiny-1") and found.told.evidence
    assert card(Versions(settings.catalog), "report/shop/sales").upstream == ("table/shop/orders",)


def test_the_catalogue_follows_runs(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    sensor = run_registered(settings)
    definitions = dg.Definitions(assets=[orders, sales], asset_checks=[some_rows], sensors=[sensor])
    repository = definitions.get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:

        def tick(cursor: str | None) -> tuple[str | None, str]:
            context = dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository)
            found = sensor.evaluate_tick(context)
            return found.cursor, found.skip_message or ""

        assert tick("")[1] == "no run ended since the last look"
        run = definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
        cursor, said = tick("")
        assert (cursor, said.split(";")[0]) == (run.run_id, "2 assets in the catalogue, 2 new versions")
        assert "1 runs" in said
        assert tick(cursor)[1] == "no run ended since the last look"

    versions = Versions(settings.catalog)
    entry = versions.get("asset", "table/shop/orders")
    assert entry and entry.document and entry.change.run == run.run_id
    assert [(c["name"], c["base"]) for c in entry.document["columns"]] == [("id", "integer"), ("paid_at", "timestamp")]
    assert entry.document["owners"] == ["team:shop"]
    assert {d["evidence"] for d in entry.document["described"]} == {"asset key", "column schema of the last run"}
    measured = versions.measured("asset", "table/shop/orders")[0][2]
    assert measured["rows"] == 7 and measured["checks"] == [{"name": "some_rows", "passed": True}]
    assert measured["parts"]["reach"]["why"] == "1 assets depend on it" and measured["seconds"] > 0
