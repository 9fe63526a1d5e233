"""Lineage of polars plans, each against edges written by hand."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest

from assets.catalog.lineage.from_polars import trace, trace_frame
from assets.catalog.lineage.model import Edge
from core.errors import SourceError

ORDERS = {"id": pl.Int64(), "who": pl.Int64(), "total": pl.Float64(), "tax": pl.Float64(), "state": pl.String()}
PEOPLE = {"pid": pl.Int64(), "town": pl.String(), "state": pl.String()}
Make = Callable[[pl.LazyFrame, pl.LazyFrame], pl.LazyFrame]
# plan -> columns, influences; "o.x" is column x of the orders
CASES: dict[str, tuple[Make, dict[str, str], dict[str, str]]] = {
    "select, alias, arithmetic": (
        lambda o, _: o.select("id", (pl.col("total") + pl.col("tax")).alias("gross"), pl.lit(1).alias("one")),
        {"id": "o.id", "gross": "o.tax o.total", "one": ""},
        {},
    ),
    "with_columns over a window": (
        lambda o, _: o.with_columns(pl.col("total").sum().over("who")).select("total"),
        {"total": "o.total o.who"},
        {},
    ),
    "filter, sort, head": (
        lambda o, _: o.filter(pl.col("state") == "open").sort("tax").head(3).select("id"),
        {"id": "o.id"},
        {"o.state": "filter"},
    ),
    "selectors with a suffix": (
        lambda o, _: o.select((cs.float() * pl.col("id")).name.suffix("_x"), pl.all().exclude("tax", "total")),
        {"total_x": "o.id o.total", "tax_x": "o.id o.tax", "id": "o.id", "who": "o.who", "state": "o.state"},
        {},
    ),
    "inner join": (
        lambda o, p: o.join(p, left_on="who", right_on="pid").select("who", "town", "state", "state_right"),
        {"who": "o.who p.pid", "town": "p.town", "state": "o.state", "state_right": "p.state"},
        {"o.who": "join", "p.pid": "join"},
    ),
    "left join": (
        lambda o, p: o.join(p.rename({"pid": "who"}), on="who", how="left").select("who", "town"),
        {"who": "o.who", "town": "p.town"},
        {"o.who": "join", "p.pid": "join"},
    ),
    "join by inequality": (
        lambda o, p: o.join_where(p, pl.col("id") > pl.col("pid")).select("id", "town"),
        {"id": "o.id", "town": "p.town"},
        {"o.id": "join", "p.pid": "join"},
    ),
    "group by": (
        lambda o, _: o.group_by("state", big=pl.col("total") > 9).agg(pl.col("tax").mean(), n=pl.len()),
        {"state": "o.state", "big": "o.total", "tax": "o.tax", "n": ""},
        {"o.state": "group", "o.total": "group"},
    ),
    "group by time": (
        lambda o, _: o.group_by_dynamic("id", every="1i").agg(pl.col("tax").sum()),
        {"id": "o.id", "tax": "o.tax"},
        {"o.id": "group"},
    ),
    "rename, drop, row index": (
        lambda o, _: o.rename({"total": "sum"}).drop("state", "tax", "who").with_row_index("n"),
        {"n": "", "id": "o.id", "sum": "o.total"},
        {},
    ),
    "union": (
        lambda o, p: pl.concat([o.select("state", n="id"), p.select("state", n="pid")]),
        {"state": "o.state p.state", "n": "o.id p.pid"},
        {},
    ),
    "unpivot": (
        lambda o, _: o.unpivot(on=["total", "tax"], index="id"),
        {"id": "o.id", "variable": "", "value": "o.tax o.total"},
        {},
    ),
    "unique and nulls": (
        lambda o, _: o.drop_nulls("tax").unique("who").fill_null(0).select("total"),
        {"total": "o.total"},
        {"o.tax": "filter", "o.who": "group"},
    ),
    "a table within the code": (
        lambda o, _: o.join(pl.LazyFrame({"state": ["a"], "name": ["A"]}), on="state").select("id", "name"),
        {"id": "o.id", "name": ""},
        {"o.state": "join"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_plans_against_edges_by_hand(name: str) -> None:
    make, columns, influences = CASES[name]
    found = trace(make, {"o": ORDERS, "p": PEOPLE})
    assert {n: " ".join(sorted(".".join(leaf) for leaf in leaves)) for n, leaves in found.columns.items()} == columns
    assert {".".join(leaf): " ".join(sorted(how)) for leaf, how in found.influences.items()} == influences


def test_edges_name_the_inputs_and_files_stand_for_themselves(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1], "b": [2]}).write_parquet(tmp_path / "x.parquet")
    frame = pl.scan_parquet(tmp_path / "x.parquet").filter(pl.col("b") > 1).select(c="a")
    assert trace_frame(frame, files={str(tmp_path / "x.parquet"): "raw/shop/x"}).edges("table/shop/y") == [
        Edge("raw/shop/x", "a", "table/shop/y", "c"),
        Edge("raw/shop/x", "b", "table/shop/y", "", "filter"),
    ]
    assert trace_frame(frame).columns["c"] == {(str(tmp_path / "x.parquet"), "a")}


def test_what_cannot_be_followed_is_told() -> None:
    with pytest.raises(SourceError, match="lineage is not known"):
        trace(lambda o: o.map_batches(lambda f: f), {"o": ORDERS})
