"""The warehouse contract, on every engine there is."""

from pathlib import Path

import polars as pl
import pytest

from core.errors import StoreError
from core.naming import TableName
from resources.ports import Warehouse
from resources.warehouse_duckdb import DuckdbWarehouse

TABLE = TableName("raw_test", "odd table; drop")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return DuckdbWarehouse(tmp_path / "w.duckdb", "500MB")


def test_replace_is_all_or_nothing(warehouse: Warehouse) -> None:
    assert warehouse.replace(TABLE, "select 1 as a union all select 2") == 2
    with pytest.raises(StoreError):
        warehouse.replace(TABLE, "select cast('x' as integer) as a")
    assert warehouse.query('select sum(a) from "raw_test"."odd table; drop"').item() == 3


def test_one_partition_is_replaced_alone(warehouse: Warehouse) -> None:
    for week, value in (("w1", 1), ("w2", 2), ("w1", 10)):
        warehouse.replace(TABLE, f"select '{week}' as week, {value} as v", partition=("week", [week]))
    found = warehouse.query('select week, v from "raw_test"."odd table; drop" order by week')
    assert found.rows() == [("w1", 10), ("w2", 2)]


def test_frames_round_trip_and_stream(warehouse: Warehouse) -> None:
    frame = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    assert warehouse.write(TABLE, frame) == 3
    parts = list(warehouse.batches('select * from "raw_test"."odd table; drop" order by a', rows=2))
    assert pl.concat(parts).equals(frame)
    info = warehouse.info(TABLE)
    assert info.rows == 3 and [c.name for c in info.columns] == ["a", "b"]


def test_a_missing_table_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(StoreError, match=r"raw_test\.nowhere"):
        warehouse.info(TableName("raw_test", "nowhere"))
