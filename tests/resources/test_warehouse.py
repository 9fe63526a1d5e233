"""The warehouse contract, on every engine there is."""

import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from core.errors import StoreError
from core.naming import TableName
from resources.ports import Warehouse
from resources.warehouse_duckdb import DuckdbWarehouse
from resources.warehouse_postgres import PostgresWarehouse

TABLE = TableName("raw_test", "odd table; drop")
QUOTED = '"raw_test"."odd table; drop"'


@pytest.fixture(params=["duckdb", "postgresql"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    if request.param == "duckdb":
        return DuckdbWarehouse(tmp_path / "w.duckdb", "500MB")
    return PostgresWarehouse.from_url(request.getfixturevalue("postgres_url"), "500MB")


def test_replace_is_all_or_nothing(warehouse: Warehouse) -> None:
    assert warehouse.replace(TABLE, "select 1 as a union all select 2") == 2
    with pytest.raises(StoreError):
        warehouse.replace(TABLE, "select cast('x' as integer) as a")
    assert warehouse.query(f"select sum(a) from {QUOTED}").item() == 3


def test_several_tables_are_written_all_or_none(warehouse: Warehouse, tmp_path: Path) -> None:
    other, bad = TableName("raw_other", "b"), pl.DataFrame({"x": pl.Series([object()], dtype=pl.Object)})
    warehouse.write_all({TABLE: pl.DataFrame({"a": [1, 2]}), other: pl.DataFrame({"b": ["x"]})})
    with pytest.raises(Exception, match=r"(?i)object|type"):
        warehouse.write_all({TABLE: pl.DataFrame({"a": [9]}), other: bad})
    assert warehouse.query(f"select a from {QUOTED} order by a")["a"].to_list() == [1, 2]
    assert warehouse.query("select b from raw_other.b").item() == "x"
    warehouse.write_all({other: pl.DataFrame({"d": [True]}), TABLE: pl.DataFrame({"a": [3]})})
    assert (warehouse.info(other).rows, warehouse.query(f"select a from {QUOTED}").item()) == (1, 3)
    file = tmp_path / "it's.parquet"
    pl.DataFrame({'f"x': [7, 8], "filename": ["p", None]}).write_parquet(file)
    with pytest.raises(StoreError):
        warehouse.write_all({other: file, TABLE: tmp_path / "gone.parquet"})
    assert warehouse.info(other).rows == 1
    warehouse.write_all({other: file, TABLE: pl.DataFrame({"a": [4]})})
    assert warehouse.query("select * from raw_other.b order by 1").rows() == [(7, "p"), (8, None)]


def test_one_partition_is_replaced_alone(warehouse: Warehouse) -> None:
    for week, value in (("w1", 1), ("w2", 2), ("w1", 10)):
        warehouse.replace(TABLE, f"select '{week}' as week, {value} as v", partition=("week", [week]))
    found = warehouse.query(f"select week, v from {QUOTED} order by week")
    assert found.rows() == [("w1", 10), ("w2", 2)]


@pytest.mark.parametrize("weeks", [["2017-01-02", "2017-01-09"], [date(2017, 1, 2), date(2017, 1, 9)]])
def test_partitions_are_dates_or_their_text(warehouse: Warehouse, weeks: list[date | str]) -> None:
    both = "select date '2017-01-02' as week, 1 as v union all select date '2017-01-09', 2"
    warehouse.replace(TABLE, both)
    assert warehouse.replace(TABLE, f"select 7 as v, week from ({both}) as x", partition=("week", weeks)) == 2
    assert warehouse.query(f"select v from {QUOTED}").rows() == [(7,), (7,)]


def test_a_table_can_be_replaced_from_itself(warehouse: Warehouse) -> None:
    warehouse.replace(TABLE, "select 1 as a")
    assert warehouse.replace(TABLE, f"select a + 1 as a from {QUOTED} union all select 5") == 2
    assert sorted(warehouse.query(f"select a from {QUOTED}")["a"]) == [2, 5]


def test_new_columns_replace_the_old_and_a_view_over_equal_ones_lives_on(warehouse: Warehouse) -> None:
    warehouse.replace(TABLE, "select 1 as a")
    warehouse.query("select 1")
    warehouse.replace(TABLE, "select 2 as a")
    warehouse.replace(TABLE, "select 'x' as b, 2 as a")
    assert [c.name for c in warehouse.info(TABLE).columns] == ["b", "a"]


def test_frames_round_trip_and_stream(warehouse: Warehouse) -> None:
    frame = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    assert warehouse.write(TABLE, frame) == 3
    parts = list(warehouse.batches(f"select * from {QUOTED} order by a", rows=2))
    assert [p.height for p in parts] == [2, 1]
    assert pl.concat(parts).equals(frame)
    info = warehouse.info(TABLE)
    assert info.rows == 3 and [c.name for c in info.columns] == ["a", "b"]


def test_types_survive(warehouse: Warehouse) -> None:
    frame = pl.DataFrame(
        {
            "big": [2**62, None],
            "small": pl.Series([3, None], dtype=pl.Int16),
            "tiny": pl.Series([3, None], dtype=pl.UInt8),
            "real": [0.1, None],
            "money": pl.Series([Decimal("12345678901234.56"), None], dtype=pl.Decimal(18, 2)),
            "day": [date(2017, 1, 2), None],
            "time": [datetime(2017, 1, 2, 3, 4, 5, 678901), None],
            "flag": [True, None],
            "text": ["naïve 表", None],
        }
    )
    warehouse.write(TABLE, frame)
    assert warehouse.query(f"select * from {QUOTED}").rows() == frame.rows()


def test_parameters_are_bound(warehouse: Warehouse) -> None:
    evil = "x'; drop table t; --"
    found = warehouse.query("select cast($1 as varchar) as a, cast($2 as bigint) + 1 as b", [evil, 41])
    assert found.rows() == [(evil, 42)]
    parts = list(warehouse.batches("select cast($1 as date) as d", [date(2017, 1, 2)]))
    assert parts[0].rows() == [(date(2017, 1, 2),)]


def test_parquet_files_load_by_name_with_their_filename(warehouse: Warehouse, tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"b": ["it's"], "a": [3]}).write_parquet(tmp_path / "o'2.parquet")
    files = [tmp_path / "1.parquet", tmp_path / "o'2.parquet"]
    select = "select b, a, ends_with(filename, '2.parquet') as second from source"
    assert warehouse.load_parquet(TABLE, files, select) == 3
    found = warehouse.query(f"select a, b, second from {QUOTED} order by a")
    assert found.rows() == [(1, "x", False), (2, "y", False), (3, "it's", True)]
    with pytest.raises(StoreError):
        warehouse.load_parquet(TABLE, files, "select cast(b as integer) as a from source")
    assert warehouse.info(TABLE).rows == 3


def test_a_missing_table_is_named(warehouse: Warehouse) -> None:
    assert not warehouse.exists(TableName("raw_test", "nowhere"))
    with pytest.raises(StoreError, match=r"raw_test\.nowhere"):
        warehouse.info(TableName("raw_test", "nowhere"))


def test_postgres_views_live_on_and_odd_types_are_refused(postgres_url: str) -> None:
    warehouse = PostgresWarehouse.from_url(postgres_url, "500MB")
    warehouse.replace(TABLE, "select 1 as a")
    with warehouse.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"create view seen as select a from {QUOTED}")
    warehouse.replace(TABLE, "select 2 as a")
    assert warehouse.query("select a from seen").item() == 2
    with pytest.raises(StoreError, match=r"column a has type .*\n.*cast a"):
        warehouse.write(TABLE, pl.DataFrame({"a": [[1, 2]]}))
    assert warehouse.query("select a from seen").item() == 2


def test_a_postgres_that_is_down_is_named_without_its_password() -> None:
    warehouse = PostgresWarehouse.from_url("postgresql://u:hunter2@127.0.0.1:1/w", "500MB")
    with pytest.raises(StoreError, match="start the database") as caught:
        warehouse.query("select 1")
    assert "hunter2" not in str(caught.value)


FULL_DISK = """
import resource, sys
from pathlib import Path
from core.errors import StoreError
from core.naming import TableName
from resources.warehouse_duckdb import DuckdbWarehouse
warehouse = DuckdbWarehouse(Path(sys.argv[1]), "200MB")
warehouse.replace(TableName("raw_test", "t"), "select 42 as a")
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
try:
    warehouse.replace(TableName("raw_test", "t"), "select random() as a from range(3_000_000)")
except StoreError as error:
    print(error)
"""


def test_a_full_disk_is_a_clear_error_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "free disk space" in run.stdout and str(path.name) in run.stdout
    assert DuckdbWarehouse(path, "200MB").query("select a from raw_test.t").rows() == [(42,)]
