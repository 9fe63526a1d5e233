"""Warehouses and online stores of the registry's tests, each a real one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resources.open import adapter
from resources.ports import OnlineStore, Warehouse


@pytest.fixture(params=["duckdb", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    """An empty warehouse of each engine."""
    is_duckdb = request.param == "duckdb"
    url = f"duckdb:///{tmp_path}/w.duckdb" if is_duckdb else request.getfixturevalue("postgres_url")
    opened: Warehouse = adapter("warehouse", url).from_url(url, "1GB")
    return opened


@pytest.fixture(params=["sqlite", "redis"])
def online_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty online store of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/online.db"
        return
    import redis

    url = request.getfixturevalue("redis_server")
    yield url
    redis.Redis.from_url(url).flushdb()


@pytest.fixture
def open_online() -> Iterator[Callable[[str], OnlineStore]]:
    """Opens online stores by URL and closes them at the end."""
    opened: list[OnlineStore] = []

    def make(url: str) -> OnlineStore:
        opened.append(adapter("online", url).from_url(url))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def online_store(online_url: str, open_online: Callable[[str], OnlineStore]) -> OnlineStore:
    """An empty online store of each kind."""
    return open_online(online_url)
