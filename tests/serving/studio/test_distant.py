"""Sources that take a connection and say nothing: their pages say so, and the others do not wait for them."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest

from assets.catalog.scan.databases.patience import patient
from core.settings import Settings
from serving.studio import app
from serving.studio.distant import AT_ONCE, Distant
from serving.studio.studio import Studio
from tests.serving.studio.conftest import client


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(200)
        yield listening.getsockname()[1]


def test_other_pages_do_not_wait_for_a_source_that_says_nothing(
    settings: Settings, studio: Studio, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://u@127.0.0.1:{silent}/db?connect_timeout=3"
    (settings.catalog_files / "sources.yaml").write_text(f"sources:\n  - {{name: slow, url: '{url}'}}\n")
    monkeypatch.setattr(app, "Distant", lambda: Distant(patience=1.0))

    async def ask() -> tuple[list[str], float]:
        async with client(studio) as opened:
            await opened.get("/")
            many = [asyncio.create_task(opened.get("/source?name=slow")) for _ in range(6 * AT_ONCE)]
            await asyncio.sleep(0.3)
            begun = time.monotonic()
            assert (await opened.get("/")).status_code == 200
            waited = time.monotonic() - begun
            answers = await asyncio.gather(*many)
        return [a.text for a in answers if a.status_code == 400], waited

    told, waited = asyncio.run(ask())
    assert len(told) == 6 * AT_ONCE and all("does not answer within 1 seconds" in text for text in told)
    assert waited < 0.8


@pytest.mark.parametrize(
    ("url", "reads", "expected"),
    [
        ("postgresql+psycopg2://h/d", True, "postgresql+psycopg2://h/d?connect_timeout=20"),
        (
            "mysql+pymysql://h/d?charset=utf8",
            True,
            "mysql+pymysql://h/d?charset=utf8&connect_timeout=20&read_timeout=300",
        ),
        ("mysql+pymysql://h/d", False, "mysql+pymysql://h/d?connect_timeout=20"),
        ("postgresql://h/d?connect_timeout=2", True, "postgresql://h/d?connect_timeout=2"),
        ("sqlite:///f", True, "sqlite:///f"),
    ],
)
def test_drivers_wait_a_known_time(url: str, reads: bool, expected: str) -> None:
    assert patient(url, reads=reads) == expected
