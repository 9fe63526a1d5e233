"""One graph of the demo company, from source columns to dashboards and answers: as it shall be, and as it is drawn."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.serde import Serde

from assets.catalog.lineage.exchange.openlineage import events
from assets.catalog.lineage.model import Point
from assets.catalog.lineage.store import LineageStore
from assets.catalog.lineage.walk import Lineage
from assets.catalog.store.versions import Versions
from core.settings import Settings
from orchestration.session import Session
from serving.studio.graphs import layer_of
from serving.studio.studio import Studio
from tests.serving.studio import demo
from tests.serving.studio.forms import Reader
from tests.serving.studio.test_browser import address as address
from tests.serving.studio.test_browser import page as page

PAGE = "/lineage/import"
KINDS = {  # of the acceptance -> layers of the graph
    "table": {"raw", "table"}, "task": {"step", "job"}, "dashboard": {"dashboard", "report"}, "metric": {"metric"},
    "feature": {"feature"}, "model": {"model"}, "endpoint": {"endpoint"}, "answer": {"answer"},
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Session]]:
    """The demo's settings, with its lineage read."""
    settings = demo.settings_in(tmp_path_factory.mktemp("demo"))
    session = demo.read(settings)
    yield settings, session
    session.instance.dispose()


@pytest.fixture
def studio(made: tuple[Settings, Session]) -> Studio:
    return Studio(made[0], Versions(made[0].catalog), "ann")


def test_the_graph_is_the_golden_one(made: tuple[Settings, Session]) -> None:
    store = LineageStore(made[0].catalog)
    lines = demo.told(e for e in demo.edges(store) if not e.to_key.startswith("dashboard:")).splitlines()
    golden = demo.GOLDEN.read_text(encoding="utf-8").splitlines()
    other = [f"- {x}" for x in golden if x not in set(lines)] + [f"+ {x}" for x in lines if x not in set(golden)]
    told = "\n".join(other)
    assert not other, f"{told}\nif that is meant: python -m tests.serving.studio.demo"


def test_what_dagster_makes_an_asset_from_is_above_it(made: tuple[Settings, Session]) -> None:
    """Dagster's asset graph is declared for itself: each of its edges is a way in the lineage, through steps or not."""
    graph, lineage = made[1].runner.graph, Lineage(LineageStore(made[0].catalog))
    checked = 0
    for key in graph.get_all_asset_keys():
        parents = {k.to_user_string() for k in graph.get(key).parent_keys if k in graph.get_all_asset_keys()}
        if not (parents and graph.get(key).is_materializable):
            continue
        above = {r.point.key for r in lineage.up(Point(key.to_user_string()), rows=True).reached}
        assert parents <= above, f"{key.to_user_string()} without {parents - above}"
        checked += len(parents)
    assert checked > 50


def test_every_event_of_the_graph_is_one_of_the_openlineage_client(made: tuple[Settings, Session]) -> None:
    """The client checks ids, moments and addresses itself, and writes the same."""
    found = list(events(LineageStore(made[0].catalog).stated()))
    assert len(found) > 80
    for ours in found:
        run, job = ours["run"], ours["job"]
        theirs = RunEvent(
            eventTime=ours["eventTime"],
            producer=ours["producer"],
            eventType=RunState(ours["eventType"]),
            run=Run(run["runId"]),
            job=Job(job["namespace"], job["name"]),
            inputs=[InputDataset(d["namespace"], d["name"]) for d in ours["inputs"]],
            outputs=[OutputDataset(d["namespace"], d["name"]) for d in ours["outputs"]],
        )
        assert _bare(json.loads(Serde.to_json(theirs))) == _bare(ours)


def _bare(value: Any) -> Any:
    """Without facets, and without what is empty."""
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if v not in ({}, [], None) and not k.lower().endswith("facets")}
    return [_bare(v) for v in value] if isinstance(value, list) else value


@pytest.mark.browser
@pytest.mark.timeout(300)
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium (apt-get install chromium)")
@pytest.mark.covers("RM-014", "RM-067", "OPS-041")
def test_all_kinds_are_drawn_with_what_files_bring(address: str, page: Any, studio: Studio, tmp_path: Path) -> None:
    for file in (demo.csv_file(tmp_path), demo.event_file(tmp_path)):
        page.goto(f"{address}{PAGE}")
        page.set_input_files("[name=file]", file)
        page.get_by_role("button", name="Import").click()
        assert "imported" in page.locator("#result h2").inner_text()
    page.goto(f"{address}/graph?view=lineage")
    page.wait_for_selector("[data-ready]")
    drawn = {str(n).split(" ")[0] for n in page.locator(".box").evaluate_all("b => b.map(x => x.dataset.find)")}
    keys = set(studio.lineage.keys())
    assert page.locator(".box").count() == len(keys) and {k.split(" ")[0] for k in keys} == drawn
    for kind, layers in KINDS.items():
        assert any(layer_of(k) in layers for k in keys), kind
        assert sum(page.locator(f".box.k-{layer}").count() for layer in layers), f"{kind} is not drawn"
    page.screenshot(path=tmp_path / "demo.png")

    page.goto(f"{address}/graph?view=lineage&node={demo.BOARD}&column=销售额&direction=up&level=column")
    page.wait_for_selector("[data-ready]")
    way = ["raw/retail/transactions", "table/retail/stg_transactions", "table/retail/basket_lines", "metric:sales"]
    shown = page.locator(".box").evaluate_all("b => b.map(x => x.dataset.find.split(' ')[0])")
    assert {*way, demo.BOARD} <= set(shown), "from the source's column to the dashboard's field"
    assert page.locator(".box .column", has_text="sales_value").count() >= 3
    page.screenshot(path=tmp_path / "field.png")

    page.goto(f"{address}/graph?view=lineage&node=raw/retail/transactions&column=sales_value&direction=impact")
    page.wait_for_selector("[data-ready]")
    hit = set(page.locator(".box.behind, .box.breaks").evaluate_all("b => b.map(x => x.dataset.find.split(' ')[0])"))
    answers = {k for k in hit if k.startswith("answer:")}
    below = {demo.BOARD, "metric:sales", "feature/retail/household_weekly", "endpoint/retail/coupon_propensity"}
    assert below <= hit and len(answers) == 2, "the answers from SQL and from metrics, not the one from documents"
    page.screenshot(path=tmp_path / "impact.png")


def test_an_imported_dashboard_is_a_node_of_the_graph(studio: Studio, tmp_path: Path) -> None:
    reader = Reader(studio)
    for file in (demo.csv_file(tmp_path), demo.event_file(tmp_path)):
        reader.done(PAGE, reader.form(PAGE, PAGE), {"file": (file.name, file.read_bytes())})
    found = Lineage(studio.lineage).up(Point(demo.BOARD, "品牌")).reached
    assert Point("raw/retail/products", "brand") in {r.point for r in found}
    outbox = {r.point.key for r in Lineage(studio.lineage).up(Point("dataset:crm/outbox")).reached}
    assert {"model/retail/coupon_propensity", "raw/retail/transactions"} <= outbox
