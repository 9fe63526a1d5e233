"""Search over the catalogue: assets with what scans know of them, and nothing that is not the asker's to see."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from assets.catalog.edit import Edit, edit
from assets.catalog.facts import AssetFacts
from assets.catalog.find import find
from assets.catalog.model import Base, ColumnInfo, Meaning, Scan
from assets.catalog.people import teams
from assets.catalog.record import record
from assets.catalog.register import register
from assets.catalog.store.versions import Versions
from core.errors import SourceError
from core.settings import Settings
from orchestration.cli.main import main
from tests.assets.catalog.changes.made import scanned

SALARIES = "table/shop/salaries"


@pytest.fixture
def shop(tmp_path: Path, make_settings: Callable[..., Settings]) -> tuple[Settings, Versions]:
    """A catalogue of two assets, one of them scanned and private, and a table that only a scan knows."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "teams.yaml").write_text("team:hr: [ann]\n")
    settings = make_settings(catalog_files=files)
    versions = Versions(settings.catalog)
    columns = (ColumnInfo(name="amt", type="double", base=Base.NUMBER),)
    facts = [AssetFacts(key=SALARIES, columns=columns), AssetFacts(key="table/shop/orders", description="All orders.")]
    register(versions, facts)
    pay = scanned(
        "salaries", pl.DataFrame({"amt": [1.5, 2.5], "grade": ["junior", "senior"]}), schema_name="table_shop"
    )
    users = scanned("u7", pl.DataFrame({"c1": ["13800000000", "13900000000"]}))
    users = users.model_copy(update={"meanings": {"c1": Meaning(type="cn_mobile", confidence=0.9)}})
    record(versions, Scan(source="db", url="", at="", seconds=0, tables=(pay, users)))
    edit(versions, "asset", SALARIES, Edit(owners=["team:hr"], tags=["private"], columns={"amt": "Monthly pay"}), "ann")
    return settings, versions


def keys(shop: tuple[Settings, Versions], question: str, who: str = "ann") -> list[str]:
    return [hit.key for hit in find(*shop, question, who)]


def test_a_table_is_found_by_what_its_columns_mean_in_both_languages(shop: tuple[Settings, Versions]) -> None:
    assert keys(shop, "手机号")[0] == keys(shop, "mobile numbers")[0] == "db/u7"


def test_what_a_person_wrote_and_what_a_scan_saw_find_the_asset(shop: tuple[Settings, Versions]) -> None:
    assert keys(shop, "monthly pay")[0] == SALARIES
    assert keys(shop, "senior")[0] == SALARIES


def test_a_private_entry_is_never_told_to_others(shop: tuple[Settings, Versions]) -> None:
    for question in ("salaries", "monthly pay", "senior", "amt"):
        hits = find(*shop, question, "bob")
        assert SALARIES not in [hit.key for hit in hits]
        assert not any("salar" in reason for hit in hits for reason in hit.reasons if "salaries" not in question)


def test_on_the_command_line(shop: tuple[Settings, Versions], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("home", "catalog_files"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(shop[0], name)))
    call = CliRunner().invoke
    found = call(main, ["catalog", "search", "monthly", "pay", "--as", "ann"]).output
    assert found.startswith(f"{SALARIES}\n") and "amt" in found
    assert SALARIES not in call(main, ["catalog", "search", "monthly", "pay", "--as", "bob"]).output


def test_a_wrong_teams_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "teams.yaml").write_text("team:hr: ann\n")
    with pytest.raises(SourceError, match=r"teams\.yaml maps no teams to lists"):
        teams(tmp_path)
