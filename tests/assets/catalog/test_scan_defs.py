"""Sources as assets: what a scan finds is in the catalogue and in Dagster, a breaking change turns a check red."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from assets.catalog.record import accept, current, pending
from assets.catalog.scan_defs import ACCEPTED, GUARDED, READ, definitions
from assets.catalog.store.versions import Versions
from core.settings import Settings
from orchestration.cli.main import main

KEY = "shop/orders"


@pytest.fixture
def shop(tmp_path: Path, make_settings: Callable[..., Settings]) -> Settings:
    """Settings over a source `shop`, a SQLite file with customers and orders, and one that is down."""
    files = tmp_path / "files"
    files.mkdir()
    with sqlite3.connect(tmp_path / "shop.db") as db:
        db.execute("create table orders (id integer primary key, 手机 text not null, total real)")
        mobiles = [f"138{i:08d}" for i in range(200)]
        db.executemany("insert into orders values (?, ?, ?)", [(i, m, i / 3) for i, m in enumerate(mobiles)])
    (files / "sources.yaml").write_text(
        f"sources:\n  - name: shop\n    url: sqlite:///{tmp_path}/shop.db\n    schedule: '0 5 * * *'\n"
        f"  - name: gone\n    url: postgresql://nobody@127.0.0.1:1/none\n"
    )
    return make_settings(catalog_files=files)


def run(settings: Settings, name: str = "shop") -> dg.ExecuteInProcessResult:
    made = dg.Definitions.merge(definitions(settings), dg.Definitions(resources={"settings": settings}))
    asset = made.resolve_assets_def(dg.AssetKey(["report", "catalog", name]))
    return dg.materialize([asset], resources={"settings": settings}, raise_on_error=False)


def checks(done: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {c.check_name: c.passed for c in done.get_asset_check_evaluations()}


def alter(tmp_path: Path, sql: str) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as db:
        db.execute(sql)


def test_a_scan_is_known_to_dagster_and_keeps_no_sensitive_value(shop: Settings, tmp_path: Path) -> None:
    done = run(shop)
    assert done.success and checks(done) == {READ: True, ACCEPTED: True, GUARDED: True}
    seen = done.get_asset_observation_events()
    assert [e.asset_observation_data.asset_observation.asset_key for e in seen] == [
        dg.AssetKey(["raw", "shop", "orders"])
    ]
    entry = current(Versions(shop.catalog), KEY)
    assert entry and entry.meanings["手机"].type == "cn_mobile"
    stored = (tmp_path / "home" / "catalog.db").read_bytes()
    wal = tmp_path / "home" / "catalog.db-wal"
    assert b"13800000" not in stored + (wal.read_bytes() if wal.exists() else b"")
    assert Versions(shop.catalog).history("table", KEY)[0].change.run == done.run_id


def test_a_breaking_change_turns_the_check_red_until_accepted(shop: Settings, tmp_path: Path) -> None:
    run(shop)
    alter(tmp_path, "alter table orders rename column total to amount")
    assert checks(run(shop)) == {READ: True, ACCEPTED: False, GUARDED: True}
    versions = Versions(shop.catalog)
    assert [(d.column, d.after) for d in pending(versions, KEY)] == [("total", "amount")]
    accept(versions, KEY, "ann")
    assert checks(run(shop)) == {READ: True, ACCEPTED: True, GUARDED: True}


def test_a_source_that_is_down_fails_by_name_and_changes_nothing(shop: Settings) -> None:
    done = run(shop, "gone")
    assert not done.success
    failure = next(e for e in done.all_events if e.is_step_failure)
    assert "gone cannot be scanned" in failure.step_failure_data.error_display_string


def test_the_same_on_the_command_line(shop: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("home", "catalog_files"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(shop, name)))
    call = CliRunner().invoke
    first = call(main, ["catalog", "scan"])
    assert first.exit_code == 1 and "shop: 1 tables, 0 unchanged, 2 new versions" in first.output
    assert "gone could not be read" in first.output
    alter(tmp_path, "alter table orders add column note text")
    assert "orders.note: column added" in call(main, ["catalog", "scan", "shop"]).output
    assert "cn_mobile" in call(main, ["catalog", "show", KEY]).output
    alter(tmp_path, "alter table orders drop column note")
    assert "[breaks readers]" in call(main, ["catalog", "scan", "shop"]).output
    assert "column removed" in call(main, ["catalog", "diff", KEY, "2", "3"]).output
    assert 'ADD COLUMN "note" TEXT' in call(main, ["catalog", "restore", KEY, "2", "--dialect", "sqlite"]).output
    assert "accepted: orders.note" in call(main, ["catalog", "accept", KEY]).output
    assert "no breaking change waits" in call(main, ["catalog", "accept", KEY]).output
    unknown = call(main, ["catalog", "scan", "nope"])
    assert unknown.exit_code == 2 and "there are: shop, gone" in unknown.output
