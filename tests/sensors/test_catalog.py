"""Sensor run__registered: the catalogue follows runs."""

from collections.abc import Callable

import dagster as dg

from assets.catalog.store.versions import Versions
from core.settings import Settings
from sensors.catalog import run_registered


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
