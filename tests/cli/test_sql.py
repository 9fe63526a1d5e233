"""`heddle sql`: tables, files, lineage, history, and what it says of mistakes."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from assets.catalog.store.versions import Versions
from core.settings import Settings
from orchestration.cli.main import main
from tests.assets.catalog.lab import conftest as lab

settings, versions = lab.settings, lab.versions


@pytest.fixture
def home(settings: Settings, versions: Versions, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEDDLE_HOME", str(settings.home))
    monkeypatch.setenv("HEDDLE_CATALOG_FILES", str(settings.catalog_files))
    return settings.home


def call(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(main, ["sql", *words], input=given)


def test_queries(home: Path, tmp_path: Path) -> None:
    shown = call("select id, note from sales order by id", "--rows", "3")
    assert shown.exit_code == 0 and "=1+2" in shown.output and "3 rows in" in shown.output
    assert "there are more" in shown.output
    told = call("-", "--source", "shop", "--format", "json", given="select count(*) as n from orders")
    assert json.loads(told.stdout)["rows"] == [[100]]
    assert "'=1+0" in call("select note from sales where id = 0", "--format", "csv").output
    done = call("select * from sales", "--rows", "5000", "--out", str(tmp_path / "x.parquet"))
    assert done.exit_code == 0 and pl.read_parquet(tmp_path / "x.parquet").height == 5000
    traced = call("--lineage", "select revenue * 2 as x from sales where id > 1").output
    assert traced.splitlines() == ["x <- table/shop/sales.revenue", "rows <- table/shop/sales.id (filter)"]
    listed = call("--history").output
    assert "select count(*) as n from orders" in listed and "5,000 rows" in listed


def test_values_of_all_kinds(home: Path) -> None:
    odd = "select 'nan'::float as n, [1.5, 'inf'::float] as l, '\\xff'::blob as b, date '2024-05-01' as d, 1.10 as e"
    found = json.loads(call(f"{odd}, '西安' as t", "--format", "json").stdout, parse_constant=pytest.fail)
    assert found["rows"] == [[None, [1.5, None], "ff", "2024-05-01", "1.10", "西安"]]
    assert "西安" in call("select '西安' as t", "--format", "json").stdout
    shown = call("select chr(27) || '[2J' as note, 1 as \"a\x1b[31m\" from sales limit 1")
    assert "\x1b" not in shown.output and "␛[2J" in shown.output
    assert "\x1b" not in call("--history").output and "\x1b" not in call("--lineage", 'select 1 as "\x1b[0m"').output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["select nix\nfrom sales"], "line 1, column 8"),
        (["drop table sales"], "DROP is not run"),
        (["select 1", "--source", "nowhere"], "no source 'nowhere'"),
        (["select * from read_csv('/etc/passwd')"], "not allowed in FROM"),
        (["select 1", "--out", "x.doc"], "ends with"),
        ([""], "no query"),
        (["select count(*) from range(3000000) a, range(3000000) b where a.range * b.range = 3", "--seconds", "0.3"],
         "stopped after 0.3 seconds"),
    ],
)  # fmt: skip
def test_mistakes(home: Path, words: list[str], told: str) -> None:
    done = call(*words)
    assert done.exit_code == 2 and told in done.output
