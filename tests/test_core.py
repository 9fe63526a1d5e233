"""Names, settings and hashing."""

from pathlib import Path

import pytest

from core.errors import HeddleError, SettingsError
from core.hashing import code_version, digest
from core.naming import Key, model_name, table_name
from core.settings import load, redact, resolve, variables


def test_names_derive_from_the_key() -> None:
    key = Key.parse("table/retail/baskets")
    assert str(table_name(key)) == "table_retail.baskets"
    assert model_name(Key.parse("model/retail/coupon_propensity")) == "retail_coupon_propensity"


@pytest.mark.parametrize("bad", ["retail/baskets", "tabel/retail/baskets", "raw/Retail/x", "raw/retail/a;drop", ""])
def test_a_bad_key_is_refused_with_the_layers(bad: str) -> None:
    with pytest.raises(HeddleError, match="layer/domain/noun"):
        Key.parse(bad)


def test_environment_beats_file_beats_profile(tmp_path: Path) -> None:
    (tmp_path / "heddle.toml").write_text('ui_port = 3100\nmemory = "4GB"\n')
    settings, origin = resolve({"HEDDLE_UI_PORT": "3200", "HEDDLE_HOME": str(tmp_path)}, tmp_path)
    assert settings.ui_port == 3200 and settings.memory == "4GB"
    assert settings.warehouse == f"duckdb:///{tmp_path}/warehouse.duckdb"
    assert origin["ui_port"] == "HEDDLE_UI_PORT" and origin["memory"] == "memory in heddle.toml"
    assert origin["llm"] == "default (local)"


def test_unknown_setting_names_itself_and_a_near_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"unknown setting HEDDLE_WAREHUOSE\n.*HEDDLE_WAREHOUSE"):
        load({"HEDDLE_WAREHUOSE": "duckdb:///x"}, tmp_path)


def test_wrong_scheme_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"HEDDLE_WAREHOUSE: .*duckdb, postgresql"):
        load({"HEDDLE_WAREHOUSE": "mysql://x"}, tmp_path)


def test_passwords_are_redacted() -> None:
    assert redact("postgresql://u:secret@h:1/db") == "postgresql://u:***@h:1/db"
    assert redact("sqlite") == "sqlite"


def test_variables_round_trip(tmp_path: Path) -> None:
    settings = load({"HEDDLE_HOME": str(tmp_path), "HEDDLE_LLM": "http://127.0.0.1:9/v1"}, tmp_path)
    assert load(variables(settings), tmp_path) == settings


def test_code_version_follows_the_source() -> None:
    assert code_version("core.naming") == code_version("core.naming") != code_version("core.errors")
    with pytest.raises(ModuleNotFoundError):
        code_version("core.nowhere")
    assert digest(["ab", "c"]) != digest(["a", "bc"])
