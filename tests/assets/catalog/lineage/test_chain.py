"""From a chat answer back to Kettle step, run, file and commit, and forward again; with real runs and files."""

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from assets.catalog.lineage.from_kettle import step_key
from assets.catalog.lineage.lineage_defs import record_run, refresh
from assets.catalog.lineage.model import Point
from assets.catalog.lineage.store import LineageStore
from assets.catalog.lineage.walk import Lineage
from orchestration.cli.main import main
from tests.assets.kettle.dagster.conftest import Site, make_site
from tests.assets.kettle.flow import Flow

ORDERS, SALES, REPORT = "raw/shop/orders", "table/shop/sales", "document:report.txt"
LOAD, TELL = "load.ktr", "tell.ktr"
ASKED = "answer:0123abcd"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = make_site(tmp_path, handbook=tmp_path / "handbook", warehouse=f"duckdb:///{tmp_path}/home/w.duckdb")
    (site.settings.drops / "handbook").mkdir(parents=True)
    with sqlite3.connect(site.database) as connection:
        connection.execute("create table orders (id integer, amount integer, city varchar(30))")
        connection.execute("create table sales (id integer, revenue integer, town varchar(30))")
        connection.execute("insert into orders values (1, 10, 'Ulm'), (2, 20, 'Bonn')")
    write(site, "amount")
    tell = Flow().database(site.shop()).step("Sales", "TableInput", connection="shop", sql="select revenue from sales")
    output = [
        ("file", [("name", str(site.settings.drops / "handbook" / "report")), ("extention", "txt")]),
        ("fields", [("field", [("name", "revenue"), ("type", "Integer"), ("length", "-1"), ("precision", "-1")])]),
    ]
    site.add(TELL, tell.step("Write", "TextFileOutput", output, header="Y", separator=";").hop("Sales", "Write"))
    git(site.folder, "init", "-q")
    commit(site.folder)
    answers = site.settings.home / "answers"
    answers.mkdir(parents=True)
    told: dict[str, Any] = {"id": "0123abcd", "time": "2026-01-05T10:00:00+00:00", "question": "How much was sold?"}
    told |= {"mode": "extractive", "index": "v1", "documents": ["other.md", "report.txt"], "cited": [2]}
    (answers / "2026-01-05.jsonl").write_text(json.dumps(told) + "\n", encoding="utf-8")
    return site


def write(site: Site, column: str) -> None:
    """load.ktr: orders -> renamed -> sales; `revenue` comes from the column."""
    select = f"select id, {column} as amount, city from orders"
    fields = [("field", [("name", n), ("rename", r)]) for n, r in (("amount", "revenue"), ("city", "town"))]
    flow = Flow().database(site.shop()).step("Read", "TableInput", connection="shop", sql=select)
    flow.step("Name", "SelectValues", [("fields", fields)])
    flow.step("Load", "TableOutput", connection="shop", table="sales", truncate="Y", commit="10")
    site.add(LOAD, flow.hop("Read", "Name", "Load"))


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "files")
    return git(folder, "rev-parse", "HEAD")


def read(site: Site) -> Lineage:
    refresh(site.settings, site.definitions().resolve_asset_graph(), site.instance)
    return Lineage(LineageStore(site.settings.catalog))


def reached(lineage: Lineage, point: Point, way: str = "impact") -> set[str]:
    return {str(r.point) for r in getattr(lineage, way)(point).reached}


@pytest.mark.covers("DATA-065")
def test_an_answer_leads_back_to_step_run_file_and_commit_and_a_source_to_its_answers(site: Site) -> None:
    result = site.run()
    assert result.success
    head = git(site.folder, "rev-parse", "HEAD")
    lineage = read(site)
    up = lineage.up(Point(ASKED))
    found = {str(r.point) for r in up.reached}
    steps = {step_key(LOAD, s) for s in ("Read", "Name", "Load")} | {step_key(TELL, s) for s in ("Sales", "Write")}
    assert {r.point.key for r in up.reached} >= steps | {REPORT, SALES, ORDERS}
    assert f"{ORDERS}.amount" in found
    assert f"{ORDERS}.city" not in found  # the report does not show it
    evidence = lineage.store.evidence(s for step in up.steps for s in step.sources)
    loaded = [e for e in evidence.values() if e.get("file") == LOAD]
    assert {e["origin"] for e in loaded} == {"definition", "run"}
    assert {e["commit"] for e in loaded} == {head}
    assert {e["run"] for e in loaded if e["origin"] == "run"} == {result.run_id}

    below = reached(lineage, Point(ORDERS, "amount"))
    assert {f"{SALES}.revenue", REPORT, ASKED} <= below
    assert ASKED not in reached(lineage, Point(ORDERS, "city"))

    ran = CliRunner().invoke(
        main, ["lineage", "impact", f"{ORDERS}.amount", "--change", "rename"], env=environment(site)
    )
    assert ran.exit_code == 0, ran.output
    assert f"names it and breaks: {step_key(LOAD, 'Read')}.revenue" in ran.output
    assert ASKED in ran.output
    back = CliRunner().invoke(main, ["lineage", "up", ASKED], env=environment(site)).output
    assert f"{step_key(LOAD, 'Name')} (revenue)" in back
    assert f"file {LOAD}, commit {head[:12]}" in back and f"run {result.run_id}" in back


def environment(site: Site) -> dict[str, str]:
    return {"HEDDLE_HOME": str(site.settings.home), "HEDDLE_KETTLE_FILES": str(site.folder)}


def test_a_changed_file_changes_its_edges_and_a_failed_run_removes_nothing(site: Site) -> None:
    assert site.run().success
    lineage = read(site)
    assert f"{ORDERS}.amount" in reached(lineage, Point(SALES, "revenue"), "up")
    write(site, "id")
    lineage = read(site)
    now = lineage.up(Point(SALES, "revenue"), origin="definition")
    assert {str(r.point) for r in now.reached if r.point.key == ORDERS} == {f"{ORDERS}.id"}
    # what the last run did is still what the table holds
    assert f"{ORDERS}.amount" in reached(lineage, Point(SALES, "revenue"), "up")

    shutil.copy(site.database, site.database.with_suffix(".kept"))
    site.database.unlink()
    failed = site.run()
    assert not failed.success
    assert record_run(site.settings, site.instance, failed.run_id) == 0
    assert f"{ORDERS}.amount" in reached(lineage, Point(SALES, "revenue"), "up")

    shutil.copy(site.database.with_suffix(".kept"), site.database)
    assert site.run().success
    lineage = read(site)
    assert {p for p in reached(lineage, Point(SALES, "revenue"), "up") if p.startswith(ORDERS)} == {f"{ORDERS}.id"}


def test_a_file_that_cannot_be_read_keeps_what_it_said_and_a_deleted_one_does_not(site: Site) -> None:
    read(site)
    whole = (site.folder / LOAD).read_bytes()
    (site.folder / LOAD).write_bytes(whole[:200])
    assert f"{ORDERS}.amount" in reached(read(site), Point(SALES, "revenue"), "up")
    (site.folder / LOAD).unlink()
    lineage = read(site)
    assert not reached(lineage, Point(SALES, "revenue"), "up")
    assert reached(lineage, Point("raw/shop/sales", "revenue")) >= {REPORT, ASKED}  # a table that nobody here writes


def test_refreshing_again_changes_nothing(site: Site) -> None:
    site.run()
    read(site)
    graph = site.definitions().resolve_asset_graph()
    told = refresh(site.settings, graph, site.instance)
    assert told == "lineage: 0 definitions changed, 0 runs and 0 answers are new"


def test_events_of_runs_go_where_the_settings_say(site: Site, tmp_path: Path) -> None:
    told = make_site(tmp_path, openlineage=f"file://{tmp_path}/events.jsonl", handbook=tmp_path / "handbook")
    site.settings = told.settings
    good = site.run()
    read(site)
    site.database.unlink()
    bad = site.run()
    graph = site.definitions().resolve_asset_graph()
    assert "events sent" in refresh(site.settings, graph, site.instance, bad.run_id)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    by_run = {run: [e["eventType"] for e in events if e["run"]["runId"] == run] for run in (good.run_id, bad.run_id)}
    assert set(by_run[good.run_id]) == {"START", "COMPLETE"}
    assert "FAIL" in by_run[bad.run_id]
    outputs = {d["name"]: d["facets"] for e in events if e["eventType"] == "COMPLETE" for d in e["outputs"]}
    assert set(outputs[SALES]["columnLineage"]["fields"]) == {"revenue", "town"}


def test_the_graph_of_the_whole_project(tmp_path: Path) -> None:
    """All kinds of nodes are there, before anything has run."""
    from core.settings import load
    from orchestration.build import build_definitions

    settings = load({"HEDDLE_HOME": str(tmp_path / "home")}, tmp_path)
    graph = build_definitions(settings).resolve_asset_graph()
    refresh(settings, graph, dg.DagsterInstance.ephemeral())
    lineage = Lineage(LineageStore(settings.catalog))
    below = reached(lineage, Point("raw/retail/coupon_redemptions", "redemption_date"))
    kinds = {p.split("/")[0].split(":")[0] for p in below}
    assert kinds >= {"step", "table", "feature", "dataset", "model", "endpoint", "metric", "report"}
    assert "feature/retail/coupon_pace.mean_days" in below
    above = reached(lineage, Point("metric:average_basket"), "up")
    assert {"metric:sales.value", "raw/retail/transactions.sales_value"} <= above
