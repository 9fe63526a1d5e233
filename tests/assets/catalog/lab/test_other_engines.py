"""Queries of ClickHouse, Hive and Druid: rows, what they refuse, and limits where a driver cannot stop a query."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from assets.catalog.lab.engines import opened
from assets.catalog.lab.known import source_of
from assets.catalog.lab.model import Limits, QueryError
from assets.catalog.lab.run import run
from assets.catalog.record import record
from assets.catalog.scan.scanner import scan
from assets.catalog.store.versions import Versions
from core.settings import Settings
from tests.fakes.clickhouse import clickhouse
from tests.fakes.druid import druid
from tests.fakes.hive import hive

MADE = "CREATE TABLE {} AS SELECT i::BIGINT AS id, '50%' AS note FROM range(50) t(i)"
Hang = Callable[[], object]


@contextmanager
def _clickhouse() -> Iterator[tuple[str, Hang]]:
    pytest.importorskip("chdb")
    with clickhouse() as server:
        server.run("CREATE TABLE default.sales ENGINE = Memory AS SELECT number AS id, '50%' AS note FROM numbers(50)")
        yield f"{server.url}/default", lambda: server.fault("count", seconds=2)


@contextmanager
def _druid() -> Iterator[tuple[str, Hang]]:
    with druid() as server:
        server.data.execute(MADE.format("druid.sales"))

        def hang() -> None:
            server.fault, server.broken, server.hang = "hang", "COUNT", 2

        yield server.url, hang


@contextmanager
def _hive() -> Iterator[tuple[str, Hang]]:
    with hive() as server:
        server.data.execute(MADE.format('"default".sales'))

        def hang() -> None:
            server.fault, server.broken, server.hang = "hang", "COUNT", 2

        yield f"hive://127.0.0.1:{server.port}/default?auth=NOSASL", hang


@pytest.mark.parametrize("engine", [_clickhouse, _druid, _hive])
def test_rows_and_limits(
    engine: Callable[[], AbstractContextManager[tuple[str, Hang]]],
    settings: Settings,
    versions: Versions,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with engine() as (url, hang):
        path = settings.catalog_files / "sources.yaml"
        path.write_text(path.read_text() + f"  - name: far\n    url: '{url}'\n")
        record(versions, scan(source_of(settings, "far"), settings=settings))

        def ask(sql: str, seconds: float = 20) -> list[tuple[object, ...]]:
            limits = Limits(3, seconds)
            return run(sql, "far", "ann", settings=settings, versions=versions, limits=limits).rows

        assert ask("select id, note from sales where note like '%\\%' or id > 1 order by id desc") == [
            (49, "50%"), (48, "50%"), (47, "50%"),
        ]  # fmt: skip
        with pytest.raises(QueryError, match="nothing_here"):
            ask("select nothing_here from sales")
        if "clickhouse" in url:
            with opened(source_of(settings, "far"), settings) as own, pytest.raises(Exception, match="readonly"):
                own.fetch("CREATE TABLE default.more (i Int8) ENGINE = Memory AS SELECT 1", 1, 5)
        hang()
        began = time.monotonic()
        with pytest.raises(QueryError, match=r"stopped after 0\.3 seconds"):
            ask("select count(*) from sales", 0.3)
        assert time.monotonic() - began < 1.9
    _through()
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == []


def _through() -> None:
    """Waits for the threads whose query was left behind; what they close, they close without complaints."""
    for thread in threading.enumerate():
        if thread.name == "query":
            thread.join(10)
