"""Pairs of records judged in Chromium, by hand and without scripts."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from assets.quality.linkage.labels import labels_path, read_labels
from serving.studio.studio import Studio
from tests.serving.studio.test_browser import address as address
from tests.serving.studio.test_browser import page as page
from tests.serving.studio.test_pairs import golden
from tests.serving.studio.test_pairs import settings as settings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium (apt-get install chromium)"),
]


def test_pairs_of_records_are_judged(address: str, studio: Studio, page: Any, tmp_path: Path) -> None:
    path = golden(studio)
    page.goto(f"{address}/quality")
    page.get_by_role("link", name="Judge pairs").click()
    page.get_by_role("heading", name="Pairs to judge").wait_for()
    page.get_by_role("button", name="Skip").click()
    page.get_by_text("pair 2 of").wait_for()
    assert page.locator("tr.differs mark").first.is_visible()
    page.screenshot(path=tmp_path / "pair.png", full_page=True)
    page.get_by_role("button", name="Same").click()
    page.get_by_text("pair 3 of").wait_for()
    page.go_back()
    assert "the same, said ann" in page.locator("#pair").inner_text()
    page.get_by_role("button", name="Different").click()
    page.get_by_text("pair 3 of").wait_for()
    page.goto(f"{address}/quality/pairs?name=people&lang=zh")
    page.get_by_role("button", name="不同").wait_for()
    page.screenshot(path=tmp_path / "pair_zh.png", full_page=True)
    assert [k.same for k in read_labels(labels_path(path))] == [False]
