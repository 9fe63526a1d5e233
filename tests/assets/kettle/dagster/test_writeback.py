"""Scores written back into a table that a transformation owns: by key, all or nothing, again and again the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from assets.kettle.database.engines import open_database
from assets.kettle.database.urls import target_of
from assets.kettle.errors import KettleError
from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection
from assets.kettle.writeback import upsert
from core.naming import TableName
from core.settings import Settings
from orchestration.build import build_definitions

TABLE = TableName("shop", "habits")


def execute(url: str, sql: str) -> list[tuple[Any, ...]]:
    database = open_database("w", target_of(Connection("w", "GENERIC"), Variables(), {"w": url}))
    try:
        if sql.startswith("select"):
            return database.rows(sql)
        database.script(sql)
        database.commit()
        return []
    finally:
        database.close()


@pytest.fixture(params=["duckdb", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    found: Callable[[], str] | str = f"duckdb:///{tmp_path}/w.duckdb"
    if request.param == "postgresql":
        found = request.getfixturevalue("postgres_url")
    assert isinstance(found, str)
    execute(
        found,
        "create schema shop; create table shop.habits (id bigint, habit varchar(20), "
        "score double precision check (score < 1));"
        "insert into shop.habits values (1, 'a', null), (2, 'b', null)",
    )
    return found


def rows(url: str) -> list[tuple[Any, ...]]:
    return execute(url, "select id, habit, score from shop.habits order by id")


@pytest.mark.covers("DATA-058")
def test_the_asset_that_writes_back_closes_no_cycle(settings: Settings) -> None:
    graph = build_definitions(settings).resolve_asset_graph()
    table, scores = (
        dg.AssetKey(["table", "retail", "coupon_habits"]),
        dg.AssetKey(["report", "retail", "coupon_scores"]),
    )
    parents = {key.to_user_string() for key in graph.get(scores).parent_keys}
    assert parents == {
        "table/retail/coupon_habits",
        "model/retail/coupon_propensity",
        "dataset/retail/coupon_propensity",
    }
    above, waiting = set(), [table]
    while waiting:
        above |= (more := graph.get(waiting.pop()).parent_keys - above)
        waiting += more
    assert scores not in above
    assert dg.AssetKey(["raw", "retail", "coupon_redemptions"]) in above


@pytest.mark.covers("DATA-058")
def test_rows_are_updated_by_key_and_missing_ones_inserted(url: str) -> None:
    scores = pl.DataFrame({"id": [2, 3], "score": [0.25, 0.5]})
    assert upsert(url, TABLE, scores, ["id"]) == (1, 1)
    expected = [(1, "a", None), (2, "b", 0.25), (3, None, 0.5)]
    assert rows(url) == expected
    assert upsert(url, TABLE, scores, ["id"]) == (2, 0)
    assert rows(url) == expected


@pytest.mark.covers("DATA-058")
def test_a_failure_in_the_middle_leaves_the_table_as_it_was(url: str) -> None:
    before = rows(url)
    with pytest.raises(KettleError):
        upsert(url, TABLE, pl.DataFrame({"id": [1, 2, 3], "score": [0.1, 0.2, 7.0]}), ["id"])
    assert rows(url) == before


@pytest.mark.parametrize("ids", [[1, 1], [1, None]])
def test_keys_have_to_be_there_once(url: str, ids: list[int | None]) -> None:
    with pytest.raises(KettleError, match="key"):
        upsert(url, TABLE, pl.DataFrame({"id": ids, "score": [0.1, 0.2]}), ["id"])
