"""The access page in Chromium, without JavaScript: a role is chosen, and what it sees is told."""

from pathlib import Path
from typing import Any

from tests.serving.studio import test_access, test_browser

address, page, settings = test_browser.address, test_browser.page, test_access.settings
pytestmark = test_browser.pytestmark


def test_a_role_is_chosen(address: str, page: Any, tmp_path: Path) -> None:
    plain = page.context.browser.new_page(java_script_enabled=False, viewport={"width": 1400, "height": 900})
    plain.goto(f"{address}/?lang=en")
    plain.click("nav >> text=Access")
    plain.select_option("select[name=person]", "")
    plain.select_option("select[name=role]", "analyst")
    plain.fill("form[action='/access'] input[name=q]", "orders")
    plain.click("form[action='/access'] button")
    plain.wait_for_selector("text=role:analyst: 1 tables")
    assert plain.locator("td:text-is('masked (partial)')").count() == 1
    plain.screenshot(path=tmp_path / "role.png", full_page=True)
    plain.goto(f"{address}/access?lang=zh")
    plain.screenshot(path=tmp_path / "all.png", full_page=True)
    assert plain.locator("section.access").count() == 4  # but the table that is private to bob
