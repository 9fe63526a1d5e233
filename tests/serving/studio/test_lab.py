"""The SQL page and its JSON: run, paged, cancelled, fetched as files, saved, traced; hidden tables stay hidden."""

import io
import re
import time
from html import unescape
from typing import Any

import polars as pl
import pytest
from starlette.testclient import TestClient

from assets.catalog.store.versions import Versions
from core.settings import Settings
from serving.studio.app import build
from serving.studio.studio import Studio
from tests.assets.catalog.lab import conftest as lab
from tests.serving.studio.conftest import HOST

settings, versions = lab.settings, lab.versions
FOREVER = "select count(*) from range(3000000) a, range(3000000) b where a.range * b.range % 7 = 3"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def browser(settings: Settings, versions: Versions) -> TestClient:
    return TestClient(build(Studio(settings, versions, "ann")), base_url=HOST)


def send(browser: TestClient, **fields: str) -> str:
    shown = browser.get("/lab").text
    (token,) = set(re.findall(r'name="token" value="([^"]+)"', shown))
    given = {"token": token, "source": "warehouse", "rows": "1000", "seconds": "30", "do": "run"} | fields
    answer = browser.post("/lab", data=given, headers={"origin": HOST})
    while 'http-equiv="refresh"' in answer.text and fields.get("sql") != FOREVER:
        time.sleep(0.05)
        answer = browser.get(answer.url)
    assert answer.status_code in (200, 400), answer.text
    return unescape(answer.text)


def asked(browser: TestClient, **fields: object) -> dict[str, Any]:
    """A query over JSON, once it is through."""
    told: dict[str, Any] = browser.post("/api/sql/runs", json=fields).json()
    while told["state"] == "running":
        time.sleep(0.05)
        told = browser.get(f"/api/sql/runs/{told['run']}").json()
    return told


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_query_on_the_page(browser: TestClient, lang: str) -> None:
    browser.get("/lab", params={"lang": lang})
    shown = send(browser, sql="select id, note from sales order by id")
    assert "1,000" in shown and ("there are more" in shown or "还有更多行" in shown)
    assert "=1+99<" in shown and "=1+100<" not in shown
    (run,) = set(re.findall(r"run=([\w-]+)&", shown))
    second = browser.get("/lab", params={"run": run, "page": "2"}).text
    assert "=1+100<" in second and "=1+99<" not in second
    csv = browser.get("/lab/download", params={"run": run, "format": "csv"})
    assert (
        csv.content.decode("utf-8-sig").splitlines()[1] == "0,'=1+0"
        and "query.csv" in csv.headers["content-disposition"]
    )
    assert pl.read_parquet(io.BytesIO(browser.get(f"/lab/download?run={run}&format=parquet").content)).height == 1000
    assert "table_shop.sales" in shown and "salaries" not in shown and "select id, note from sales" in shown


def test_errors_say_where_and_are_kept_as_texts(browser: TestClient) -> None:
    shown = send(browser, sql=f'select id,\n  nothing_here as "{HOSTILE}" from sales')
    assert "Line 2, column 3:" in shown and "nothing_here" in shown and "▲" in shown
    raw = browser.get("/lab").text
    assert "<script>alert" not in raw and HOSTILE in unescape(raw)
    assert "shows you no table salaries" in send(browser, sql="select * from salaries")
    assert "is not run" in send(browser, sql="drop table sales")
    assert "no table wages" in send(browser, sql="select * from wages", source="shop")


def test_a_long_query_is_cancelled(browser: TestClient) -> None:
    began = time.monotonic()
    shown = send(browser, sql=FOREVER)
    assert 'http-equiv="refresh"' in shown and "Running" in shown
    (run,) = re.findall(r'name="run" value="([\w-]+)"', shown)
    shown = send(browser, do="cancel", run=run)
    assert "the query was cancelled" in shown and 'http-equiv="refresh"' not in shown
    assert time.monotonic() - began < 6


def test_lineage_and_saved_queries(browser: TestClient) -> None:
    shown = send(browser, do="trace", sql="select day, sum(revenue) as total from sales group by day")
    assert "table/shop/sales.revenue" in shown and "group" in shown
    send(browser, do="save", name="日销", sql="select 1")
    assert "select 1" in unescape(browser.get("/lab", params={"saved": "日销"}).text)
    send(browser, do="forget", name="日销")
    assert "日销" not in browser.get("/lab").text
    begun = browser.get("/lab", params={"source": "shop", "table": "orders"}).text
    assert "FROM orders" in begun


def test_json(browser: TestClient) -> None:
    assert browser.get("/api/sql/sources").json() == {"sources": ["warehouse", "shop"]}
    listed = browser.get("/api/sql/tables", params={"source": "shop"}).json()["tables"]
    assert [t["path"] for t in listed] == ["orders"] and list(listed[0]["columns"]) == ["id", "customer", "amount"]
    told = asked(browser, sql="select * from orders order by id", source="shop", rows=3)
    assert (told["state"], told["count"], told["more"], told["rows"][1]) == ("done", 3, True, [1, "c1", 1.5])
    wrong = asked(browser, sql="select\n nix from sales")
    assert (wrong["state"], wrong["line"], wrong["column"]) == ("failed", 2, 2)
    running = browser.post("/api/sql/runs", json={"sql": FOREVER}).json()
    assert running["state"] == "running"
    assert browser.delete(f"/api/sql/runs/{running['run']}").json()["error"] == "the query was cancelled"
    file = browser.get(f"/api/sql/runs/{told['run']}/file")
    assert file.content.decode("utf-8-sig").splitlines()[0] == "id,customer,amount"
    traced = browser.post(
        "/api/sql/lineage", json={"sql": "select amount * 2 as x from orders", "source": "shop"}
    ).json()
    assert [(c["column"], c["values"][0][1]) for c in traced["columns"]] == [("x", "amount")]
    assert len(browser.get("/api/sql/history").json()["history"]) == 3
    kept = browser.put("/api/sql/saved/mine", json={"sql": "select 1"}).json()
    assert [s["name"] for s in kept["saved"]] == ["mine"]
    assert browser.delete("/api/sql/saved/mine").json() == {"saved": []}
    assert browser.delete("/api/sql/saved/mine").status_code == 404
    assert browser.get("/api/sql/runs/x").status_code == 404
    assert browser.post("/api/sql/runs", json={}).status_code == 400
    foreign = browser.post("/api/sql/runs", json={"sql": "select 1"}, headers={"origin": "http://evil.example"})
    assert foreign.status_code == 403
