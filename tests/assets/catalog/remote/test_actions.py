"""Offline metadata from CSV, and registered actions on the remote tables: DDL shown, run, logged, versions bumped."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, create_engine, text

from assets.catalog.card import card
from assets.catalog.remote.actions import act, browse, live, log
from assets.catalog.remote.offline import tables, take
from assets.catalog.store.versions import Versions
from core.errors import HeddleError, SourceError
from core.settings import Settings
from orchestration.cli.main import main

CSV = """表名,表注释,字段名,类型,主键,可空,注释
artist,艺术家,ArtistId,integer,是,否,编号
artist,,Name,varchar(120),,是,姓名
album,专辑,AlbumId,integer,是,,
album,,Title,"varchar(160)",,否,标题
"""


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def remote(request: pytest.FixtureRequest, tmp_path: Path, make_settings: Callable[..., Settings]) -> Settings:
    """Settings over a source `music` with the table `artist` of three rows."""
    files = tmp_path / "files"
    files.mkdir()
    urls = {"postgres": "postgres_url", "mariadb": "mariadb_url"}
    name = request.param
    url = request.getfixturevalue(urls[name]) if name in urls else f"sqlite:///{tmp_path}/music.db"
    if name == "sqlite":
        sqlite3.connect(tmp_path / "music.db").close()
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg2:"))
    with engine.begin() as db:
        db.execute(text("create table artist (id integer primary key, title varchar(120) not null)"))
        db.execute(text("insert into artist values (1, 'AC/DC'), (2, 'Accept'), (3, '崔健')"))
    engine.dispose()
    (files / "sources.yaml").write_text(
        f"sources:\n  - name: music\n    url: '{url}'\n    schedule: '0 5 * * *'\n", encoding="utf-8"
    )
    return make_settings(catalog_files=files)


def key_of(settings: Settings) -> str:
    return f"music/{browse(settings, 'music')[0].path}"


def test_a_csv_is_seen_and_its_table_changed_where_it_lives(remote: Settings, tmp_path: Path) -> None:
    versions, key = Versions(remote.catalog), key_of(remote)
    schema, _, name = key.removeprefix("music/").rpartition(".")
    path = tmp_path / "tables.csv"
    path.write_text(
        f"schema,table,column,type,key\n{schema},{name},id,integer,yes\n{schema},{name},title,varchar(120),\n"
    )
    take(versions, "music", tables(path), "ann", path.name, whole=True)
    assert [v.number for v in versions.history("table", key)] == [1]
    assert [line.column.name for line in card(versions, key).lines] == ["id", "title"]
    shown = act(remote, versions, key, "add_column", {"column": '备注 "x" 100%', "type": "varchar(20)"}, "bob")
    assert "ADD COLUMN" in shown.statements[0].sql and not shown.ran
    assert [c.name for c in browse(remote, "music")[0].columns] == ["id", "title"], "shown, not run"

    assert act(remote, versions, key, "count", {}, "bob").rows == 3
    done = act(remote, versions, key, "add_column", {"column": '备注 "x" 100%', "type": "varchar(20)"}, "bob", run=True)
    assert done.ran and done.version and done.version.number == 2
    assert done.version.change.author == "bob" and "ADD COLUMN" in done.version.change.cause
    assert [c.name for c in browse(remote, "music")[0].columns] == ["id", "title", '备注 "x" 100%']
    dropped = act(remote, versions, key, "drop_column", {"column": '备注 "x" 100%'}, "cid", run=True)
    assert dropped.version and dropped.version.number == 3 and "the values of" in dropped.statements[0].loses
    assert [c.name for c in live(remote, "music", key.removeprefix("music/")).tables[0].table.columns] == [
        "id",
        "title",
    ]
    said = [(v.change.author, (v.document or {}).get("outcome", "")) for v in log(versions, key)]
    assert said == [("bob", ""), ("bob", "done"), ("cid", "done")]


def test_what_the_database_refuses_is_logged_and_changes_nothing(remote: Settings) -> None:
    versions, key = Versions(remote.catalog), key_of(remote)
    act(remote, versions, key, "refresh", {}, "ann")
    with create_engine_of(remote).begin() as db:
        db.execute(text("alter table artist add column extra integer"))
    with pytest.raises(SourceError, match="extra"):
        act(remote, versions, key, "add_column", {"column": "extra", "type": "integer"}, "bob", run=True)
    assert [v.change.cause for v in log(versions, key)] == ["refused by the database"]
    assert len(list(versions.history("table", key))) == 1


def create_engine_of(settings: Settings) -> Engine:
    from assets.catalog.remote.connection import source_of

    return create_engine(source_of(settings, "music").url.replace("postgresql:", "postgresql+psycopg2:"))


@pytest.mark.covers("RM-011")
def test_the_scheduled_sync_takes_what_changed_remotely(remote: Settings) -> None:
    from assets.catalog.scan_defs import definitions

    versions, key = Versions(remote.catalog), key_of(remote)
    act(remote, versions, key, "refresh", {}, "ann")
    act(remote, versions, key, "add_column", {"column": "born", "type": "date"}, "ann", run=True)
    with create_engine_of(remote).begin() as db:
        db.execute(text("alter table artist add column label varchar(20)"))
    made = dg.Definitions.merge(definitions(remote), dg.Definitions(resources={"settings": remote}))
    schedule = made.resolve_schedule_def("catalog__scan_music__scheduled")
    done = made.resolve_job_def(schedule.job_name).execute_in_process()
    assert done.success and schedule.cron_schedule == "0 5 * * *"
    last = versions.get("table", key)
    assert last and last.number == 3 and last.change.run == done.run_id
    assert [c["name"] for c in (last.document or {})["table"]["columns"]] == ["id", "title", "born", "label"]

    hive = act(remote, versions, key, "drop_column", {"column": "born"}, "ann", dialect="hive")
    assert "REPLACE COLUMNS (`id` INT, `title` VARCHAR(120), `label` VARCHAR(20))" in hive.statements[0].sql
    more = act(remote, versions, key, "add_column", {"column": "备注", "type": "string"}, "ann", dialect="hive")
    assert more.statements[0].sql.endswith("ADD COLUMNS (`备注` STRING)") and not more.ran
    with pytest.raises(HeddleError, match="only shown"):
        act(remote, versions, key, "drop_column", {"column": "born"}, "ann", dialect="hive", run=True)


@pytest.mark.covers("RM-010")
def test_metadata_without_any_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_CATALOG_FILES", str(tmp_path))
    path = tmp_path / "库表.csv"
    path.write_bytes(CSV.encode("gbk"))

    def call(*words: str) -> str:
        done = CliRunner().invoke(main, ["catalog", *words])
        assert done.exit_code == 0, done.output
        return done.output

    assert "erp/artist: version 1" in call("import", str(path), "--source", "erp", "--author", "ann")
    shown = call("show", "erp/artist")
    assert "ArtistId" in shown and "姓名" in shown
    assert "erp/artist" in call("search", "艺术家")
    path.write_bytes(CSV.replace("120", "200").encode("gbk"))
    assert "erp/artist: version 2" in call("import", str(path), "--source", "erp")
    assert "varchar(120)" in call("diff", "erp/artist", "1", "2").lower()
    refused = CliRunner().invoke(main, ["catalog", "count", "erp/artist"])
    assert refused.exit_code == 2 and "source erp has no connection" in refused.output
    ddl = call("add-column", "erp/artist", "备注", "string", "--dialect", "hive")
    assert "ALTER TABLE `artist` ADD COLUMNS (`备注` STRING);" in ddl
    path.write_text(CSV.split("album")[0], encoding="utf-8")
    assert "erp/album: version 2, removed" in call("import", str(path), "--source", "erp", "--whole")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("table,column\na,b\n", "column type is missing"),
        ("table,column,type\na,,int\n", "row 2, column column: is empty"),
        ("table,column,type\na,b,int\na,b,int\n", "row 3, column column: 'b' is there twice"),
        ("table,column,type,nullable\na,b,int,perhaps\n", "row 2, column nullable: 'perhaps'"),
        ("", "is empty"),
    ],
)
def test_a_wrong_file_is_refused_by_row(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=told):
        tables(path)
