"""A warehouse of assets and a database that was scanned, one table of each private to bob."""

import sqlite3
from pathlib import Path

import duckdb
import pytest

from assets.catalog.edit import Edit, edit
from assets.catalog.facts import AssetFacts
from assets.catalog.model import Base, ColumnInfo
from assets.catalog.record import record
from assets.catalog.register import register
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import load_sources
from assets.catalog.store.versions import Versions
from core.settings import Settings, load

SALES, PAY = "table/shop/sales", "table/shop/salaries"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    files, home = tmp_path / "files", tmp_path / "home"
    files.mkdir()
    home.mkdir()
    with sqlite3.connect(tmp_path / "shop.db") as db:
        db.execute("create table orders (id integer primary key, customer text, amount real)")
        db.executemany("insert into orders values (?, ?, ?)", [(i, f"c{i % 7}", i * 1.5) for i in range(100)])
        db.execute("create table wages (name text, pay real)")
        db.execute("insert into wages values ('bob', 9)")
    db.close()
    (files / "sources.yaml").write_text(f"sources:\n  - name: shop\n    url: sqlite:///{tmp_path}/shop.db\n")
    made = load({"HEDDLE_HOME": str(home), "HEDDLE_CATALOG_FILES": str(files)}, project=tmp_path)
    with duckdb.connect(str(home / "warehouse.duckdb")) as house:
        house.execute("create schema table_shop")
        house.execute(
            "create table table_shop.sales as select i as id, date '2026-01-01' + i::int as day, i * 1.5 as revenue, "
            "'=1+' || i as note from range(5000) t(i)"
        )
        house.execute("create table table_shop.salaries as select 'bob' as name, 9.0 as pay")
    return made


@pytest.fixture
def versions(settings: Settings) -> Versions:
    made = Versions(settings.catalog)
    found = scan(load_sources(settings)[0], settings=settings)
    record(made, found)
    columns = {
        SALES: ("id", "day", "revenue", "note"),
        PAY: ("name", "pay"),
    }
    facts = [
        AssetFacts(
            key=key,
            description=key,
            columns=tuple(ColumnInfo(name=n, type="text", base=Base.TEXT, place=i) for i, n in enumerate(names, 1)),
        )
        for key, names in columns.items()
    ]
    register(made, facts)
    edit(made, "asset", PAY, Edit(tags=["private"], owners=["bob"]), "bob")
    edit(made, "table", "shop/wages", Edit(tags=["private"], owners=["bob"]), "bob")
    return made
