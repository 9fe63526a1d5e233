"""Column lineage from SQL."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.catalog.lineage.sql.select import column_lineage
from core.errors import StoreError

SCHEMAS = {"raw_a.t": {"x": "int", "y": "int", "k": "int"}, "raw_a.u": {"k": "int", "z": "int"}}
ASSETS = {"raw_a.t": "raw/a/t", "raw_a.u": "raw/a/u"}


def lineage(sql: str, dialect: str) -> dict[str, set[str]]:
    found = column_lineage(sql, dialect, SCHEMAS, ASSETS).sources
    return {c: {f"{s.asset.rsplit('/')[-1]}.{s.column}" for s in sources} for c, sources in found.items()}


CASES = {
    "star of a join": (
        "select t.*, z as w from raw_a.t as t join raw_a.u as u on t.k = u.k",
        {"x": {"t.x"}, "y": {"t.y"}, "k": {"t.k"}, "w": {"u.z"}},
    ),
    "unqualified column of a join": (
        "select y + z as s from raw_a.t join raw_a.u on t.k = u.k",
        {"s": {"t.y", "u.z"}},
    ),
    "three-part names": ('select x from "warehouse"."raw_a"."t"', {"x": {"t.x"}}),
    "cte used twice": (
        "with c as (select k, x + y as v from raw_a.t) select a.v as one, b.v as two from c as a join c as b using (k)",
        {"one": {"t.x", "t.y"}, "two": {"t.x", "t.y"}},
    ),
    "union by position": (
        "select k, x from raw_a.t union all select z, k from raw_a.u",
        {"k": {"t.k", "u.z"}, "x": {"t.x", "u.k"}},
    ),
    "union of three in a cte": (
        "with c as (select x from raw_a.t union all select y from raw_a.t union all select z from raw_a.u) "
        "select x from c",
        {"x": {"t.x", "t.y", "u.z"}},
    ),
    "window": (
        "select sum(y) over (partition by k order by x) as w from raw_a.t",
        {"w": {"t.y", "t.k", "t.x"}},
    ),
    "case": ("select case when x > 1 then y else 0 end as c from raw_a.t", {"c": {"t.x", "t.y"}}),
    "count of rows and constants": (
        "select count(*) as n, 1 as one, count(x) as nx from raw_a.t",
        {"n": set(), "one": set(), "nx": {"t.x"}},
    ),
    "scalar subquery": (
        "select (select max(z) from raw_a.u where u.k = t.k) as m from raw_a.t",
        {"m": {"u.z"}},
    ),
    "filters and groupings are no sources": (
        "select max(y) as m from raw_a.t where x > 0 group by k having count(*) > 1",
        {"m": {"t.y"}},
    ),
    "lateral": (
        "select l.s from raw_a.t as t, lateral (select sum(z) as s from raw_a.u where u.k = t.k) as l",
        {"s": {"u.z"}},
    ),
    "recursive cte": (
        "with recursive r as (select k, x from raw_a.t union all select r.k + 1, u.z from r "
        "join raw_a.u as u on u.k = r.k) select * from r",
        {"k": {"t.k"}, "x": {"t.x", "u.z"}},
    ),
    "table function": ("select d as day from generate_series(1, 3) as s (d)", {"day": set()}),
    "unknown tables are left out": ("select a.x, b.q from raw_a.t as a, other.b as b", {"x": {"t.x"}, "q": set()}),
}


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize("case", CASES)
def test_sources_of_each_column(case: str, dialect: str) -> None:
    sql, expected = CASES[case]
    assert lineage(sql, dialect) == expected


@pytest.mark.parametrize("sql", ["select (", "drop table raw_a.t", "insert into raw_a.t select 1"])
def test_what_is_no_query_is_refused(sql: str) -> None:
    with pytest.raises(StoreError, match="lineage"):
        column_lineage(sql, "duckdb", SCHEMAS, ASSETS)


@given(st.lists(st.sampled_from(["x", "y", "k"]), min_size=1, max_size=6), st.integers(1, 4))
def test_lineage_survives_any_depth_of_subqueries(columns: list[str], depth: int) -> None:
    inner = ", ".join(f"{c} as c{i}" for i, c in enumerate(columns))
    sql = f"select {inner} from raw_a.t"
    for level in range(depth):
        sql = f"select * from ({sql}) as s{level}"
    assert lineage(sql, "duckdb") == {f"c{i}": {f"t.{c}"} for i, c in enumerate(columns)}


def test_a_wide_query_is_traced_once_not_once_per_column() -> None:
    wide = {"raw_a.wide": {f"c{i}": "int" for i in range(300)}}
    body = ", ".join(f"sum(c{i}) as s{i}" for i in range(300))
    started = time.process_time()
    found = column_lineage(f"with a as (select * from raw_a.wide) select {body} from a", "duckdb", wide, {})
    assert len(found.sources) == 300
    assert time.process_time() - started < 2
