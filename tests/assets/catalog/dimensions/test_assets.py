"""Imports are runs of an asset, every other change is a materialization too, on the command line."""

import signal
import sqlite3
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.dimensions.dimension_defs import SENSOR, definitions, import_run, report
from assets.catalog.store.versions import Versions
from core.errors import HeddleError
from core.settings import Settings
from orchestration.cli.main import main

KEY = dg.AssetKey(["raw", "crm", "city"])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source `crm` in SQLite, and the environment that names it."""
    sqlite3.connect(tmp_path / "crm.db").close()
    (tmp_path / "sources.yaml").write_text(f"sources:\n  - name: crm\n    url: 'sqlite:///{tmp_path}/crm.db'\n")
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_CATALOG_FILES", str(tmp_path))
    return tmp_path


def call(*words: str, typed: str = "", code: int = 0) -> str:
    before = signal.getsignal(signal.SIGTERM)
    done = CliRunner().invoke(main, ["dimension", *words], input=typed)
    signal.signal(signal.SIGTERM, before)  # an import is a run of Dagster; see signals_of_no_earlier_test
    assert done.exit_code == code, done.output
    return done.output


def settings_of() -> Settings:
    from core.settings import load

    return load()


def counts(instance: dg.DagsterInstance) -> list[tuple[object, object, bool]]:
    """(action, rows, made by a run) of every materialization, the first first."""
    found = instance.fetch_materializations(KEY, limit=50).records
    made = [(r.asset_materialization, r.run_id) for r in reversed(found)]
    return [
        (m.metadata["dimension/action"].value, m.metadata["dagster/row_count"].value, bool(run))
        for m, run in made
        if m is not None
    ]


@pytest.mark.covers("MLP-042")
def test_from_definition_to_export_on_the_command_line(site: Path) -> None:
    from orchestration.instance import open_instance

    columns = ("--column", "code:text(12):编码", "--column", "name:text(40):名称", "--key", "code")
    assert "CREATE TABLE" in call("create", "city", "--source", "crm", *columns)
    with sqlite3.connect(site / "crm.db") as db:
        assert db.execute("select count(*) from sqlite_master").fetchone() == (0,), "shown, not run"
    call("create", "city", "--run")
    (site / "a.csv").write_bytes("编码,名称\n1,北京\n2,上海\n".encode("gbk"))
    assert call("import", "city", str(site / "a.csv")).splitlines() == ["city: row_count 2, added 2"]
    (site / "bad.csv").write_text("code,name\n3,广州\n,nobody\n", encoding="utf-8")
    assert "row 3, column code: is empty" in call("import", "city", str(site / "bad.csv"), code=2)
    assert "rejected 1" in call("import", "city", str(site / "bad.csv"), "--skip-bad")
    call("add", "city", "code=4", "name=深圳")
    call("set", "city", "code=4", "name=鹏城")
    assert "was changed meanwhile" in call("set", "city", "code=4", "name=x", "--expect", "0", code=2)
    call("remove", "city", "code=1")
    assert "鹏城" in call("show", "city") and "city" in call("list")
    call("export", "city", str(site / "out.csv"), "--language", "zh")
    assert (site / "out.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "编码,名称", "2,上海", "3,广州", "4,鹏城",
    ]  # fmt: skip
    assert "nothing was cleared" in call("clear", "city", typed="yes\n", code=2)
    assert "3 removed" in call("clear", "city", typed="city\n")
    with open_instance(settings_of()) as instance:
        assert counts(instance) == [
            ("create", 0, False), ("import (upsert)", 2, True), ("import (upsert)", 3, True), ("add", 4, False),
            ("set", 4, False), ("remove", 3, False), ("clear", 0, False),
        ]  # fmt: skip
        runs = instance.get_runs()
        assert sorted(r.status.value for r in runs) == ["FAILURE", "SUCCESS", "SUCCESS"]
    assert "refused import" in call("show", "city", "--log")


def test_the_sensor_tells_dagster_of_changes_once(site: Path) -> None:
    call("create", "city", "--source", "crm", "--column", "code:text(12)", "--key", "code")
    settings = settings_of()
    book = DimensionBook(settings, Versions(settings.catalog))
    book.create("city", "ann")
    book.add("city", {"code": "1"}, "ann")
    made = definitions(settings)
    assert [s.key for s in made.resolve_all_asset_specs()] == [KEY]
    sensor = made.resolve_sensor_def(SENSOR)
    with dg.DagsterInstance.ephemeral() as instance:
        told = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, definitions=made))
        assert [e.metadata["dimension/action"].value for e in told.asset_events] == ["create", "add"]
        again = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, definitions=made))
        assert not again.asset_events and report(book, instance) == 0
        with pytest.raises(HeddleError, match="cannot be read"):
            import_run(settings, "city", {"file": str(site / "gone.csv")}, instance)
