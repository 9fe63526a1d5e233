"""Approved standards as asset checks on a real DuckDB warehouse, and the commands that decide them."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner

from assets.catalog.standards.checks import definitions
from assets.catalog.standards.model import Place, Standard, write
from core.naming import TableName
from core.settings import Settings
from orchestration.cli.main import main
from resources.open import warehouse

ASSET = "table/shop/users"


@dg.asset(key=["table", "shop", "users"])
def users() -> None:
    """Users."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files" / "standards"
    places = (Place(asset=ASSET, column="mob"), Place(asset="table/shop/gone", column="x"))
    write(made, Standard(name="mobile", pattern="1[0-9]{10}", columns=places, status="approved"))
    write(made, Standard(name="waiting", required=True, columns=places))
    return made


def test_an_approved_standard_is_a_check_with_its_percentage(
    folder: Path, make_settings: Callable[..., Settings]
) -> None:
    settings = make_settings(catalog_files=folder.parent)
    store = warehouse(settings)
    store.write(TableName("table_shop", "users"), pl.DataFrame({"mob": ["13800000000"] * 3 + ["x", None]}))
    others = dg.Definitions(assets=[users])
    made = dg.Definitions.merge(others, definitions(settings, [others]), dg.Definitions(resources={"warehouse": store}))
    done = made.resolve_implicit_global_asset_job_def().execute_in_process()
    (found,) = done.get_asset_check_evaluations()
    assert (found.check_name, found.passed, found.severity) == ("standard_mobile", False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["mob"].value == {"compliance": 75.0, "rows": 4, "violations": {"pattern": 1}}


def test_deciding_is_written_to_the_file_with_who_and_when(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_CATALOG_FILES", str(folder.parent))
    run = CliRunner().invoke
    assert run(main, ["standards", "approve", "waiting", "--author", "ann"]).output == "waiting: approved\n"
    text = (folder / "waiting.yaml").read_text()
    assert "status: approved" in text and "by: ann" in text and "at: '20" in text
    refused = run(main, ["standards", "approve", "nope"])
    assert refused.exit_code == 2 and "there are: mobile, waiting" in refused.output
