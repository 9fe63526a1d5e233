"""One `heddle catalog scan` over Hive, ClickHouse, Druid, MariaDB and PostgreSQL, some others being down."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from assets.catalog.card import card
from assets.catalog.store.versions import Versions
from core.settings import load
from orchestration.cli.main import main
from tests.fakes.clickhouse import clickhouse
from tests.fakes.druid import druid
from tests.fakes.hive import hive

FACTS = [
    ("", "", ""),
    ("# Detailed Table Information", "", ""),
    ("Table Type:", "MANAGED_TABLE", ""),
    ("", "comment", "销量"),
    ("", "numRows", "50"),
]
MADE = "CREATE TABLE {} AS SELECT i::BIGINT AS id, 'p' || i || '@example.org' AS mail FROM range(50) t(i)"


@pytest.mark.covers("RM-013")
def test_every_engine_in_one_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, mariadb_url: str
) -> None:
    pytest.importorskip("chdb")
    for url in (postgres_url.replace("postgresql:", "postgresql+psycopg2:"), mariadb_url):
        engine = create_engine(url)
        with engine.begin() as db:
            db.execute(text("create table sales (id int primary key, mail varchar(80))"))
            db.execute(text("insert into sales values (1, 'a@example.org'), (2, 'b@example.org')"))
        engine.dispose()
    with clickhouse() as click, druid() as broker, hive() as server:
        click.run(
            "CREATE TABLE default.sales (id UInt64, mail String) ENGINE = MergeTree ORDER BY id COMMENT '销量'",
            "INSERT INTO default.sales SELECT number, 'p' || number || '@example.org' FROM numbers(50)",
        )
        broker.data.execute(MADE.format("druid.sales"))
        server.data.execute(MADE.format('"default".sales'))
        server.extra["default.sales"] = FACTS
        monkeypatch.setenv("PG_URL", postgres_url)
        monkeypatch.setenv("MY_URL", mariadb_url)
        urls = {
            "down_hive": "hive://127.0.0.1:1/default?auth=NOSASL",
            "down_druid": "druid://127.0.0.1:1/druid/v2/sql/",
            "click": f"{click.url}/default",
            "druid": broker.url,
            "hive": f"hive://127.0.0.1:{server.port}/default?auth=NOSASL",
            "down_click": "clickhouse+http://127.0.0.1:1",
            "pg": "${env:PG_URL}",
            "my": "${env:MY_URL}",
        }
        files = tmp_path / "files"
        files.mkdir()
        sources = [{"name": name, "url": url} for name, url in urls.items()]
        (files / "sources.yaml").write_text(yaml.safe_dump({"sources": sources}))
        monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("HEDDLE_CATALOG_FILES", str(files))
        call = _caller()
        told, code = call("scan")
        assert code != 0 and all(f"{name}" in told for name in urls)
        assert told.count("cannot be reached") == 3
        versions = Versions(load(project=tmp_path).catalog)
        for key, rows, comment in (
            ("click/default.sales", 50, "销量"),
            ("druid/druid.sales", 50, ""),
            ("hive/default.sales", 50, "销量"),
            ("pg/public.sales", 2, ""),
            ("my/sales", 2, ""),
        ):
            shown = card(versions, key, {})
            assert [line.column.name for line in shown.lines] == ["id", "mail"], key
            mail = shown.lines[1]
            assert mail.profile is not None and mail.profile.rows == rows and mail.meaning is not None, key
            assert mail.meaning.type == "email" and mail.profile.withheld, key
            assert comment in call("show", key)[0]
        ddl, code = call("add-column", "hive/default.sales", "备注", "string")
        assert code == 0 and "ALTER TABLE `default`.`sales` ADD COLUMNS (`备注` STRING);" in ddl
        ddl, code = call("drop-column", "hive/default.sales", "mail")
        assert code == 0 and "REPLACE COLUMNS (`id` BIGINT)" in ddl
        assert server.asked and not any("ALTER" in statement for statement in server.asked)


def _caller() -> Callable[..., tuple[str, int]]:
    def call(*words: str) -> tuple[str, int]:
        done = CliRunner().invoke(main, ["catalog", *words])
        return done.output, done.exit_code

    return call
