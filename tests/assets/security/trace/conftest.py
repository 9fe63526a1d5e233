"""A warehouse table and a dimension, both traced."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.dimensions.model import Dimension
from assets.catalog.store.versions import Versions
from assets.security.trace.capture import capture
from assets.security.trace.model import Cause, Entry
from assets.security.trace.tables import traced
from core.naming import Key, table_name
from core.settings import Settings
from resources.open import warehouse

TABLE = "table/shop/customer"
CITY = "raw/crm/city"
YAML = f"tables:\n  {TABLE}: {{key: [id]}}\n  {CITY}: {{dimension: city}}\nanchor: "
DIMENSION = {
    "name": "city",
    "source": "crm",
    "table": "city",
    "key": ["code"],
    "columns": [{"name": "code", "type": "text(12)"}, {"name": "名称", "type": "text(40)"}],
}


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def shop(tmp_path: Path, make_settings: Callable[..., Settings]) -> Settings:
    """Settings over DuckDB with the dimension `city` in SQLite."""
    return prepared(tmp_path, make_settings)


@pytest.fixture
def shop_anywhere(
    engine: str, tmp_path: Path, make_settings: Callable[..., Settings], request: pytest.FixtureRequest
) -> Settings:
    """As `shop`, on both warehouses."""
    fields = {"warehouse": request.getfixturevalue("postgres_url")} if engine == "postgres" else {}
    return prepared(tmp_path, make_settings, **fields)


def prepared(folder: Path, make_settings: Callable[..., Settings], **fields: object) -> Settings:
    (folder / "protection").mkdir()
    (folder / "protection" / "trace.yaml").write_text(f"{YAML}{folder}/heads.jsonl\n", encoding="utf-8")
    (folder / "files").mkdir()
    sqlite3.connect(folder / "crm.db").close()
    (folder / "files" / "sources.yaml").write_text(f"sources:\n  - name: crm\n    url: sqlite:///{folder}/crm.db\n")
    settings = make_settings(catalog_files=folder / "files", protection=folder / "protection", **fields)
    book = DimensionBook(settings, Versions(settings.catalog))
    book.define(Dimension.model_validate(DIMENSION), "ann", 0)
    book.create("city", "ann")
    return settings


def write(settings: Settings, frame: pl.DataFrame, table: str = TABLE) -> None:
    """The table as it is now."""
    warehouse(settings).write(table_name(Key.parse(table)), frame)


def look(settings: Settings, *causes: Cause, table: str = TABLE, keys: list[list[str]] | None = None) -> Entry | None:
    """A capture with these causes."""
    return capture(settings, traced(settings)[table], lambda cursor: (causes, cursor), keys=keys)


def people(*rows: tuple[int, str | None, float | None]) -> pl.DataFrame:
    """Customers."""
    return pl.DataFrame(rows, schema={"id": pl.Int64, "phone": pl.String, "spent": pl.Float64}, orient="row")
