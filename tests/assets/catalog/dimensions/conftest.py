"""A dimension on each engine, with names that need quoting."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.dimensions.model import Dimension
from assets.catalog.store.versions import Versions
from core.settings import Settings

ENGINES = ("sqlite", "duckdb", "postgres", "mariadb")
CITY = {
    "name": "city",
    "source": "crm",
    "table": 'dim "城市" 100%',
    "label": {"zh": "城市维表"},
    "key": ["code"],
    "columns": [
        {"name": "code", "type": "text(12)", "label": {"zh": "编码"}},
        {"name": "名称", "type": "text(40)", "label": {"en": "name"}, "required": True},
        {"name": "select", "type": "integer", "label": {"zh": "人口"}},
        {"name": "area%", "type": "number(12,2)", "label": {"zh": "面积"}},
        {"name": "since", "type": "date", "label": {"zh": "设立日期"}},
        {"name": "capital", "type": "boolean", "label": {"zh": "省会"}},
        {"name": 'seen "at"', "type": "timestamp"},
        {"name": "ratio", "type": "float"},
    ],
}


def url_of(engine: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of an empty database."""
    if engine == "sqlite":
        sqlite3.connect(folder / "crm.db").close()
        return f"sqlite:///{folder}/crm.db"
    if engine == "duckdb":
        import duckdb

        duckdb.connect(str(folder / "crm.duckdb")).close()
        return f"duckdb:///{folder}/crm.duckdb"
    found: str = request.getfixturevalue("postgres_url" if engine == "postgres" else "mariadb_url")
    return found


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The engine of this test."""
    name: str = request.param
    return name


@pytest.fixture
def crm(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, make_settings: Callable[..., Settings]
) -> Settings:
    """Settings over a source `crm` of the engine."""
    files = tmp_path / "files"
    files.mkdir()
    url = url_of(engine, request, tmp_path)
    (files / "sources.yaml").write_text(f"sources:\n  - name: crm\n    url: '{url}'\n", encoding="utf-8")
    return make_settings(catalog_files=files)


@pytest.fixture
def city(crm: Settings) -> DimensionBook:
    """The dimension `city`, created."""
    book = DimensionBook(crm, Versions(crm.catalog))
    assert book.define(Dimension.model_validate(CITY), "ann", 0)
    book.create("city", "ann")
    return book
