"""A catalogue as scans, runs and people leave it, and the studio over it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from assets.catalog.edit import Edit, edit
from assets.catalog.facts import AssetFacts, Check
from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.model import Base, Bin, ColumnInfo, Meaning, Profile, Scan, ScannedTable, TableInfo, Top
from assets.catalog.record import record
from assets.catalog.register import register
from assets.catalog.relate import KEY, KIND
from assets.catalog.store.versions import Change, Versions
from core.settings import Settings, load
from serving.studio.app import build
from serving.studio.studio import Studio

HOST = "http://127.0.0.1:8602"
SALES, ORDERS, SECRET = "table/shop/sales", "raw/shop/orders", "table/shop/salaries"
HOSTILE = "<script>alert(1)</script>\"'&"
Opened = Callable[..., "httpx.AsyncClient"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    files = tmp_path / "files"
    files.mkdir()
    return load({"HEDDLE_HOME": str(tmp_path / "home"), "HEDDLE_CATALOG_FILES": str(files)}, project=tmp_path)


@pytest.fixture
def versions(settings: Settings) -> Versions:
    return seeded(Versions(settings.catalog), LineageStore(settings.catalog))


@pytest.fixture
def studio(settings: Settings, versions: Versions) -> Studio:
    return Studio(settings, versions, "ann")


def columns(*names: str) -> tuple[ColumnInfo, ...]:
    return tuple(ColumnInfo(name=n, type="text", base=Base.TEXT, place=i) for i, n in enumerate(names, 1))


def scanned() -> Scan:
    amount = Profile(rows=100, nulls=10, distinct=40, low="1", high="99", mean=20.5, quantiles=(1, 2, 3, 4, 5),
                     histogram=(Bin(low=0, high=50, count=80), Bin(low=50, high=99, count=10)))  # fmt: skip
    state = Profile(rows=100, distinct=2, top=(Top(value="paid", count=90), Top(value=HOSTILE, count=10)))
    mobile = Profile(rows=100, distinct=100, withheld=True, patterns=(Top(value="9{11}", count=100),))
    orders = ScannedTable(
        table=TableInfo(
            name="orders", columns=columns("id", "amount", "state", "mobile"), primary_key=("id",), rows=100
        ),
        profiles={"amount": amount, "state": state, "mobile": mobile},
        meanings={"mobile": Meaning(type="cn_mobile", confidence=0.97, evidence=("all values are mobile numbers",))},
    )  # fmt: skip
    odd = ScannedTable(table=TableInfo(name=HOSTILE, columns=columns(HOSTILE, "长" * 3000), comment=HOSTILE))
    wide = ScannedTable(table=TableInfo(name="wide", columns=columns(*(f"c{i}" for i in range(1000)))))
    return Scan(source="shop", url="sqlite:///x", at="2026-01-01T00:00:00+00:00", seconds=1, tables=(orders, odd, wide))


def seeded(versions: Versions, lineage: LineageStore) -> Versions:
    record(versions, scanned())
    made = "2026-01-02T00:00:00+00:00"
    sales = AssetFacts(
        key=SALES, description="Sales by day.", kinds=("duckdb",), tags={"domain": "shop"}, owners=("team:shop",),
        upstream=(ORDERS,), columns=columns("day", "revenue"), made=made, run="0123456789abcdef", rows=7, seconds=2.0,
        checks=(Check(name="unique_sales_day", passed=True, blocking=True), Check(name="rows", passed=False)),
    )  # fmt: skip
    orders = AssetFacts(key=ORDERS, description="Orders of the shop. 订单", downstream=(SALES, SECRET), made=made)
    secret = AssetFacts(key=SECRET, description="Everybody's salary.", upstream=(ORDERS,), columns=columns("pay"))
    register(versions, [sales, orders, secret])
    edit(versions, "asset", SECRET, Edit(tags=["private"], owners=["bob"]), "bob")
    edges = (
        Edge(ORDERS, "amount", SALES, "revenue"), Edge(ORDERS, "state", SALES, "", "filter"),
        Edge(SALES, "revenue", "answer:4f0c", ""), Edge(ORDERS, "amount", SECRET, "pay"),
    )  # fmt: skip
    lineage.put([Stated("definition", SALES, edges, {"sql": "abc123"})])
    relation = {
        "child": {"source": "shop", "table": "orders", "columns": ["state"]},
        "parent": {"source": "shop", "table": "wide", "columns": ["c1"]},
        "kind": "foreign_key", "score": 0.91, "containment": 1.0, "cardinality": "many-to-one",
        "reasons": ["100% of its values are in wide.c1"],
    }  # fmt: skip
    versions.put(KIND, KEY, {"relations": [relation]}, Change("ann", "relate"))
    return versions


@asynccontextmanager
async def client(studio: Studio, host: str = HOST) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build(studio), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=host) as opened:
        yield opened
