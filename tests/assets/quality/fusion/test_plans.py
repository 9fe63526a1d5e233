"""Plans are found for keys that do not meet, count right, refuse fan-out, and give the same rows everywhere."""

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from assets.quality.fusion.compiled import Layout, output, select
from assets.quality.fusion.files import PlanFiles, read_plan
from assets.quality.fusion.fixes import FIXES, polars_key
from assets.quality.fusion.keys_sql import sql_key
from assets.quality.fusion.model import Join, KeyPair, Plan
from assets.quality.fusion.propose import propose
from assets.quality.fusion.run import FanOutError, run
from assets.quality.fusion.tables import InFiles, InWarehouse, predict, refusal
from core.errors import SourceError
from core.naming import TableName
from resources.open import adapter
from resources.ports import Warehouse
from tests.assets.quality.fusion.frames import fuse
from tests.assets.quality.fusion.shop import LEFT, RATES, RIGHT, customers, orders, rates, truth

ASSET = "table/shop/fused"
NAMES = (TableName("raw_shop", "orders"), TableName("raw_crm", "customers"), TableName("raw_fx", "rates"))
HOW: Any = ["inner", "left", "right", "full"]


@pytest.fixture(params=["duckdb", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    url = f"duckdb:///{tmp_path}/w.duckdb" if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    found: Warehouse = adapter("warehouse", url).from_url(url, "1GB")
    for name, frame in zip(NAMES, (orders(), customers(), rates()), strict=True):
        found.write(name, frame)
    return found


def accepted(plan: Plan) -> Plan:
    return plan.model_copy(update={"status": "accepted", "by": "ann", "at": "2024-01-01"})


@pytest.mark.parametrize("how", HOW)
def test_planted_mismatches_are_mended_and_fused_rows_equal_truth(store: Warehouse, how: Any) -> None:
    plan = propose(InWarehouse(store), (LEFT, RIGHT), ASSET, how).plan
    (join,) = plan.joins
    assert [(k.left, k.right) for k in join.keys] == [(f"{LEFT}.customer", "id")]
    assert {"width", "trim", "prefix", "leading_zeros"} >= set(join.keys[0].fixes_left) > {"prefix"}
    ran = run(accepted(plan), store)
    assert ran.as_predicted
    rows = store.query("select order_id, id from table_shop.fused").rows()
    assert len(rows) == ran.rows == len(truth(how))
    assert set(rows) == truth(how)
    frames = {LEFT: orders(), RIGHT: customers()}
    assert set(fuse(plan, frames).select("order_id", "id").rows()) == truth(how)


def test_counts_are_told_before_anything_runs(store: Warehouse) -> None:
    plan = propose(InWarehouse(store), (LEFT, RIGHT), ASSET, "inner").plan
    (counted,) = predict(plan, InWarehouse(store))
    assert counted == plan.joins[0].predicted
    keyless = sum(n % 23 == 0 for n in range(200))
    assert (counted.left_rows, counted.left_null, counted.right_null) == (200, keyless, 0)
    assert counted.cardinality == "many-to-one"
    assert counted.lost("inner") == 200 - len(truth("inner"))
    assert counted.right_matched == len({c for _, c in truth("inner")})
    assert not store.exists(TableName("table_shop", "fused"))


class InMemory:
    """Two frames as tables of DuckDB."""

    dialect = "duckdb"

    def __init__(self, **frames: pl.DataFrame) -> None:
        self.frames = frames

    def layout(self, tables: Any) -> Layout:
        return Layout({t: exp.to_table(t) for t in tables}, {t: self.frames[t].columns for t in tables})

    def query(self, sql: str) -> pl.DataFrame:
        with duckdb.connect() as connection:
            for name, frame in self.frames.items():
                connection.register(name, frame)
            found: pl.DataFrame = connection.sql(sql).pl()
            return found


CELLS = st.lists(st.sampled_from([None, "", "1", "01", " 1", "2", "3", "x"]), max_size=12)


@settings(max_examples=25, deadline=None)
@given(CELLS, CELLS, st.sampled_from(HOW), st.lists(st.sampled_from(["trim", "leading_zeros"]), unique=True))
def test_predicted_counts_are_what_a_join_gives(left: Any, right: Any, how: Any, fixes: list[str]) -> None:
    frames = {
        "a": pl.DataFrame({"k": left, "n": range(len(left))}, schema={"k": pl.String, "n": pl.Int64}),
        "b": pl.DataFrame({"k": right, "m": range(len(right))}, schema={"k": pl.String, "m": pl.Int64}),
    }
    key = KeyPair(left="k", right="k", fixes_left=tuple(fixes), fixes_right=tuple(fixes))
    plan = Plan(asset=ASSET, left="a", joins=(Join(right="b", how=how, keys=(key,)),))
    (counted,) = predict(plan, InMemory(**frames))
    found = fuse(plan, frames)
    assert found.height == counted.rows(how)
    met = found.drop_nulls(["n", "m"])
    assert (met.height, met["n"].n_unique(), met["m"].n_unique()) == (
        counted.inner, counted.left_matched, counted.right_matched,
    )  # fmt: skip
    assert counted.lost(how) == len(left) - found["n"].drop_nulls().n_unique()
    assert counted.most == max(met.group_by("n").len()["len"].to_list(), default=0)


def test_fan_out_is_refused_and_the_former_table_stays(store: Warehouse) -> None:
    plan = accepted(propose(InWarehouse(store), (LEFT, RIGHT), ASSET, "left").plan)
    run(plan, store)
    store.write(NAMES[1], customers(twice=True))
    counted = predict(plan, InWarehouse(store))
    assert counted[0].added == sum(1 for _, c in truth("inner") if c == 7)
    assert counted[0].most == 2
    assert "would add" in refusal(plan, counted)
    with pytest.raises(FanOutError, match="one row meets up to 2"):
        run(plan, store)
    assert store.info(TableName("table_shop", "fused")).rows == 200
    allowed = plan.model_copy(update={"joins": (plan.joins[0].model_copy(update={"fan_out": "allow"}),)})
    assert run(allowed, store).rows == 200 + counted[0].added


def test_three_tables_join_one_after_the_other(store: Warehouse) -> None:
    plan = propose(InWarehouse(store), (LEFT, RIGHT, RATES), ASSET, "left").plan
    assert plan.joins[1].keys[0].left == f"{LEFT}.day"
    assert "date" in plan.joins[1].keys[0].fixes_left
    ran = run(accepted(plan), store)
    assert ran.as_predicted and ran.rows == 200
    assert ran.counted[1].left_rows == ran.counted[0].rows("left")
    rows = store.query("select order_id, rate, customers_amount, id from table_shop.fused").rows()
    assert all(rate == (None if n % 28 + 1 > 26 else (n % 28 + 1) / 10) for n, rate, _, _ in rows)
    assert all(amount == (None if c is None else c * 10) for _, _, amount, c in rows)


def test_a_second_key_column_stops_fan_out(tmp_path: Path) -> None:
    frame = pl.DataFrame({"shop": ["a", "b", "c"] * 20, "day": [n // 3 for n in range(60)], "x": range(60)})
    frame.write_csv(tmp_path / "sales.csv")
    frame.select("shop", "day", (pl.col("x") * 7 + 1000).alias("target")).write_csv(tmp_path / "targets.csv")
    names = [str(tmp_path / f"{n}.csv") for n in ("sales", "targets")]
    with InFiles.opened("1GB", tmp_path / "home") as tables:
        plan = propose(tables, names, ASSET, "left").plan
    assert {k.right for k in plan.joins[0].keys} == {"shop", "day"}
    assert plan.joins[0].predicted is not None and plan.joins[0].predicted.cardinality == "one-to-one"


KEYS = st.one_of(
    st.text("0aB-9 Ｃ１._/+86年月日", max_size=9),
    st.sampled_from(["2024-1-5", "2024年01月5日", "20240105", "5/1/2024", "+86 13800138000", "0086138", "12.0", "007"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(KEYS, min_size=1, max_size=30), st.lists(st.sampled_from(list(FIXES)), max_size=4, unique=True))
def test_a_fix_is_the_same_in_sql_and_polars(values: list[str], names: list[str]) -> None:
    frame = pl.DataFrame({"n": range(len(values)), "v": values})
    query = exp.select(sql_key(exp.column("v", quoted=True), names).as_("k")).from_("frame").order_by("n")
    assert "?" not in query.sql("duckdb")
    with duckdb.connect() as connection:
        found = [row[0] for row in connection.sql(query.sql("duckdb")).fetchall()]
    assert found == frame.select(polars_key("v", names)).to_series().to_list()


def test_every_fix_is_the_same_in_every_warehouse(store: Warehouse) -> None:
    dates = ["2024年3月7日", "2024-03-07T00:00:00.000", "7/3/2024"]
    phones = ["+86 138", "008613", "(020) 1-2"]
    others = ["12.00", "-3.0", "12-EU", "ＡＢ－１２　", "C-007", " x ", "000", "", "_", "张 三", None]
    values = [*dates, *phones, *others]
    frame = pl.DataFrame({"n": range(len(values)), "v": values})
    store.write(TableName("raw_test", "keys"), frame)
    made = [sql_key(exp.column("v", quoted=True), [name]).as_(name) for name in FIXES]
    query = exp.select(*made).from_("raw_test.keys").order_by("n")
    assert store.query(query.sql(dialect=store.dialect)).to_dict(as_series=False) == {
        name: frame.select(polars_key("v", [name])).to_series().to_list() for name in FIXES
    }


def test_fixes_mend_what_they_say() -> None:
    cases = {
        "country_code": ("+86 13800138000", "13800138000"),
        "date": ("2024年3月7日", "2024-03-07"),
        "date_day_first": ("7/3/2024", "2024-03-07"),
        "date_month_first": ("3-7-2024", "2024-03-07"),
        "whole_number": ("12.00", "12"),
        "suffix": ("12-EU", "12"),
        "width": ("ＡＢ１２　", "AB12"),
    }
    for fix, (before, after) in cases.items():
        assert pl.DataFrame({"v": [before]}).select(polars_key("v", [fix])).item() == after, fix
    assert pl.DataFrame({"v": ["--"]}).select(polars_key("v", ["punctuation"])).item() is None


def test_decisions_are_kept_with_who_and_when(tmp_path: Path) -> None:
    files = PlanFiles(tmp_path)
    join = Join(right=RIGHT, keys=(KeyPair(left="customer", right="id"),))
    files.write(Plan(asset=ASSET, left=LEFT, joins=(join,)))
    with pytest.raises(SourceError, match="needs a person"):
        files.decide(ASSET, "accepted", " ")
    decided = files.decide(ASSET, "accepted", "ann", "looks right")
    assert (decided.status, decided.by, decided.note) == ("accepted", "ann", "looks right")
    assert files.read(ASSET) == decided and decided.at
    path = files.path(ASSET)
    path.write_text(path.read_text().replace("right: id", "right: id\n    fixes_left: [magic]"))
    with pytest.raises(SourceError, match=r"joins\.0\.keys\.0\.fixes_left.*no fix 'magic'"):
        read_plan(path)


def test_a_plan_takes_no_other_files_place(tmp_path: Path) -> None:
    files, keys = PlanFiles(tmp_path), (KeyPair(left="customer", right="id"),)
    plan = Plan(asset=ASSET, left=LEFT, joins=(Join(right=RIGHT, keys=keys),))
    path = files.write(plan)
    other = plan.model_copy(update={"asset": ASSET.replace("table/", "raw/")})
    with pytest.raises(SourceError, match=f"has the plan of {ASSET}"):
        files.write(other)
    with pytest.raises(SourceError, match=f"has the plan of {ASSET}"):
        files.decide(other.asset, "refused", "ann")
    assert files.read(ASSET) == plan
    path.write_text("kind: golden\nasset: table/shop/fused\n")
    with pytest.raises(SourceError, match="field kind"):
        files.write(plan)


def test_a_plan_that_nobody_accepted_does_not_run(store: Warehouse) -> None:
    join = Join(right=RIGHT, keys=(KeyPair(left="customer", right="nothing"),))
    plan = Plan(asset=ASSET, left=LEFT, joins=(join,))
    with pytest.raises(SourceError, match="is proposed"):
        run(plan, store)
    with pytest.raises(SourceError, match="no column 'nothing'"):
        run(accepted(plan), store)
    missing = plan.model_copy(update={"left": "raw/shop/absent"})
    with pytest.raises(SourceError, match="no table raw/shop/absent"):
        predict(missing, InWarehouse(store))


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    evil = 'x"; DROP TABLE t; --'
    for name in ("a", "b"):
        pl.DataFrame({evil: ["1", "2", "3"], "v": ["p", "q", "r"]}).write_parquet(tmp_path / f"{name}.parquet")
    names = tuple(str(tmp_path / f"{n}.parquet") for n in ("a", "b"))
    plan = Plan(asset=ASSET, left=names[0], joins=(Join(right=names[1], keys=(KeyPair(left=evil, right=evil),)),))
    with InFiles.opened("1GB", tmp_path / "home") as tables:
        assert predict(plan, tables)[0].inner == 3
        layout = tables.layout(names)
        found = tables.query(select(plan, layout).sql("duckdb"))
    assert found.columns == [n for _, _, n in output(plan, layout.columns)]


def test_a_name_of_a_file_is_no_pattern(tmp_path: Path) -> None:
    for name in ("a*.parquet", "ab.parquet"):
        pl.DataFrame({"k": [name]}).write_parquet(tmp_path / name)
    with InFiles.opened("1GB", tmp_path / "home") as tables:
        name = str(tmp_path / "a*.parquet")
        assert tables.query(f"select * from {tables.layout([name]).tables[name].sql('duckdb')}").rows() == [
            ("a*.parquet",)
        ]


def test_an_identifier_is_preferred_to_a_column_of_the_same_name_that_multiplies_rows(tmp_path: Path) -> None:
    people = pl.DataFrame({"id": range(300), "city": [f"city {n % 20}" for n in range(300)]})
    visits = pl.DataFrame({"visit": range(900), "visitor": [n % 300 for n in range(900)]})
    visits.join(people, left_on="visitor", right_on="id").write_csv(tmp_path / "visits.csv")
    people.write_csv(tmp_path / "people.csv")
    names = [str(tmp_path / f"{n}.csv") for n in ("visits", "people")]
    with InFiles.opened("1GB", tmp_path / "home") as tables:
        (join,) = propose(tables, names, ASSET, "left").plan.joins
    assert [(k.left.rpartition(".")[2], k.right) for k in join.keys] == [("visitor", "id")]
    assert join.predicted is not None and (join.predicted.left_rate, join.predicted.added) == (1.0, 0)


def test_rows_are_written_in_batches_and_formulas_are_marked_on_demand(tmp_path: Path) -> None:
    pl.DataFrame({"k": ["1", "2"], "v": ["=1+1", None]}).write_csv(tmp_path / "a.csv")
    with InFiles.opened("1GB", tmp_path / "home") as tables:
        name = str(tmp_path / "a.csv")
        sql = f"select * from {tables.layout([name]).tables[name].sql('duckdb')} order by k"
        assert tables.write(sql, tmp_path / "o", csv=True) == 2
        assert (tmp_path / "o").read_text() == "k,v\n1,=1+1\n2,\n"
        tables.write(sql, tmp_path / "o", csv=True, safe=True)
        assert (tmp_path / "o").read_text() == "k,v\n1,'=1+1\n2,\n"
        assert tables.write(sql + " limit 0", tmp_path / "o", csv=False) == 0
        assert pl.read_parquet(tmp_path / "o").schema == {"k": pl.String, "v": pl.String}
    assert not list((tmp_path / "home").iterdir())
