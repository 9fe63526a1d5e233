"""Catalogue, lineage and SQL pages in Chromium: a table is found, queried, followed to where its columns come from."""

import re
from pathlib import Path
from typing import Any

import pytest

from assets.catalog.lineage.model import Edge, Stated
from serving.studio.studio import Studio
from tests.assets.catalog.lab import conftest as lab
from tests.serving.studio import test_browser

settings, versions = lab.settings, lab.versions
address, page = test_browser.address, test_browser.page
pytestmark = test_browser.pytestmark
FOREVER = "select count(*) from range(3000000) a, range(3000000) b where a.range * b.range % 7 = 3"


@pytest.mark.covers("STK-121")
def test_the_data_module(address: str, studio: Studio, page: Any, tmp_path: Path) -> None:
    edge = Edge("raw/shop/orders", "amount", lab.SALES, "revenue")
    studio.lineage.put([Stated("definition", lab.SALES, (edge,), {"sql": "abc"})])
    page.goto(f"{address}/?lang=en")
    page.fill("input[name=q]", "sales")
    page.press("input[name=q]", "Enter")
    page.click(f"text={lab.SALES}")
    page.wait_for_selector("#columns")
    page.click("text=Lineage >> nth=0")
    page.wait_for_selector("[data-ready]")

    page.click("nav >> text=SQL")
    page.fill("textarea[name=sql]", "select id, day, revenue, note\nfrom sales where id < 950 order by id desc")
    page.screenshot(path=tmp_path / "before.png")
    page.click("text=Run")
    page.wait_for_selector("#result")
    assert page.locator("#result tbody tr").count() == 100
    assert page.locator("#result tbody tr").first.inner_text().split("\t") == [
        "1", "949", "2028-08-07", "1423.5", "=1+949",
    ]  # fmt: skip
    page.screenshot(path=tmp_path / "answer.png", full_page=True)
    page.click("text=next")
    page.wait_for_url(re.compile("page=2"))
    assert page.locator("#result tbody tr").first.inner_text().startswith("101")
    with page.expect_download() as caught:
        page.click("a:text-is('CSV')")
    assert "'=1+949" in Path(caught.value.path()).read_text(encoding="utf-8-sig")

    page.fill("textarea[name=sql]", "select day, sum(revenue) as total\nfrom sales\nwhere note <> '' group by day")
    page.click("text=Column lineage")
    page.wait_for_selector("#lineage")
    assert "table/shop/sales.revenue" in page.locator("#lineage tbody").inner_text()
    page.screenshot(path=tmp_path / "lineage.png", full_page=True)
    page.click("#lineage a >> nth=1")
    page.wait_for_selector("[data-ready]")
    assert page.locator(".box").count() == 2 and page.locator(".box.k-raw").count() == 1

    page.goto(f"{address}/lab?lang=zh")
    page.fill("textarea[name=sql]", "select revenu from sales")
    page.click("text=运行")
    page.wait_for_selector("[role=alert]")
    assert "第 1 行第 8 列" in page.locator("[role=alert]").inner_text()
    page.screenshot(path=tmp_path / "error.png", full_page=True)
    page.fill("textarea[name=sql]", FOREVER)
    page.click("text=运行")
    page.wait_for_selector("text=取消")
    page.screenshot(path=tmp_path / "running.png", full_page=True)
    page.click("button:text-is('取消')")
    page.wait_for_selector("text=the query was cancelled")
    assert page.locator("text=salaries").count() == 0
