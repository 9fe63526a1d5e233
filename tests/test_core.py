"""Names, settings and hashing."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path

import dagster as dg
import pytest

from core.disk import refused
from core.errors import HeddleError, SettingsError, SourceError, StoreError, told
from core.hashing import code_version, digest
from core.naming import Key, model_name, table_name
from core.scratch import YOUNG_SECONDS, scratch
from core.settings import load, redact, resolve, shown, variables


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
    assert redact("postgresql://h/db?user=u&password=secret&port=1") == "postgresql://h/db?user=u&password=***&port=1"


def test_what_is_shown_holds_no_secret(tmp_path: Path) -> None:
    given = {
        "HEDDLE_HOME": str(tmp_path),
        "HEDDLE_ALERTS": "https://hooks.example.com/services/T1/SECRET",
        "HEDDLE_LLM_KEY": "sk-SECRET",
        "HEDDLE_WAREHOUSE": "postgresql://u:SECRET@h/db",
        "HEDDLE_VECTORS": "postgresql://h/db?password=SECRET",
    }
    values = shown(load(given, tmp_path))
    assert "SECRET" not in str(values)
    assert values["alerts"] == "https://hooks.example.com/***" and values["warehouse"] == "postgresql://u:***@h/db"
    assert shown(load(given | {"HEDDLE_LLM_KEY": "env:KEY"}, tmp_path))["llm_key"] == "env:KEY"


@pytest.mark.parametrize("url", ["postgresql://u:S%zzSECRET@127.0.0.1:1/db", "postgresql:///db?password=SECRET&x=1"])
def test_an_engine_that_quotes_the_password_does_not_give_it_away(url: str) -> None:
    from resources.vectors_postgres import PostgresVectors
    from resources.warehouse_postgres import PostgresWarehouse

    for ask in (lambda: PostgresWarehouse.from_url(url, "1GB").query("select 1"), PostgresVectors(url).count):
        with pytest.raises(StoreError) as caught:
            ask("x") if ask.__name__ == "count" else ask()
        assert "SECRET" not in "".join(traceback.format_exception(caught.value))


def test_variables_round_trip(tmp_path: Path) -> None:
    settings = load({"HEDDLE_HOME": str(tmp_path), "HEDDLE_LLM": "http://127.0.0.1:9/v1"}, tmp_path)
    assert load(variables(settings), tmp_path) == settings


def test_code_version_follows_the_source() -> None:
    assert code_version("core.naming") == code_version("core.naming") != code_version("core.errors")
    with pytest.raises(ModuleNotFoundError):
        code_version("core.nowhere")
    assert digest(["ab", "c"]) != digest(["a", "bc"])


@pytest.mark.parametrize(
    ("number", "name", "expected"),
    [
        (errno.ENOSPC, None, "free disk space"),
        (errno.EROFS, "/home/run", r"cannot write /home/run: .*\n.*HEDDLE_HOME"),
        (errno.ENOTDIR, "/home/run", "a file in the way"),
        (errno.EACCES, None, None),  # such as a port below 1024
        (errno.ECONNREFUSED, None, None),
    ],
)
def test_the_disks_refusals_are_told(number: int, name: str | None, expected: str | None) -> None:
    told_as = refused(OSError(number, "refused", name))
    if expected is None:
        assert told_as is None
    else:
        with pytest.raises(HeddleError, match=expected):
            raise told_as or AssertionError


def test_a_database_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").execute("create table t (x)")
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(f"file:{tmp_path}/a.db?mode=ro", uri=True).execute("insert into t values (1)")
    assert "readonly database" in str(refused(caught.value))
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(tmp_path / "a.db").execute("select nothing from nowhere")
    assert refused(caught.value) is None  # a fault of the program stays one


def test_a_failed_step_tells_the_users_error_not_its_cause() -> None:
    def steps(error: Exception) -> str:
        @dg.op
        def fails() -> None:
            try:
                raise ValueError("deep inside")
            except ValueError as cause:
                raise error from cause

        @dg.job
        def job() -> None:
            fails()

        result = job.execute_in_process(raise_on_error=False)
        return told(result.get_step_failure_events()[0].step_failure_data.error)

    assert steps(SourceError("a.csv is broken", "copy it again")).endswith("a.csv is broken\n  Fix: copy it again")
    assert steps(RuntimeError("outside")) == "ValueError: deep inside"


def test_what_a_killed_process_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    code = f"""
import pathlib, sys, time
from core.scratch import scratch
with scratch(pathlib.Path({str(tmp_path)!r}), "load-") as folder:
    (folder / "spill").write_bytes(b"x")
    print(folder, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        theirs = Path(process.stdout.readline().strip())
        long_ago = theirs.stat().st_mtime - 2 * YOUNG_SECONDS
        os.utime(theirs, (long_ago, long_ago))
        with scratch(tmp_path, "load-") as ours:
            assert theirs.is_dir() and ours.is_dir()
        process.send_signal(signal.SIGKILL)
        process.wait()
    os.utime(theirs, (long_ago, long_ago))
    with scratch(tmp_path, "load-") as ours:
        assert list(tmp_path.iterdir()) == [ours]
    assert not list(tmp_path.iterdir())
