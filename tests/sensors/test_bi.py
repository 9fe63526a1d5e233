"""A table that was made anew reaches the BI tool: tables, the sensor and data sets together, over HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.analytics.bi_defs import dataset_key, definitions
from assets.kettle.defs import kettle_assets
from core.errors import SettingsError
from core.settings import Settings
from orchestration.build import build_definitions
from resources.defs import build_resources
from sensors.bi import AGAIN, behind, followers, table_materialized
from tests.assets.kettle.dagster.conftest import Site, loading, make_site, orders
from tests.fakes.superset import PASSWORD, Fault, SupersetServer, superset_server

WIDE = dg.AssetKey(["table", "shop", "wide"])
DATASET = dg.AssetKey(["report", "bi", "table_shop_wide"])


class Shop:
    """A table asset whose columns can be changed, in an installation with Superset beside it."""

    def __init__(self, server: SupersetServer, settings: Settings, tag: str = "dataset") -> None:
        self.server, self.settings = server, settings
        self.instance = dg.DagsterInstance.ephemeral()
        self.keys: set[str] = set()
        self.columns = {"id": ("BIGINT", ""), "city": ("VARCHAR", "Where it lives")}
        shop = self

        @dg.asset(key=WIDE, tags={"bi": tag, "pii": "yes"}, owners=["team:sales"], description="One row per household.")
        def wide() -> dg.MaterializeResult[None]:
            server.tables["table_shop", "wide"] = {name: kind for name, (kind, _) in shop.columns.items()}
            columns = [dg.TableColumn(n, k.lower(), text) for n, (k, text) in shop.columns.items()]
            metadata: dict[str, Any] = {"dagster/column_schema": dg.TableSchema(columns)}
            return dg.MaterializeResult(metadata=metadata | {"dagster/table_name": "table_shop.wide"})

        @dg.asset(key=["table", "shop", "quiet"])
        def quiet() -> None: ...

        made = dg.Definitions(assets=[wide, quiet])
        bi = definitions(settings, [made])
        shell = dg.Definitions(resources=build_resources(settings), sensors=[table_materialized()])
        self.definitions = dg.Definitions.merge(made, bi, shell)

    def run(self, *keys: dg.AssetKey) -> dg.ExecuteInProcessResult:
        job = self.definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=self.instance, asset_selection=keys, raise_on_error=False)

    def tick(self) -> int:
        """A tick, its new run keys as runs, as the daemon does; how many there were."""
        repository = self.definitions.get_repository_def()
        context = dg.build_sensor_context(self.instance, repository_def=repository)
        requests = table_materialized().evaluate_tick(context).run_requests or []
        fresh = [r for r in requests if r.run_key not in self.keys]
        self.keys |= {str(r.run_key) for r in fresh}
        for request in fresh:
            self.run(*(request.asset_selection or []))
        return len(fresh)

    def told(self) -> dict[str, Any]:
        event = self.instance.get_latest_materialization_event(DATASET)
        assert event is not None and event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    def shown(self) -> dict[str, Any]:
        """Column -> description, in Superset."""
        assert len(self.server.datasets) == 1
        return {c["column_name"]: c["description"] for c in next(iter(self.server.datasets.values()))["columns"]}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SupersetServer]:
    monkeypatch.setenv("BI_SECRET", PASSWORD)
    with superset_server() as found:
        yield found


@pytest.fixture
def make(server: SupersetServer, make_settings: Callable[..., Settings]) -> Callable[..., Shop]:
    return lambda **more: Shop(server, make_settings(bi=server.url, bi_password="env:BI_SECRET"), **more)


def test_a_data_set_follows_its_table(make: Callable[..., Shop], server: SupersetServer) -> None:
    shop = make()
    assert shop.tick() == 0 and server.requests == []
    assert shop.run(WIDE).success
    assert shop.tick() == 1
    assert shop.shown() == {"id": None, "city": "Where it lives"}
    item = server.datasets[1]
    assert (item["schema"], item["table_name"], item["description"]) == ("table_shop", "wide", "One row per household.")
    extra = json.loads(item["extra"])
    assert extra["heddle"]["owner"] == "team:sales" and extra["heddle"]["asset"] == "table/shop/wide"
    assert shop.told()["bi/changes"][0] == "created" and shop.told()["bi/dataset"] == 1
    assert shop.tick() == 0

    shop.columns = {"id": ("BIGINT", "Household"), "town": ("VARCHAR", "Where it lives")}
    shop.run(WIDE)
    assert shop.tick() == 1
    assert shop.shown() == {"id": "Household", "town": "Where it lives"}
    assert shop.told()["bi/changes"][:2] == ["columns added: town", "columns removed: city"]

    writes = list(server.writes)
    assert shop.tick() == 0
    shop.run(WIDE)  # new rows, same columns
    assert shop.tick() == 1 and shop.tick() == 0
    assert server.writes == writes and shop.told()["bi/changes"] == ["nothing to change"]


def test_the_graph_leads_from_the_table_to_its_data_set(make: Callable[..., Shop]) -> None:
    specs = {s.key: s for s in make().definitions.resolve_all_asset_specs()}
    assert set(specs) == {WIDE, DATASET, dg.AssetKey(["table", "shop", "quiet"])}
    found = specs[DATASET]
    assert [d.asset_key for d in found.deps] == [WIDE]
    assert list(found.owners) == ["team:sales"] and found.tags["pii"] == "yes" and found.kinds == {"superset"}


def test_a_certified_table_is_marked(make: Callable[..., Shop], server: SupersetServer) -> None:
    shop = make(tag="certified")
    shop.run(WIDE, DATASET)
    assert json.loads(server.datasets[1]["extra"])["certification"]["certified_by"] == "team:sales"
    assert shop.tick() == 0  # the run did both


def test_a_failure_is_a_failed_run_that_is_tried_again_after_an_hour(
    make: Callable[..., Shop], server: SupersetServer
) -> None:
    shop = make()
    server.faults.append(Fault("GET /api/v1/dataset", 500, {"message": f"no {PASSWORD}"}, times=3))
    shop.run(WIDE)
    assert shop.tick() == 1 and shop.tick() == 0
    assert shop.instance.get_latest_materialization_event(DATASET) is None
    failed = shop.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert len(failed) == 1
    logs = [str(e) for e in shop.instance.all_logs(failed[0].run_id)]
    assert any("failed at GET /api/v1/dataset/ with status 500: no ***" in line for line in logs)
    assert not any(PASSWORD in line for line in logs)
    pairs = {DATASET: WIDE}
    now, same, later = (behind(shop.instance, pairs, t)[0].run_key for t in (AGAIN, AGAIN + 99, 2 * AGAIN))
    assert now == same != later
    shop.run(DATASET)
    assert shop.tick() == 0 and behind(shop.instance, pairs, 3 * AGAIN) == []


def test_a_kettle_table_reaches_superset(
    server: SupersetServer, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    site: Site = make_site(tmp_path, bi=server.url, bi_password="env:BI_SECRET", bi_assets="table/shop/*")
    site.add("load.ktr", loading(site, orders(5)))
    kettle = kettle_assets(site.folder, site.settings)
    all_of_it = dg.Definitions.merge(
        kettle, definitions(site.settings, [kettle]), dg.Definitions(resources=build_resources(site.settings))
    )
    job = all_of_it.resolve_implicit_global_asset_job_def()
    server.tables["", "sales"] = {"id": "INTEGER", "amount": "INTEGER", "city": "VARCHAR(30)"}
    assert job.execute_in_process(instance=site.instance, raise_on_error=False).success
    item = server.datasets[1]
    assert (item["schema"], item["table_name"]) == (None, "sales")
    assert "Kettle file load.ktr" in item["description"]
    assert [c["column_name"] for c in item["columns"]] == ["id", "amount", "city"]
    graph = all_of_it.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.materializable_asset_keys]
    pairs = followers(nodes)
    assert pairs == {dg.AssetKey(["report", "bi", "table_shop_sales"]): dg.AssetKey(["table", "shop", "sales"])}
    assert behind(site.instance, pairs, 0) == []


def test_the_example_transformation_can_ask_for_a_data_set(make_settings: Callable[..., Settings]) -> None:
    url = "superset+https://me@bi.example.com/?database=W"
    found = build_definitions(make_settings(bi=url, bi_assets="table/retail/coupon_use, table/retail/baskets"))
    specs = {s.key.to_user_string(): s for s in found.resolve_all_asset_specs()}
    assert {k for k in specs if k.startswith("report/bi/")} == {
        "report/bi/table_retail_coupon_use",
        "report/bi/table_retail_baskets",
    }
    deps = specs["report/bi/table_retail_coupon_use"].deps
    assert [d.asset_key.to_user_string() for d in deps] == ["table/retail/coupon_use"]
    assert "table__materialized" in {s.name for s in found.sensors or []}


def test_the_definitions_stay_light_with_a_bi_tool() -> None:
    code = (
        "import sys; from orchestration.definitions import defs; d = defs();"
        "assert any('bi' in k.path for k in d.resolve_asset_graph().materializable_asset_keys);"
        "assert not {'httpx', 'polars', 'resources.bi_superset'} & set(sys.modules)"
    )
    names = {"HEDDLE_BI": "superset+https://me@h/?database=W", "HEDDLE_BI_ASSETS": "table/retail/baskets"}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], env=os.environ | names, check=True, cwd=root)


def test_nothing_is_defined_without_a_bi_tool(settings: Settings) -> None:
    tagged = dg.AssetSpec(WIDE, tags={"bi": "dataset"})
    assert not definitions(settings, [dg.Definitions(assets=[tagged])]).assets


@pytest.mark.parametrize(
    ("tag", "pattern", "words"),
    [
        ("datasets", "", "has the tag bi=datasets"),
        ("dataset", "table/shop/wode", "no table has a key like table/shop/wode"),
    ],
)
def test_what_is_misspelt_is_told(make_settings: Callable[..., Settings], tag: str, pattern: str, words: str) -> None:
    settings = make_settings(bi="superset+https://me@h/?database=W", bi_assets=pattern)
    with pytest.raises(SettingsError, match=words):
        definitions(settings, [dg.Definitions(assets=[dg.AssetSpec(WIDE, tags={"bi": tag})])])


def test_keys_of_data_sets_fit() -> None:
    long = dg.AssetKey(["table", "shop", "n" * 60])
    assert str(dataset_key(WIDE)) == "report/bi/table_shop_wide"
    assert len(dataset_key(long).noun) <= 63 and dataset_key(long) != dataset_key(
        dg.AssetKey([*long.path[:2], "n" * 59])
    )
