"""A warehouse with people, orders and what was made from them, a scanned database, and a policy over both."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from assets.catalog.facts import AssetFacts
from assets.catalog.model import Base, ColumnInfo
from assets.catalog.record import record
from assets.catalog.register import register
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import load_sources
from assets.catalog.store.versions import Versions
from assets.catalog.tags.decide import decide
from assets.security.access.access import Access
from core.settings import Settings, load

PEOPLE, PLAIN, STAFF = "table/shop/people", "table/shop/plain", "table/shop/staff"
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
_TEXTS = dict.fromkeys(["name", "phone", "region"], "VARCHAR")
TYPES = {
    PEOPLE: {
        "id": "BIGINT",
        "name": "VARCHAR",
        "phone": "VARCHAR",
        "region": "VARCHAR",
        "day": "DATE",
        "pay": "BIGINT",
    },
    PLAIN: {"id": "BIGINT", "region": "VARCHAR"},
    STAFF: {"id": "BIGINT", "badge": "VARCHAR"},
}
# names that begin with SECRET are those that ann, who may see the north alone, is never to see
ROWS = [
    (1, "Ann Lee", "13800000001", "north", "2026-01-05", 10),
    (2, "Bo Li", "13800000002", "north", "2026-02-06", 25),
    (3, "SECRET Cy", "SECRET-13800000003", "south", "2026-03-07", 4999),
    (4, "SECRET Di", "SECRET-13800000004", "South", "2025-03-08", 5777),
    (5, "SECRET Ed", "SECRET-13800000005", None, None, None),
]
POLICY = """
people:
  ann: {region: north, regions: [north]}
  bob: {roles: [auditor], region: south, projects: [refunds]}
rules:
  - id: own_region
    who: ["team:shop"]
    tables: [table/shop/people, shop/people]
    rows: "region = :person.region"
    columns: {"*": allow, phone: {mask: partial, first: 3, last: 2}, pay: deny}
  - id: audit
    who: ["role:auditor"]
    tables: [table/shop/people, shop/people]
    purposes: [audit]
    when: {from: 2026-01-01, until: 2026-12-31, hours: "08:00-18:00", days: [mon, tue, wed, thu, fri], zone: UTC}
    columns: {"*": allow, phone: hash, pay: {mask: round, step: 1000}, day: year}
  - id: no_fraud
    who: ["*"]
    tables: [table/shop/people]
    effect: deny
    rows: "name = 'nobody'"
"""
NOON = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    files, home, protection = (tmp_path / n for n in ("files", "home", "protection"))
    for folder in (files, home, protection / "access"):
        folder.mkdir(parents=True)
    ddl = "create table {} (id bigint, name varchar(40), phone varchar(40), region varchar(20), day date, pay bigint)"
    with sqlite3.connect(tmp_path / "shop.db") as db:
        db.execute(ddl.format("people"))
        db.executemany("insert into people values (?, ?, ?, ?, ?, ?)", ROWS)
        db.execute("create table secrets (name text)")
        db.execute("insert into secrets values ('SECRET Cy')")
        db.execute("create view everyone as select * from people")
    db.close()
    (files / "sources.yaml").write_text(f"sources:\n  - name: shop\n    url: sqlite:///{tmp_path}/shop.db\n")
    (files / "teams.yaml").write_text("team:shop: [ann, bob]\n")
    (protection / "access" / "shop.yaml").write_text(POLICY)
    monkeypatch.setenv("TEST_ACCESS_KEY", KEY)
    with duckdb.connect(str(home / "warehouse.duckdb")) as house:
        house.execute("create schema table_shop")
        house.execute(ddl.format("table_shop.people"))
        house.executemany("insert into table_shop.people values (?, ?, ?, ?, ?, ?)", ROWS)
        house.execute("create table table_shop.plain as select 1 as id, 'north' as region")
        house.execute("create table table_shop.staff as select 1 as id, 'SECRET badge' as badge")
    return load(
        {
            "HEDDLE_HOME": str(home),
            "HEDDLE_CATALOG_FILES": str(files),
            "HEDDLE_PROTECTION": str(protection),
            "HEDDLE_PROTECTION_KEYS": "k1=env:TEST_ACCESS_KEY",
        },
        project=tmp_path,
    )


@pytest.fixture
def versions(settings: Settings) -> Versions:
    made = Versions(settings.catalog)
    record(made, scan(load_sources(settings)[0], settings=settings))
    facts = [
        AssetFacts(
            key=key,
            description=key,
            columns=tuple(
                ColumnInfo(name=n, type=t, base=Base.TEXT, place=i) for i, (n, t) in enumerate(columns.items(), 1)
            ),
        )
        for key, columns in TYPES.items()
    ]
    register(made, facts)
    decide(settings, made, (STAFF, "badge"), "pii:badge", True, "bob")
    return made


@pytest.fixture
def access(settings: Settings, versions: Versions) -> Callable[..., Access]:
    """Access of a person at noon, or at another moment."""

    def made(person: str, purpose: str = "", moment: datetime = NOON) -> Access:
        return Access(settings, versions, person, purpose, entry="test", clock=lambda: moment)

    return made
