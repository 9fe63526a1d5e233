"""Column lineage of SQL scripts."""

import pytest

from assets.catalog.lineage.sql.script import script_lineage

SCHEMAS = {
    "s.t": {"id": "int", "a": "int", "b": "text", "arr": "array", "m": "map"},
    "s.u": {"id": "int", "c": "int"},
    "s.target": {"id": "int", "x": "int", "y": "text"},
}


def edges(sql: str, dialect: str = "", default: str = "s") -> dict[str, set[str]]:
    """`target.column` -> `table.column`s, of all statements."""
    found: dict[str, set[str]] = {}
    script = script_lineage(sql, dialect, SCHEMAS, default)
    assert not script.problems
    for statement in script.statements:
        for column, leaves in statement.columns.items():
            name = f"{statement.target}.{column}" if statement.target else column
            found.setdefault(name, set()).update(f"{t}.{c}" for t, c in leaves)
    return found


CASES: dict[str, tuple[str, str, dict[str, set[str]]]] = {
    "insert by position": (
        "insert into target select a, id, b from t",
        "",
        {"s.target.id": {"s.t.a"}, "s.target.x": {"s.t.id"}, "s.target.y": {"s.t.b"}},
    ),
    "insert with columns": (
        "insert into target (y, x) select b, a + id from t",
        "",
        {"s.target.y": {"s.t.b"}, "s.target.x": {"s.t.a", "s.t.id"}},
    ),
    "insert by name": (
        "insert into target by name select b as y, a as x from t",
        "duckdb",
        {"s.target.y": {"s.t.b"}, "s.target.x": {"s.t.a"}},
    ),
    "insert overwrite of a partition": (
        "insert overwrite table target partition (x = 1) select id, b from t",
        "hive",
        {"s.target.id": {"s.t.id"}, "s.target.y": {"s.t.b"}},
    ),
    "several targets": (
        "insert all into target (id) values (k) into u (c) values (v) select id as k, a as v from t",
        "oracle",
        {"s.target.id": {"s.t.id"}, "s.u.c": {"s.t.a"}},
    ),
    "create with a list of columns": (
        "create view v (p, q) as select a, b from t",
        "postgres",
        {"s.v.p": {"s.t.a"}, "s.v.q": {"s.t.b"}},
    ),
    "select into": ("select a into made from t", "tsql", {"s.made.a": {"s.t.a"}}),
    "clone": (
        "create table copied clone u",
        "snowflake",
        {"s.COPIED.id": {"s.u.id"}, "s.COPIED.c": {"s.u.c"}},
    ),
    "update from a join": (
        "update target set x = u.c, y = upper(t.b) from t join u on t.id = u.id where target.id = t.id",
        "postgres",
        {"s.target.x": {"s.u.c"}, "s.target.y": {"s.t.b"}},
    ),
    "update of an alias": (
        "update k set x = u.c from target k join u on k.id = u.id",
        "tsql",
        {"s.target.x": {"s.u.c"}},
    ),
    "update of joined tables": (
        "update target join u on target.id = u.id set target.x = u.c + target.x",
        "mysql",
        {"s.target.x": {"s.u.c", "s.target.x"}},
    ),
    "update by a subquery": (
        "update target set x = (select max(c) from u where u.id = target.id)",
        "",
        {"s.target.x": {"s.u.c"}},
    ),
    "merge": (
        "merge into target k using (select id, a, b from t) n on k.id = n.id "
        "when matched and n.a > 0 then update set x = n.a "
        "when not matched then insert (id, y) values (n.id, n.b)",
        "snowflake",
        {"s.target.id": {"s.t.id"}, "s.target.x": {"s.t.a"}, "s.target.y": {"s.t.b"}},
    ),
    "merge of a whole row": (
        "merge into target using u on target.id = u.id when not matched then insert *",
        "databricks",
        {"s.target.id": {"s.u.id"}, "s.target.c": {"s.u.c"}},
    ),
    "temporary tables are seen through": (
        "create temp table w as select id, a + 1 as v from t; "
        "create temp table w2 as select v * 2 as v2 from w; insert into target (x) select v2 from w2",
        "postgres",
        {"s.target.x": {"s.t.a"}},
    ),
    "a hash names a temporary table": (
        "select id, a into #w from t; insert into target (id, x) select * from #w",
        "tsql",
        {"s.target.id": {"s.t.id"}, "s.target.x": {"s.t.a"}},
    ),
    "stars of tables that the script made": (
        "create table made as select id, a as v from t; insert into target (id, x) select * from made",
        "",
        {"s.made.id": {"s.t.id"}, "s.made.v": {"s.t.a"}, "s.target.id": {"s.made.id"}, "s.target.x": {"s.made.v"}},
    ),
    "a renamed table": (
        "create table made (k int); alter table made rename to final; select k from final",
        "postgres",
        {"s.made.k": set(), "s.final.k": {"s.made.k"}, "k": {"s.final.k"}},
    ),
    "unknown star": ("insert into z select * from q", "", {"s.z.*": {"s.q.*"}}),
    "column through an unknown star": ("with w as (select * from q) select k from w", "", {"k": {"s.q.k"}}),
    "column through a union of unknown stars": (
        "select k from (select * from q union all select * from r) as w",
        "",
        {"k": {"s.q.k", "s.r.k"}},
    ),
    "one of two tables is unknown": (
        "select c, k from u join q on u.id = q.uid",
        "",
        {"c": {"s.u.c"}, "k": {"s.q.k"}},
    ),
    "star except and replace": (
        "select * except (arr, m) replace (upper(b) as b) from t",
        "bigquery",
        {"id": {"s.t.id"}, "a": {"s.t.a"}, "b": {"s.t.b"}},
    ),
    "star with a renamed column": (
        "select * rename (c as d) from u",
        "snowflake",
        {"id": {"s.u.id"}, "D": {"s.u.c"}},
    ),
    "shared column of a join": (
        "select * from t join u using (id)",
        "duckdb",
        {
            "id": {"s.t.id", "s.u.id"},
            "a": {"s.t.a"},
            "b": {"s.t.b"},
            "arr": {"s.t.arr"},
            "m": {"s.t.m"},
            "c": {"s.u.c"},
        },
    ),
    "unnest": ("select e, id from t cross join unnest(arr) as x (e)", "postgres", {"e": {"s.t.arr"}, "id": {"s.t.id"}}),
    "fields of unnested structs": (
        "select i.price, i.item.code, n from t, unnest(arr) as i with offset as n",
        "bigquery",
        {"price": {"s.t.arr.price"}, "code": {"s.t.arr.item.code"}, "n": set()},
    ),
    "lateral view": (
        "select k, v, id from t lateral view explode(m) w as k, v",
        "hive",
        {"k": {"s.t.m"}, "v": {"s.t.m"}, "id": {"s.t.id"}},
    ),
    "flatten": (
        "select f.value, f.index, t.id from t, lateral flatten(input => t.arr) f",
        "snowflake",
        {"VALUE": {"s.t.arr"}, "INDEX": set(), "ID": {"s.t.id"}},
    ),
    "struct fields through a cte": (
        "with w as (select doc as d from q) select d.person.name from w",
        "bigquery",
        {"name": {"s.q.doc.person.name"}},
    ),
    "window": (
        "select sum(a) over (partition by b order by id) as w from t",
        "",
        {"w": {"s.t.a", "s.t.b", "s.t.id"}},
    ),
    "pivot": (
        "select * from (select id, a, b from t) pivot (sum(a) for b in ('p' as p, 'q' as q))",
        "bigquery",
        {"id": {"s.t.id"}, "p": {"s.t.a", "s.t.b"}, "q": {"s.t.a", "s.t.b"}},
    ),
    "unpivot": (
        "select k, v, id from (select id, a, b from t) unpivot (v for k in (a, b))",
        "bigquery",
        {"k": set(), "v": {"s.t.a", "s.t.b"}, "id": {"s.t.id"}},
    ),
    "an alias used beside": (
        "select a + 1 as p, p * c as q from t, u",
        "snowflake",
        {"P": {"s.t.a"}, "Q": {"s.t.a", "s.u.c"}},
    ),
    "odd names": (
        'create table "我的 表"."a.b" as select "se""lect", "order" from "Weird Table"',
        "postgres",
        {'我的 表."a.b".se"lect': {'s.Weird Table.se"lect'}, '我的 表."a.b".order': {"s.Weird Table.order"}},
    ),
    "case of names by dialect": (
        'select Id as First, "b" as "Second" from S.T',
        "oracle",
        {"FIRST": {"s.t.id"}, "Second": {"s.t.b"}},
    ),
    "names that differ in case only": (
        'select "K" as a, k as b from (select id as "K", a as k from t) as w',
        "postgres",
        {"a": {"s.t.id"}, "b": {"s.t.a"}},
    ),
    "shards and partitions are one table": (
        "select x from `p.d.events_20240101` union all select x from `p.d.events_2024*` union all "
        "select x from `p.d.log$20240101`",
        "bigquery",
        {"x": {"p.d.events_yyyymmdd.x", "p.d.log.x"}},
    ),
    "inside a procedure": (
        "create procedure fill() as begin declare @n int; set @n = 1; "
        "insert into target (x) select a from t; update target set y = t.b from t where t.id = target.id; end",
        "tsql",
        {"s.target.x": {"s.t.a"}, "s.target.y": {"s.t.b"}},
    ),
    "queries move nothing to a table, and the rest nothing at all": (
        "drop table if exists old; insert into target (id) values (1); create table made (k int); delete from t",
        "",
        {"s.made.k": set()},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_statements(case: str) -> None:
    sql, dialect, expected = CASES[case]
    assert edges(sql, dialect) == expected


def test_rows_are_influenced_by_filters_joins_and_groups() -> None:
    found = script_lineage(
        "select t.b, max(u.c) as m from t join u on t.id = u.id where a > 0 group by t.b", "duckdb", SCHEMAS, "s"
    ).statements[0]
    assert {f"{t}.{c}": how for (t, c), how in found.influences.items()} == {
        "s.t.id": {"join"},
        "s.u.id": {"join"},
        "s.t.a": {"filter"},
        "s.t.b": {"group"},
    }
    assert found.reads == {"s.t", "s.u"}


def test_a_statement_that_cannot_be_read_is_told_and_the_others_are_read() -> None:
    script = script_lineage("insert into target (x select a from t;\nselect a from t", "", SCHEMAS, "s")
    assert [s.columns for s in script.statements] == [{"a": {("s.t", "a")}}]
    assert len(script.problems) == 1
    assert script.problems[0].startswith("line 1: ")


def test_columns_that_no_schema_tells_apart_have_no_source() -> None:
    statement = script_lineage("select k from q join r on q.id = r.id", "hive").statements[0]
    assert statement.columns == {"k": frozenset()}
    assert statement.unresolved == {"k"}


def test_a_query_deeper_than_the_stack_is_a_problem_not_a_crash() -> None:
    sql = "select a from t"
    for level in range(400):
        sql = f"select a from ({sql}) as w{level}"
    script = script_lineage(sql, "duckdb")
    assert script.statements or script.problems
