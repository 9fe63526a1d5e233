"""Approved standards as asset checks on a real DuckDB warehouse, and the commands that decide them."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner

from assets.catalog.facts import AssetFacts
from assets.catalog.model import ColumnInfo
from assets.catalog.register import register
from assets.catalog.standards.checks import definitions
from assets.catalog.standards.compliance import Compliance
from assets.catalog.standards.kept import history, keep
from assets.catalog.standards.model import Place, Standard, write
from assets.catalog.store.versions import Versions
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
    versions = Versions(settings.catalog)
    (kept,) = history(versions, ASSET)
    assert (kept.percent, kept.run) == (75.0, done.run_id) and kept.found[0].violations == {"pattern": 1}


@pytest.mark.covers("DATA-019")
def test_compliance_has_a_history_and_counts_in_the_value(
    folder: Path, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(catalog_files=folder.parent)
    for name in ("home", "catalog", "catalog_files", "warehouse", "objects"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(settings, name)))
    (folder / "mobile.yaml").unlink()
    write(folder, Standard(name="mobile", pattern="1[0-9]{10}", columns=(Place(asset=ASSET, column="mob"),),
                           status="approved"))  # fmt: skip
    versions, store = Versions(settings.catalog), warehouse(settings)
    facts = AssetFacts(key=ASSET, columns=(ColumnInfo(name="mob", type="text"),))

    def quality(values: list[str | None]) -> float:
        store.write(TableName("table_shop", "users"), pl.DataFrame({"mob": values}))
        assert CliRunner().invoke(main, ["standards", "check"]).exit_code == 0
        register(versions, [facts])
        return float(versions.measured("asset", ASSET)[0][2]["parts"]["quality"]["value"])

    worse = quality(["13800000000"] * 3 + ["x", None])
    assert quality(["13800000000"] * 4) > worse
    assert [m.percent for m in history(versions, ASSET)] == [100.0, 75.0]
    shown = CliRunner().invoke(main, ["catalog", "show", ASSET]).output
    assert "100.00 % of the values keep them; before 75.00 %" in " ".join(shown.split())
    keep(versions, ASSET, [Compliance("other", "mob", 4, {"lengths": 4}, 4)])
    assert history(versions, ASSET, 1)[0].percent == 50.0  # what was not checked now stays as it was


def test_deciding_is_written_to_the_file_with_who_and_when(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_CATALOG_FILES", str(folder.parent))
    run = CliRunner().invoke
    assert run(main, ["standards", "approve", "waiting", "--author", "ann"]).output == "waiting: approved\n"
    text = (folder / "waiting.yaml").read_text()
    assert "status: approved" in text and "by: ann" in text and "at: '20" in text
    refused = run(main, ["standards", "approve", "nope"])
    assert refused.exit_code == 2 and "there are: mobile, waiting" in refused.output
