"""`heddle metrics define|edit|remove|search|show` on the command line."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli.main import main


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["metrics", *arguments])


def test_a_metric_from_definition_to_removal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_CATALOG_FILES", str(tmp_path))
    own = ("--model", "basket_lines", "--measure", "sum(quantity)", "--filter", "brand = 'Private'")
    made = call("define", "private_units", *own, "--calibre", "自有品牌件数", "--zh", "自有品牌销量", "--author", "ann")
    assert made.exit_code == 0, made.output
    assert (tmp_path / "metrics" / "private_units.yaml").exists()
    assert call("define", "private_units", *own, "--calibre", "x").exit_code == 2
    assert call("edit", "private_units", "--status", "active", "--expect", "1").exit_code == 0
    assert "at version 2, not 1" in call("edit", "private_units", "--owner", "me", "--expect", "1").output
    assert "private_units" in call("search", "自有品牌").output
    shown = call("show", "private_units").output
    assert "from table/retail/basket_lines.quantity (value)" in shown and "version 1:" in shown and "SUM" in shown
    assert "private_units" in call("list").output
    assert "'Private'" in call("query", "private_units", "--format", "sql").output
    assert call("remove", "private_units").exit_code == 0
    assert not (tmp_path / "metrics" / "private_units.yaml").exists()
