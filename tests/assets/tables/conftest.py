"""Warehouses with the raw tables landed, on both engines."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assets.sources.retail_files import weeks
from assets.sources.retail_load import prepare
from assets.sources.retail_tables import TABLES
from assets.tables.build import Built, describe, failure
from assets.tables.dbt_run import Dbt
from assets.tables.specs import load as load_models
from core.naming import TableName
from core.settings import Settings, load
from resources.open import warehouse
from resources.ports import Warehouse

LANDED = [t for t in TABLES if t.name != "promotions"]


@dataclass
class Site:
    """A warehouse with its settings."""

    settings: Settings
    warehouse: Warehouse

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.warehouse.query(sql).rows()

    def build(self, names: list[str] | None = None, weeks: list[str] | None = None) -> dict[str, Built]:
        """Run models as the assets do; all by default."""
        models = [m for m in load_models() if names is None or m.name in names]
        results = Dbt(self.settings).run([m.name for m in models], weeks, lambda _: None)
        error = failure(results)
        if error:
            raise error
        return describe(self.warehouse, models, results, weeks)


def land(settings: Settings) -> Site:
    """The raw tables, loaded as the raw assets load them."""
    site = Site(settings, warehouse(settings))
    for table in LANDED:
        name = TableName("raw_retail", table.name)
        if table.weekly:
            with prepare(settings, table, weeks(settings)) as found:
                site.warehouse.load_parquet(name, found.files, found.select, partition=("week_start", weeks(settings)))
        else:
            with prepare(settings, table) as found:
                site.warehouse.load_parquet(name, found.files, found.select)
    return site


@pytest.fixture(scope="session")
def landed_file(tmp_path_factory: pytest.TempPathFactory, retail_sample: Path) -> Path:
    """A DuckDB file with the raw tables, to copy."""
    home = tmp_path_factory.mktemp("landed")
    land(load({"HEDDLE_HOME": str(home), "HEDDLE_RETAIL": str(retail_sample)}, home))
    return home / "warehouse.duckdb"


@pytest.fixture(params=["duckdb", "postgres"])
def site(request: pytest.FixtureRequest, make_settings: Callable[..., Settings]) -> Site:
    """One test's own warehouse, raw tables only."""
    if request.param == "duckdb":
        found: Site = request.getfixturevalue("duckdb_site")
        return found
    return land(make_settings(warehouse=request.getfixturevalue("postgres_url")))


@pytest.fixture
def duckdb_site(make_settings: Callable[..., Settings], landed_file: Path) -> Site:
    settings = make_settings()
    settings.home.mkdir(parents=True)
    shutil.copy(landed_file, settings.home / "warehouse.duckdb")
    return Site(settings, warehouse(settings))


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, retail_sample: Path
) -> Iterator[Site]:
    """A fully built warehouse that a module's tests only read."""
    home = tmp_path_factory.mktemp("built")
    values = {"HEDDLE_HOME": str(home), "HEDDLE_RETAIL": str(retail_sample)}
    if request.param == "duckdb":
        site = land(load(values, home))
        site.build()
        yield site
        return
    from adbc_driver_postgresql import dbapi

    server, name = request.getfixturevalue("postgres_server"), f"built_{uuid.uuid4().hex[:8]}"
    with dbapi.connect(server("postgres"), autocommit=True) as admin, admin.cursor() as cursor:
        cursor.execute(f"create database {name}")
        site = land(load(values | {"HEDDLE_WAREHOUSE": server(name)}, home))
        site.build()
        yield site
        cursor.execute(f"drop database {name} with (force)")
