"""A warehouse with the sample's raw tables and marts, made once and copied for each test that wants it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from core.settings import Settings, load
from resources.open import warehouse as open_warehouse
from resources.ports import Warehouse
from tests.assets.marts import build_marts, land


@pytest.fixture(scope="session")
def marts_file(retail_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with raw_retail.* and table_retail.*."""
    home = tmp_path_factory.mktemp("marts")
    settings = load({"HEDDLE_HOME": str(home), "HEDDLE_RETAIL": str(retail_sample)}, project=home)
    land(settings, dg.DagsterInstance.ephemeral())
    build_marts(open_warehouse(settings))
    return home / "warehouse.duckdb"


@pytest.fixture
def marts_settings(make_settings: Callable[..., Settings], marts_file: Path) -> Settings:
    """Settings whose warehouse is a copy of `marts_file`."""
    settings = make_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    shutil.copy(marts_file, settings.home / "warehouse.duckdb")
    return settings


@pytest.fixture
def marts_warehouse(marts_settings: Settings) -> Warehouse:
    """The warehouse of `marts_settings`."""
    return open_warehouse(marts_settings)
