"""Each kind: rows that break it, repairs, nulls; the same in SQL on a real DuckDB and PostgreSQL."""

import datetime as dt
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assets.quality.rules.kind import ROW
from assets.quality.rules.registry import kind, names, params_of
from core.errors import SourceError
from tests.assets.quality.rules.helpers import rule

N = None
# kind, columns, parameters, table, which rows fail, repaired first written column (None: no repair)
CASES: list[tuple[str, list[str], dict[str, Any], dict[str, list[Any]], list[int], list[Any] | None]] = [
    ("not_null", ["a", "b"], {}, {"a": [1, N, 3], "b": ["", "x", N]}, [1, 2], N),
    ("not_null", ["b"], {"empty": True}, {"b": ["", "x", N]}, [0, 2], N),
    ("unique", ["a"], {}, {"a": [1, 2, 1, N, N, 1]}, [2, 5], N),
    ("unique", ["a"], {"keep": "last"}, {"a": [1, 2, 1, N, N, 1]}, [0, 2], N),
    ("unique", ["a", "b"], {"keep": "none"}, {"a": [1, 1, 1, 1], "b": ["x", "y", "x", N]}, [0, 2], N),
    ("pattern", ["a"], {"pattern": r"\d+"}, {"a": ["12", "1x", "", N, "１２"]}, [1, 2, 4], N),
    ("pattern", ["a"], {"pattern": "B", "whole": False, "ignore_case": True}, {"a": ["abc", "ac", N]}, [1], N),
    ("length", ["a"], {"least": 1, "most": 2}, {"a": ["中文", "中文字", "", N, "é"]}, [1, 2], N),
    ("in_set", ["a"], {"values": ["x", "y"]}, {"a": ["x", "z", N]}, [1], N),
    ("in_set", ["a"], {"values": ["X"], "ignore_case": True}, {"a": ["x", "z", N]}, [1], N),
    ("in_set", ["a"], {"values": [1, 2]}, {"a": [1, 3, N]}, [1], N),
    ("in_set", ["a"], {"values": ["x"], "corrections": {"ex": "x"}}, {"a": ["ex", "z"]}, [0, 1], ["x", "z"]),
    ("range", ["a"], {"low": 0, "high": 10}, {"a": [-1.0, 0.0, 10.0, 10.5, N]}, [0, 3], [N, 0.0, 10.0, N, N]),
    ("range", ["a"], {"low": 0, "low_open": True}, {"a": [0, 1, N]}, [0], [N, 1, N]),
    ("range", ["a"], {"low": 1, "high": 3, "fix": "clip"}, {"a": [0, 2, 9]}, [0, 2], [1, 2, 3]),
    ("range", ["a"], {"low": dt.date(2024, 1, 1)}, {"a": [dt.date(2023, 1, 1), dt.date(2024, 1, 1), N]}, [0], N),
    ("compare", ["a", "b"], {"operator": "<="}, {"a": [1, 3, N], "b": [2, 2, 2]}, [1], N),
    ("condition", [], {"expression": "a > 1 or b = 'x'"}, {"a": [2, 1, 1, N], "b": ["y", "x", "y", "y"]}, [2], N),
    ("condition", [], {"expression": "a > 1", "unknown_fails": True}, {"a": [2, 1, N]}, [1, 2], N),
    ("condition", [], {"expression": {"not": {"like": {"column": "a", "pattern": "50%_"}}}},
     {"a": ["50%x", "5"]}, [0], N),
    ("condition", [], {"expression": "a is not null", "set": {"a": 7}}, {"a": [1, N]}, [1], [1, 7]),
    ("replace", ["a"], {"mapping": {"N/A": N, "nyc": "New York"}},
     {"a": ["N/A", "nyc", "x", N]}, [0, 1], [N, "New York", "x", N]),
    ("default", ["a"], {"value": 5}, {"a": [1, N]}, [1], [1, 5]),
    ("default", ["a"], {"value": "-", "empty": True}, {"a": ["", N, "x"]}, [0, 1], ["-", "-", "x"]),
    ("cast", ["a"], {"type": "integer"}, {"a": ["1", " 2 ", "x", N]}, [2], [1, 2, N, N]),
    ("cast", ["a"], {"type": "number"}, {"a": ["1.5", "1e3", "x", N]}, [2], [1.5, 1000.0, N, N]),
    ("cast", ["a"], {"type": "boolean"}, {"a": ["yes", "否", "maybe"]}, [2], [True, False, N]),
    ("cast", ["a"], {"type": "date", "formats": ["%d.%m.%Y", "%Y-%m-%d"]},
     {"a": ["3.2.2024", "2024-02-03", "31.2.2024"]}, [2],
     [dt.date(2024, 2, 3), dt.date(2024, 2, 3), N]),
    ("inclusion", ["a"], {"values": ["x"]}, {"a": ["x", "y", N]}, [1], N),
    ("inclusion", ["a"], {"table": "other", "references": ["k"]}, {"a": [1, 9, N]}, [1], N),
    ("inclusion", ["a", "b"], {"table": "other", "references": ["k", "l"]},
     {"a": [1, 1, N], "b": ["x", "z", "x"]}, [1], N),
    ("outlier", ["a"], {"least": 5}, {"a": [1.0, 2.0, 3.0, 2.0, 1.0, 900.0, N]}, [5], [1.0, 2.0, 3.0, 2.0, 1.0, N, N]),
    ("outlier", ["a"], {"method": "zscore", "threshold": 1.5, "least": 3},
     {"a": [1, 2, 1, 2, 50]}, [4], [1, 2, 1, 2, N]),
    ("outlier", ["a"], {"method": "iqr", "threshold": 1.5, "least": 3}, {"a": [1, 2, 1, 2, 50]}, [4], [1, 2, 1, 2, N]),
    ("outlier", ["a"], {"least": 3, "by": ["g"], "fix": "median"}, {"a": [1, 1, 2, 99, 98, 99, 100, 1],
     "g": ["p", "p", "p", "q", "q", "q", "q", "q"]}, [7], [1, 1, 2, 99, 98, 99, 100, 99]),
    ("outlier", ["a"], {"low": 0, "high": 5, "fix": "clip"}, {"a": [-1.0, 3.0, 9.0]}, [0, 2], [0.0, 3.0, 5.0]),
    ("dependency", ["z", "c"], {}, {"z": [1, 1, 1, 2, 2, N, N], "c": ["A", "A", "B", "C", "D", "E", "F"]}, [2],
     ["A", "A", "A", "C", "D", "E", "F"]),
    ("dependency", ["z", "c"], {"fill": True}, {"z": [1, 1, 1], "c": ["A", "A", N]}, [2], ["A", "A", "A"]),
    ("dependency", ["z", "c"], {"alone": 1}, {"z": [1] * 6, "c": ["A", "A", "A", "A", "B", "C"]}, [4, 5], ["A"] * 6),
    ("dependency", ["z", "c"], {"alone": 1}, {"z": [1] * 6, "c": ["A", "A", "A", "A", "B", "B"]}, [],
     ["A", "A", "A", "A", "B", "B"]),
    ("dependency", ["z", "c"], {"alone": 0, "fill": True}, {"z": [1] * 4, "c": ["A", "A", "B", N]}, [3],
     ["A", "A", "B", "A"]),
    ("dependency", ["z", "c"], {"kept": ["C"]}, {"z": [1] * 4, "c": ["A", "A", "A", "C"]}, [],
     ["A", "A", "A", "C"]),
    ("dependency", ["z", "c"], {"share": 0.8}, {"z": [1, 1, 1], "c": ["A", "A", "B"]}, [], ["A", "A", "B"]),
    ("near_duplicate", ["a"], {}, {"a": ["Main Street 1", "main street 1", "Oak Avenue", N, N]}, [1], N),
    ("near_duplicate", ["a"], {"block": ["b"]}, {"a": ["Main Street 1", "Main Street 1"], "b": [1, 2]}, [], N),
    ("normalise", ["a"], {"forms": ["trim", "collapse", "half_width", "lower"]}, {"a": [" Ａb  c ", "ab c", N]}, [0],
     ["ab c", "ab c", N]),
    ("normalise", ["a"], {"forms": ["date"], "formats": ["%d/%m/%Y"]},
     {"a": ["03/02/2024", "x"]}, [0], ["2024-02-03", "x"]),
    ("normalise", ["a"], {"forms": ["number"], "decimal": ",", "thousands": "."},
     {"a": ["1.234,5", "x"]}, [0], ["1234.5", "x"]),
    ("unit", ["a"], {"factors": {"kg": 1000, "g": 1}, "unit": "g"},
     {"a": ["1.5 kg", "20 g", "x", N]}, [0], ["1500 g", "20 g", "x", N]),
    ("unit", ["a"], {"when": "a > 100", "factor": 0.01}, {"a": [1.5, 150.0, N]}, [1], [1.5, 1.5, N]),
    ("arithmetic", ["t", "a", "b"], {"operator": "*"}, {"t": [6.0, 7.0, N], "a": [2, 2, 2], "b": [3, 3, 3]}, [1],
     [6.0, 6.0, N]),
    ("row_count", [], {"least": 3}, {"a": [1, 2]}, [0, 1], N),
    ("row_count", [], {"least": 1, "most": 2}, {"a": [1, 2]}, [], N),
    ("fresh", ["a"], {"seconds": 60}, {"a": [dt.datetime(2020, 1, 1), dt.datetime(2021, 1, 1)]}, [0, 1], N),
    ("fresh", ["a"], {"seconds": 60}, {"a": [dt.datetime(2020, 1, 1), dt.datetime(2999, 1, 1)]}, [], N),
    ("structure", [], {"required": ["a"]}, {"a": [1]}, [], N),
]  # fmt: skip
OTHER = pl.DataFrame({"k": [1, 2, None], "l": ["x", "y", "z"]})
IDS = [f"{n}-{case[0]}" for n, case in enumerate(CASES)]


def test_every_kind_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(names())


@pytest.mark.covers("OPS-045")
@pytest.mark.parametrize(("name", "columns", "params", "table", "fails", "repaired"), CASES, ids=IDS)
def test_rows_that_break_it(
    name: str,
    columns: list[str],
    params: dict[str, Any],
    table: dict[str, list[Any]],
    fails: list[int],
    repaired: list[Any] | None,
) -> None:
    made, how = rule(name, columns, **params), kind(name)
    frame = pl.DataFrame(table).with_row_index(ROW)
    found = frame.select(how.failing(made, lambda _name: OTHER.lazy()).alias("f"))["f"]
    assert found.null_count() == 0
    assert found.arg_true().to_list() == fails
    if repaired is not None:
        column = how.writes(made)[-1]
        value = how.repaired(made, column)
        assert value is not None
        assert frame.select(value)[column].to_list() == repaired


@pytest.mark.parametrize(("name", "columns", "params", "table", "fails", "repaired"), CASES, ids=IDS)
def test_sql_says_the_same(
    name: str,
    columns: list[str],
    params: dict[str, Any],
    table: dict[str, list[Any]],
    fails: list[int],
    repaired: list[Any] | None,
) -> None:
    made, how = rule(name, columns, **params), kind(name)
    condition = how.sql(made, "duckdb")
    if condition is None or params.get("table"):
        return
    frame = pl.DataFrame(table).with_row_index(ROW)
    with duckdb.connect() as database:
        database.register("rows", frame.to_arrow())
        judged = f"select {ROW}, {condition.sql('duckdb')} as f from rows"
        found = database.execute(f"select {ROW} from ({judged}) where f order by 1").fetchall()
        assert [row for (row,) in found] == fails
        value = how.sql_repaired(made, how.writes(made)[-1], "duckdb") if repaired is not None else None
        if value is not None:
            rows = database.execute(f"select {value.sql('duckdb')} from rows order by {ROW}").fetchall()
            assert [row for (row,) in rows] == repaired


def test_postgresql_says_the_same(postgres_url: str) -> None:
    import psycopg2

    asked = 0
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        for number, (name, columns, params, table, fails, _) in enumerate(CASES):
            made = rule(name, columns, **params)
            condition = kind(name).sql(made, "postgres")
            if condition is None or params.get("table"):
                continue
            frame = pl.DataFrame(table).with_row_index(ROW)
            types = ", ".join(f'"{c}" {_postgres(t)}' for c, t in frame.schema.items())
            cursor.execute(f"create temp table t{number} ({types})")
            places = ", ".join(["%s"] * frame.width)
            cursor.executemany(f"insert into t{number} values ({places})", frame.rows())
            judged = f"select {ROW}, {condition.sql('postgres')} as f from t{number}"
            cursor.execute(f"select {ROW} from ({judged}) as judged where f order by 1".replace("%", "%%") % ())
            assert [row for (row,) in cursor.fetchall()] == fails, (number, name, condition.sql("postgres"))
            asked += 1
    assert asked > 30


def _postgres(type_: pl.DataType) -> str:
    if type_.is_integer():
        return "bigint"
    known = {pl.String: "text", pl.Float64: "double precision", pl.Date: "date", pl.Datetime: "timestamp"}
    return known[type_.base_type()]


TEXTS = st.one_of(st.none(), st.text("aB1 .'%_é中\t\\\\\"", max_size=5))
NUMBERS = st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(-3, 3).map(float))
RANDOM = [
    rule("not_null", ["s", "x"], empty=False),
    rule("unique", ["s", "t"]),
    rule("pattern", ["s"], pattern=r"[a-zé]*\s?\w*"),
    rule("length", ["s"], least=2, most=3),
    rule("in_set", ["s"], values=["a", "'", "B1", ""]),
    rule("range", ["x"], low=-1, high=2, low_open=True),
    rule("range", ["s"], low=1),
    rule("compare", ["x", "y"], operator="<"),
    rule("compare", ["s", "t"], operator="="),
    rule("condition", [], expression="not (x > 1 or s = 'a') and (y is null or y <= x)"),
    rule(
        "condition", [], expression={"any": [{"like": {"column": "s", "pattern": "%_1%"}}, {"not": {"is_null": "t"}}]}
    ),
    rule("normalise", ["s"], forms=["trim", "collapse", "upper"]),
    rule("replace", ["s"], mapping={"'": "q", "": None}),
    rule("outlier", ["x"], method="zscore", threshold=1.0371, least=3),  # no three whole numbers lie exactly so far
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS, NUMBERS, NUMBERS), min_size=1, max_size=20))
@example([(text, None, None, None) for text in (" 0", "0 ", "\t0", ".1 ", "0_1", "+.5", "0.", "1e-3", "x")])
def test_sql_and_polars_agree_on_any_values(rows: list[tuple[Any, ...]]) -> None:
    schema = {"s": pl.String, "t": pl.String, "x": pl.Float64, "y": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_row_index(ROW)
    with duckdb.connect() as database:
        database.register("rows", frame.to_arrow())
        for made in RANDOM:
            condition = kind(made.kind).sql(made, "duckdb")
            assert condition is not None
            judged = f"select {ROW}, {condition.sql('duckdb')} as f from rows"
            asked = database.execute(f"select {ROW} from ({judged}) where f order by 1").fetchall()
            found = frame.select(kind(made.kind).failing(made).alias("f"))["f"].arg_true().to_list()
            assert [row for (row,) in asked] == found, made


@pytest.mark.parametrize("pattern", ["(a)\\1", "(?=a)b", "(?<!a)b", "a++b", "(", "x" * 3000, "(?P=n)"])
def test_patterns_that_some_engine_runs_in_more_than_linear_time_are_refused(pattern: str) -> None:
    with pytest.raises(SourceError, match="pattern"):
        params_of(rule("pattern", ["a"], pattern=pattern))


def test_a_catastrophic_pattern_is_linear() -> None:
    made = rule("pattern", ["a"], pattern="(a+)+b")
    frame = pl.DataFrame({"a": ["a" * 200_000]})
    assert frame.select(kind("pattern").failing(made)).item()  # a backtracking engine would not end


@pytest.mark.parametrize(
    ("name", "columns", "params", "field"),
    [
        ("range", ["a"], {}, "neither"),
        ("range", ["a"], {"low": 2, "high": 1}, "low is above high"),
        ("length", ["a"], {"least": -1}, "least"),
        ("length", ["a"], {"least": 3, "most": 2}, "least is more than most"),
        ("row_count", [], {}, "neither"),
        ("in_set", ["a"], {"values": []}, "values"),
        ("compare", ["a"], {"operator": "<"}, "columns"),
        ("condition", [], {"expression": "a > (select 1)"}, "expression"),
        ("normalise", ["a"], {"forms": ["trim"], "decimal": ","}, "same sign"),
        ("unit", ["a"], {}, "factors"),
        ("unit", ["a"], {"when": {"between": {"column": "a"}}, "factor": 2}, "unknown part 'between'"),
        ("replace", ["a"], {"mapping": {"x": "y"}, "wrong": 1}, "wrong"),
    ],
)
def test_wrong_parameters_are_told_with_rule_and_field(
    name: str, columns: list[str], params: dict[str, Any], field: str
) -> None:
    with pytest.raises(SourceError, match=field) as told:
        params_of(rule(name, columns, **params))
    assert "raw/shop/orders: rule" in str(told.value)


def test_an_unknown_kind_is_told() -> None:
    with pytest.raises(SourceError, match="no kind of rule"):
        params_of(rule("telepathy", ["a"]))
