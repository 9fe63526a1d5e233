"""The web UI under `heddle up`, opened in a real browser: the graph and the model's page show what was built."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.settings import PROJECT
from tests.orchestration.conftest import Installation, free_port

BROWSER = shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

LEFT_OUT = ("daemon", "studio", "MLflow UI")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def web_ui(built: Installation) -> Iterator[str]:
    port = free_port()
    up = subprocess.Popen(
        [Path(sys.executable).with_name("heddle"), "up", *(w for s in LEFT_OUT for w in ("--without", s))],
        env=os.environ | built.environ | {"HEDDLE_UI_PORT": str(port)},
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/server_info", timeout=2).status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.5)
    yield url
    up.send_signal(signal.SIGINT)
    assert up.wait(30) == 0


@pytest.mark.skipif(not BROWSER, reason="needs Chromium (apt-get install chromium)")
def test_the_graph_and_the_model_card_are_shown(web_ui: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        page = browser.new_page(viewport={"width": 1900, "height": 1100})
        page.goto(
            f"{web_ui}/assets/endpoint/retail/coupon_propensity?view=lineage&lineageScope=upstream&lineageDepth=9"
        )
        for name in ("household_weekly", "stg_transactions", "retail_models"):
            expect(page.get_by_text(name).first).to_be_visible(timeout=30_000)
        page.screenshot(path=tmp_path / "graph.png")
        page.goto(f"{web_ui}/assets/model/retail/coupon_propensity")
        expect(page.get_by_text("baseline_average_precision")).to_be_visible(timeout=30_000)
        page.get_by_placeholder("Filter metadata keys").fill("roc")
        page.get_by_text("Show Markdown").first.click()
        expect(page.locator("img[alt='roc']")).to_be_visible(timeout=15_000)
        browser.close()
    assert (tmp_path / "graph.png").stat().st_size > 20_000
