"""Proposals decided on in Chromium, by two people at once."""

from pathlib import Path
from typing import Any

import polars as pl

from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Rule
from core.naming import TableName
from resources.open import warehouse
from serving.studio.studio import Studio
from tests.serving.studio import test_browser, test_quality
from tests.serving.studio.conftest import ORDERS

address, page = test_browser.address, test_browser.page
settings, rules = test_quality.settings, test_quality.rules
pytestmark = test_browser.pytestmark


def test_proposals_are_reviewed(address: str, studio: Studio, rules: list[Rule], page: Any, tmp_path: Path) -> None:
    store, files = warehouse(studio.settings), RuleFiles(studio.settings.quality)
    frame = pl.DataFrame({"id": [1, 2, None], "amount": [1.0, 99.0, 2.0], "state": [" paid", "paid", "x"]})
    store.write(TableName("raw_shop", "orders"), frame.with_columns(pl.lit("13800000000").alias("mobile")))
    page.goto(f"{address}/?lang=en")
    page.click("nav >> text=Quality")
    page.click(f"text={ORDERS}")
    page.screenshot(path=tmp_path / "rules.png", full_page=True)
    bounds = page.locator(f"#{rules[2].id}")
    bounds.get_by_text("Change parameters").click()
    bounds.locator("textarea").fill('{"low": 0, "high": 60}')
    bounds.locator("select").select_option("reject")
    bounds.locator("input[name=note]").fill("asked the shop")

    other = page.context.browser.new_page()  # somebody else, at the same time
    other.goto(f"{address}/quality/table?table={ORDERS}")
    other.fill("input[name=least]", "90")
    other.click("text=Accept all of these")
    other.wait_for_selector("text=accepted 2")

    bounds.locator("button.primary").click()
    page.wait_for_selector("text=changed meanwhile")
    assert {r.id for r in files.accepted(ORDERS)} == {rules[0].id, rules[1].id}
    page.go_back()
    page.get_by_role("alert").get_by_text("Somebody else changed it").wait_for()
    bounds.get_by_role("button", name="Accept").click()
    page.wait_for_selector("text=changed meanwhile")
    assert {r.id for r in files.accepted(ORDERS)} == {rules[0].id, rules[1].id}
    page.go_back()
    page.get_by_role("link", name="Load it as it is now").click()
    page.wait_for_selector("text=accepted 2")
    bounds.get_by_text("Change parameters").click()
    bounds.locator("textarea").fill('{"low": 0, "high": 60}')
    bounds.locator("select").select_option("reject")
    bounds.locator("button.primary").click()
    page.wait_for_selector("text=accepted 3")
    assert next(r for r in files.accepted(ORDERS) if r.id == rules[2].id).params == {"low": 0, "high": 60}
    page.screenshot(path=tmp_path / "decided.png", full_page=True)
    page.click("text=Preview")
    page.wait_for_selector("text=3 rows: 2 stay, 1 are rejected, 1 cells change")
    page.screenshot(path=tmp_path / "preview.png", full_page=True)
    page.goto(f"{address}/quality?lang=zh")
    page.wait_for_selector("text=数据质量")
    page.screenshot(path=tmp_path / "list.png", full_page=True)
    assert "13800000000" not in page.content()
