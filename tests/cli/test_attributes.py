"""`heddle catalog attributes`, `schema`, and attributes in `edit` and `show`."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from assets.catalog.attributes.model import FILE, KINDS
from core.settings import Settings
from orchestration.cli.main import main


@pytest.fixture
def files(tmp_path: Path, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("id,mob\n1,13800138000\n2,13900139000\n")
    (tmp_path / "sources.yaml").write_text(f"sources:\n  - {{name: files, url: 'file://{tmp_path}/data'}}\n")
    tier = "{name: tier, kinds: [table, column, source], type: choice, choices: [gold], required: true}"
    (tmp_path / FILE).write_text(f"attributes: [{tier}, {{name: cost, kinds: [table], type: number}}]")
    settings = make_settings(catalog_files=tmp_path)
    for name in ("home", "catalog_files"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("COLUMNS", "200")
    assert call("scan").exit_code == 0
    return settings


def call(*words: str) -> Result:
    found = CliRunner().invoke(main, ["catalog", *words])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


@pytest.mark.covers("DATA-010")
def test_defined_given_shown_and_exported(files: Settings) -> None:
    key = "files/a.csv"
    listed = call("attributes").output
    assert "tier" in listed and "choice: gold" in listed
    missing = call("attributes", "--check")
    assert missing.exit_code == 1
    assert {"files: tier is missing", f"{key}: tier is missing", f"{key}.mob: tier is missing"} <= set(
        missing.output.splitlines()
    )
    refused = call("edit", key, "--owner", "ann")
    assert refused.exit_code == 2 and "attribute tier is missing" in refused.output
    assert "NAME=VALUE" in call("edit", key, "--column-attribute", "mob=x").output
    given = ["--owner", "ann", "--attribute", "tier=gold", "--attribute", "cost=1.5"]
    columns = ["--column-attribute", "mob:tier=gold", "--column-owner", "mob=bob", "--column-attribute", "id:tier=gold"]
    assert "version 2" in call("edit", key, *given, *columns).output
    shown = call("show", key).output
    assert "gold" in shown and "tier=gold, owner=bob" in shown
    told = json.loads(call("show", key, "--json").output)
    assert told["attributes"] == {"tier": "gold", "cost": 1.5}
    assert call("attributes", "--check").output.split() == ["files:", "tier", "is", "missing"]  # it is in sources.yaml
    assert key in call("search", "gold").output

    one = json.loads(call("schema", "column").output)
    checked = jsonschema.Draft202012Validator(one)
    for column in told["columns"]:
        checked.validate(column)
    assert not checked.is_valid(told["columns"][0] | {"attributes": {"tier": "bronze"}})
    every = json.loads(call("schema").output)
    assert tuple(every) == KINDS and every["column"] == one
    assert call("schema", "tabel").exit_code == 2
