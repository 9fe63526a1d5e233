"""Databases, logs and an API scanned by their schedules' jobs: everything is found, again finds nothing, new is new."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import create_engine, text

from assets.catalog.scan_defs import definitions
from core.settings import Settings
from tests.fakes.serving import Handler, running

API: dict[str, Any] = {"openapi": "3.1.0", "paths": {"/pets": {"get": {"responses": {}}}}}
FIRST = {
    "lite": {"orders"},
    "post": {"public.orders"},
    "maria": {"orders"},
    "logs": {"access.log"},
    "api": {"GET /pets"},
}


@pytest.fixture
def api() -> Iterator[str]:
    class Answers(Handler):
        def do_GET(self) -> None:
            self.say(200, json.dumps(API).encode())

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Answers)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def execute(url: str, statement: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def found(settings: Settings, name: str) -> tuple[set[str], int, int]:
    """Entries of the external assets seen, unchanged tables and new versions, of one run of the schedule's job."""
    made = dg.Definitions.merge(definitions(settings), dg.Definitions(resources={"settings": settings}))
    schedule = made.resolve_schedule_def(f"catalog__scan_{name}__scheduled")
    done = made.resolve_job_def(schedule.job_name).execute_in_process()
    seen = [e.asset_observation_data.asset_observation.metadata for e in done.get_asset_observation_events()]
    (event,) = done.get_asset_materialization_events()
    metadata = event.materialization.metadata
    entries = {str(m["catalog/entry"].value).removeprefix(f"{name}/") for m in seen}
    return entries, int(str(metadata["unchanged"].value)), int(str(metadata["new versions"].value))


@pytest.mark.covers("DATA-011")
def test_a_schedule_finds_everything_and_what_is_new(
    tmp_path: Path, make_settings: Callable[..., Settings], postgres_url: str, mariadb_url: str, api: str
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    line = '::1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 5\n'
    (logs / "access.log").write_text(line)
    lite = f"sqlite:///{tmp_path / 'lite.db'}"
    for url in (lite, postgres_url, mariadb_url):
        execute(url, "create table orders (id int primary key)")
    urls = {
        "lite": lite,
        "post": postgres_url,
        "maria": mariadb_url,
        "logs": f"logs://{logs}",
        "api": f"openapi+{api}/",
    }
    listed = [{"name": n, "url": u, "schedule": "0 5 * * *"} for n, u in urls.items()]
    (tmp_path / "sources.yaml").write_text(json.dumps({"sources": listed}))
    settings = make_settings(catalog_files=tmp_path)
    for name, tables in FIRST.items():
        entries, unchanged, versions = found(settings, name)
        assert (entries, unchanged) == (tables, 0) and versions > 0, name
    for name in FIRST:
        entries, unchanged, versions = found(settings, name)
        assert versions == 0 and len(entries) + unchanged == 1, name
    with sqlite3.connect(tmp_path / "lite.db") as more:
        more.execute("create table later (i int)")
    for url in (postgres_url, mariadb_url):
        execute(url, "create table later (i int)")
    (logs / "later.log").write_text(line)
    API["paths"]["/later"] = {"post": {"responses": {}}}
    later = {"lite": "later", "post": "public.later", "maria": "later", "logs": "later.log", "api": "POST /later"}
    for name, table in later.items():
        entries, _, versions = found(settings, name)
        assert table in entries and versions > 0, name
