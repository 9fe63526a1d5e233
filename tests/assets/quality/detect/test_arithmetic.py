"""The kind of rule that finds wrong sums and products, in polars and in SQL."""

import duckdb
import polars as pl
import pytest

from assets.quality.rules.kinds.arithmetic import Arithmetic
from assets.quality.rules.model import Rule
from core.errors import SourceError

TABLE = pl.DataFrame(
    {"total": ["6", "7.5", "11.00", None, "x"], "amount": [2, 3, 4, 5, 6], "price": [3.0, 2.5, 2.75, 1.0, 1.0]}
)
RULE = Rule.make("arithmetic", "t", ("total", "amount", "price"), {"operator": "*", "decimals": 1})
WRONG = TABLE.with_columns(pl.Series("total", ["6", "8.5", "11.00", None, "x"]))


def test_wrong_results_fail_and_unknown_ones_pass() -> None:
    kind = Arithmetic()
    assert TABLE.select(kind.failing(RULE)).to_series().to_list() == [False] * 5
    assert WRONG.select(kind.failing(RULE)).to_series().to_list() == [False, True, False, False, False]


def test_a_repair_writes_the_result_and_keeps_the_rest() -> None:
    changed = Arithmetic().repaired(RULE, "total")
    assert changed is not None
    assert WRONG.select(changed)["total"].to_list() == ["6", "7.5", "11.00", None, "x"]
    assert Arithmetic().repaired(RULE, "amount") is None


def test_sql_says_the_same() -> None:
    condition = Arithmetic().sql(RULE, "duckdb")
    assert condition is not None
    numbers = WRONG.with_columns(pl.col("total").cast(pl.Float64, strict=False))
    connection = duckdb.connect()
    connection.register("t", numbers.to_arrow())
    found = connection.sql(f"SELECT coalesce({condition.sql('duckdb')}, false) FROM t").fetchall()
    assert [f[0] for f in found] == [False, True, False, False, False]


def test_it_takes_three_columns() -> None:
    with pytest.raises(SourceError, match="columns"):
        Arithmetic().read(Rule.make("arithmetic", "t", ("a", "b"), {"operator": "+"}))
