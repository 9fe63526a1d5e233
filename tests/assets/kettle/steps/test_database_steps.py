"""Database steps on real DuckDB (in place of H2), SQLite and PostgreSQL."""

from pathlib import Path

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.engine.stop import StopRun
from assets.kettle.errors import KettleError, StepError
from assets.kettle.model import Connection
from tests.assets.kettle.flow import Flow, grid

SETUP = (
    "CREATE TABLE cust(id INT, name VARCHAR(20), city VARCHAR(20), amt DECIMAL(10,2));"
    "INSERT INTO cust VALUES(1,'ann','NY',1.5); INSERT INTO cust VALUES(2,'bob','LA',2.5);"
    "INSERT INTO cust VALUES(3,NULL,'SF',NULL)"
)


@pytest.fixture(params=["h2", "sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> EngineSettings:
    """Settings that lead the connection `db` of type H2 to a database of its own."""
    url = {
        "h2": f"duckdb:///{tmp_path}/test.duckdb",
        "sqlite": f"sqlite:///{tmp_path}/test.sqlite",
    }.get(request.param) or request.getfixturevalue("postgres_url")
    return EngineSettings(connections={"db": url})


def flow() -> Flow:
    """A flow with the connection `db`."""
    return Flow().database(Connection("db", "H2", database="unused"))


def script(settings: EngineSettings, sql: str) -> None:
    """Runs SQL by "Execute SQL script"."""
    flow().step("sql", "ExecSQL", connection="db", sql=sql).run(settings=settings)


def query(settings: EngineSettings, sql: str) -> list[tuple[object, ...]]:
    """The rows of a query by "Table input"."""
    return flow().step("q", "TableInput", connection="db", sql=sql).run(settings=settings).rows("q")


def keyed(table: str, values: list[tuple[str, str]], condition: str = "=") -> list[tuple[str, object]]:
    """The `lookup` element of the updating steps: key id, values (column, update flag)."""
    lookup: list[tuple[str, object]] = [("table", table)]
    lookup.append(("key", [("name", "id"), ("field", "id"), ("condition", condition)]))
    lookup += [("value", [("name", n), ("rename", n), ("update", flag)]) for n, flag in values]
    return [("lookup", lookup)]


def test_a_script_in_the_same_transformation_runs_before_the_query(settings: EngineSettings) -> None:
    out = (
        flow()
        .step("ddl", "ExecSQL", connection="db", sql=SETUP)
        .step("q", "TableInput", connection="db", sql="SELECT id, name FROM cust ORDER BY id")
        .run(settings=settings)
    )
    assert out.rows("q") == [(1, "ann"), (2, "bob"), (3, None)]
    assert out.counters["q"].input == 3
    assert (out.counters["ddl"].written, out.counters["ddl"].output) == (1, 0)


def test_a_failing_run_leaves_the_tables_as_they_were(settings: EngineSettings) -> None:
    script(settings, SETUP)
    broken = (
        flow()
        .step("in", "DataGrid", grid({"id": "Integer", "name": "String"}, [(9, "new")]))
        .step("out", "TableOutput", connection="db", table="cust")
        .step("stop", "Abort", row_threshold="0", abort_with_error="Y", abort_option="ABORT_WITH_ERROR")
        .hop("in", "out", "stop")
    )
    with pytest.raises((KettleError, StopRun)):
        broken.run(settings=settings)
    assert query(settings, "SELECT COUNT(*) FROM cust") == [(3,)]


def test_parameters_of_a_query_come_from_rows(settings: EngineSettings) -> None:
    script(settings, SETUP)
    out = (
        flow()
        .step("in", "DataGrid", grid({"id": "Integer"}, [(2,), (7,), (1,)]))
        .step(
            "q",
            "TableInput",
            connection="db",
            sql="SELECT name FROM cust WHERE id = ?",
            lookup="in",
            execute_each_row="Y",
        )
        .hop("in", "q")
        .run(settings=settings)
    )
    assert out.rows("q") == [("bob",), ("ann",)]
    assert (out.counters["q"].read, out.counters["q"].input) == (3, 2)


def test_table_output_truncates_and_writes_named_columns(settings: EngineSettings) -> None:
    script(settings, SETUP)
    rows = [(9, "new", "2.25"), (10, None, None)]
    pairs = (("id", "k"), ("name", "n"), ("amt", "m"))
    out = (
        flow()
        .step("in", "DataGrid", grid({"k": "Integer", "n": "String", "m": "BigNumber"}, rows))
        .step(
            "out", "TableOutput",
            [("fields", [("field", [("column_name", c), ("stream_name", s)]) for c, s in pairs])],
            connection="db", table="cust", truncate="Y", specify_fields="Y", use_batch="Y",
        )
        .hop("in", "out")
        .run(settings=settings)
    )  # fmt: skip
    assert out.counters["out"].output == 2
    assert query(settings, "SELECT id, name, amt FROM cust ORDER BY id") == [(9, "new", 2.25), (10, None, None)]


def test_rows_that_the_database_refuses_go_to_the_error_hop(settings: EngineSettings) -> None:
    script(settings, "CREATE TABLE t(id INT PRIMARY KEY, name VARCHAR(3) NOT NULL); INSERT INTO t VALUES(1,'one')")
    out = (
        flow()
        .step(
            "in", "DataGrid", grid({"id": "Integer", "name": "String"}, [(1, "dup"), (2, "two"), (3, None), (4, "for")])
        )
        .step("out", "TableOutput", connection="db", table="t")
        .step("good", "Dummy")
        .step("bad", "Dummy")
        .hop("in", "out", "good")
        .errors("out", "bad", nr_valuename="n", descriptions_valuename="why", codes_valuename="code")
        .run(settings=settings)
    )
    assert [r[0] for r in out.rows("good")] == [2, 4]
    assert [(r[0], r[-1]) for r in out.rows("bad")] == [(1, "TOP001"), (3, "TOP001")]
    assert out.counters["out"].rejected == 2
    assert query(settings, "SELECT id FROM t ORDER BY id") == [(1,), (2,), (4,)]


def test_insert_update_as_measured(settings: EngineSettings) -> None:
    script(settings, SETUP + "; INSERT INTO cust VALUES(4,'dup','X',4); INSERT INTO cust VALUES(4,'dup2','Y',5)")
    rows = [(1, "ANN", "c"), (2, "bob", "c"), (5, "eve", "NEW"), (5, "eve2", "again"), (3, None, "x"),
            (None, "nul", "n"), (None, "nul", "n"), (4, "DUP", "z")]  # fmt: skip
    out = (
        flow()
        .step("in", "DataGrid", grid({"id": "Integer", "name": "String", "city": "String"}, rows))
        .step("iu", "InsertUpdate", keyed("cust", [("id", "N"), ("name", "Y"), ("city", "N")]), connection="db")
        .hop("in", "iu")
        .run(settings=settings)
    )
    counters = out.counters["iu"]
    assert (counters.input, counters.output, counters.updated) == (8, 3, 3)
    found = query(settings, "SELECT id, name, city FROM cust")
    assert sorted(found, key=str) == sorted(
        [(1, "ANN", "NY"), (2, "bob", "LA"), (3, None, "SF"), (4, "DUP", "X"), (4, "DUP", "Y"), (5, "eve2", "NEW"),
         (None, "nul", "n"), (None, "nul", "n")],
        key=str,
    )  # fmt: skip


@pytest.mark.parametrize("condition", ["= ~NULL", "<="])
def test_other_conditions_of_insert_update(settings: EngineSettings, condition: str) -> None:
    script(
        settings,
        "CREATE TABLE t(id INT, name VARCHAR(20)); INSERT INTO t VALUES(NULL,'none'); INSERT INTO t VALUES(5,'five')",
    )
    out = (
        flow()
        .step("in", "DataGrid", grid({"id": "Integer", "name": "String"}, [(None, "x"), (7, "y")]))
        .step("iu", "InsertUpdate", keyed("t", [("id", "N"), ("name", "Y")], condition), connection="db")
        .hop("in", "iu")
        .run(settings=settings)
    )
    counters = out.counters["iu"]
    if condition == "<=":
        assert (counters.output, counters.updated) == (1, 1)
    else:
        assert (counters.output, counters.updated) == (1, 1)
        assert sorted(query(settings, "SELECT id, name FROM t"), key=str) == [(5, "five"), (7, "y"), (None, "x")]


def test_update_of_a_missing_key_fails_or_is_flagged(settings: EngineSettings) -> None:
    script(settings, SETUP)
    base = grid({"id": "Integer", "name": "String"}, [(1, "ANN"), (8, "new"), (2, "bob")])
    options = keyed("cust", [("name", "Y")])
    with pytest.raises(StepError, match="not found"):
        flow().step("in", "DataGrid", base).step("up", "Update", options, connection="db").hop("in", "up").run(
            settings=settings
        )
    out = (
        flow()
        .step("in", "DataGrid", base)
        .step("up", "Update", options, connection="db", error_ignored="Y", ignore_flag_field="there")
        .hop("in", "up")
        .run(settings=settings)
    )
    assert [r[2] for r in out.rows("up")] == [True, False, True]
    assert (out.counters["up"].input, out.counters["up"].updated) == (3, 1)
    assert query(settings, "SELECT name FROM cust WHERE id = 1") == [("ANN",)]


def test_delete_counts_every_row(settings: EngineSettings) -> None:
    script(settings, SETUP)
    out = (
        flow()
        .step("in", "DataGrid", grid({"id": "Integer"}, [(1,), (8,), (None,)]))
        .step("del", "Delete", keyed("cust", []), connection="db")
        .hop("in", "del")
        .run(settings=settings)
    )
    assert out.counters["del"].updated == 3
    assert query(settings, "SELECT id FROM cust ORDER BY id") == [(2,), (3,)]


def test_synchronize_does_what_the_flag_says(settings: EngineSettings) -> None:
    script(settings, SETUP)
    rows = [
        (1, "ANN", "changed"),
        (2, "bob", "identical"),
        (3, None, "deleted"),
        (6, "new", "new"),
        (6, "newer", "changed"),
    ]
    out = (
        flow()
        .step("in", "DataGrid", grid({"id": "Integer", "name": "String", "flag": "String"}, rows))
        .step(
            "sync", "SynchronizeAfterMerge", keyed("cust", [("id", "N"), ("name", "Y")]), connection="db",
            operation_order_field="flag", order_insert="new", order_update="changed", order_delete="deleted",
        )
        .hop("in", "sync")
        .run(settings=settings)
    )  # fmt: skip
    assert (out.counters["sync"].output, out.counters["sync"].updated) == (1, 3)
    assert query(settings, "SELECT id, name FROM cust ORDER BY id") == [(1, "ANN"), (2, "bob"), (6, "newer")]
    assert len(out.rows("sync")) == 5


def lookup_options(**more: str) -> list[tuple[str, object]]:
    """A look-up of name and amt by id."""
    lookup: list[tuple[str, object]] = [("table", "cust"), *more.items()]
    lookup.append(("key", [("name", "k"), ("field", "id"), ("condition", "=")]))
    lookup.append(("value", [("name", "name"), ("rename", "who"), ("default", "nobody"), ("type", "String")]))
    lookup.append(("value", [("name", "amt"), ("rename", ""), ("default", "0"), ("type", "Number")]))
    return [("lookup", lookup)]


@pytest.mark.parametrize("cache", ["none", "cache", "all"])
def test_database_lookup_with_defaults(settings: EngineSettings, cache: str) -> None:
    script(settings, SETUP)
    tags = {"none": {}, "cache": {"cache": "Y"}, "all": {"cache": "Y", "cache_load_all": "Y"}}[cache]
    out = (
        flow()
        .step("in", "DataGrid", grid({"k": "Integer"}, [(1,), (9,), (1,), (None,), (3,)]))
        .step("look", "DBLookup", lookup_options(), connection="db", **tags)
        .hop("in", "look")
        .run(settings=settings)
    )
    assert out.rows("look") == [
        (1, "ann", 1.5),
        (9, "nobody", 0.0),
        (1, "ann", 1.5),
        (None, "nobody", 0.0),
        (3, None, None),
    ]
    assert out.counters["look"].input == {"none": 3, "cache": 2, "all": 0}[cache]


def test_database_lookup_order_eat_and_fail(settings: EngineSettings) -> None:
    script(settings, SETUP + "; INSERT INTO cust VALUES(1,'zoe','LA',9)")
    given = grid({"k": "Integer"}, [(1,), (9,)])
    ordered = flow().step("in", "DataGrid", given).hop()
    ordered.step("look", "DBLookup", lookup_options(orderby="name DESC", eat_row_on_failure="Y"), connection="db").hop(
        "in", "look"
    )
    assert ordered.run(settings=settings).rows("look") == [(1, "zoe", 9.0)]
    failing = flow().step("in", "DataGrid", given)
    failing.step("look", "DBLookup", lookup_options(fail_on_multiple="Y"), connection="db").hop("in", "look")
    with pytest.raises(StepError, match="at least 2"):
        failing.run(settings=settings)


def test_database_join_outer_and_limit(settings: EngineSettings) -> None:
    script(settings, SETUP)
    out = (
        flow()
        .step("in", "DataGrid", grid({"k": "Integer"}, [(1,), (9,)]))
        .step(
            "join", "DBJoin", [("parameter", [("field", [("name", "k"), ("type", "Integer")])])], connection="db",
            sql="SELECT name, city FROM cust WHERE id >= ? ORDER BY id", outer_join="Y", rowlimit="2",
        )
        .hop("in", "join")
        .run(settings=settings)
    )  # fmt: skip
    assert out.rows("join") == [(1, "ann", "NY"), (1, "bob", "LA"), (9, None, None)]


def test_sql_per_row_and_from_a_field(settings: EngineSettings) -> None:
    script(settings, SETUP)
    arguments = [("arguments", [("argument", [("name", "n")]), ("argument", [("name", "k")])])]
    rows = grid({"k": "Integer", "n": "String"}, [(1, "it's"), (2, "two")])
    out = (
        flow()
        .step("in", "DataGrid", rows)
        .step("a", "ExecSQL", arguments, connection="db", sql="UPDATE cust SET name = ? WHERE id = ?",
              execute_each_row="Y", set_params="Y", update_field="u")
        .step("b", "ExecSQL", arguments, connection="db", sql="UPDATE cust SET city = ? WHERE id = ?",
              execute_each_row="Y", quoteString="Y")
        .hop("in", "a", "b")
        .run(settings=settings)
    )  # fmt: skip
    assert [r[2] for r in out.rows("a")] == [1, 1]
    assert query(settings, "SELECT name, city FROM cust WHERE id < 3 ORDER BY id") == [("it's", "it's"), ("two", "two")]
    texts = grid({"s": "String"}, [("DELETE FROM cust WHERE id = 1",), ("DELETE FROM cust",)])
    out = (
        flow().step("in", "DataGrid", texts)
        .step("x", "ExecSQLRow", connection="db", sql_field="s", delete_field="d").hop("in", "x").run(settings=settings)
    )  # fmt: skip
    assert [r[1] for r in out.rows("x")] == [1, 2]


def test_combination_lookup_makes_keys_for_new_combinations(settings: EngineSettings) -> None:
    script(settings, "CREATE TABLE junk(jk BIGINT, a VARCHAR(10), b VARCHAR(10)); INSERT INTO junk VALUES(4,'x','y')")
    fields = [("key", [("name", "a"), ("lookup", "a")]), ("key", [("name", "b"), ("lookup", "b")]),
              ("return", [("name", "jk"), ("creation_method", "tablemax")])]  # fmt: skip
    rows = [("x", "y"), ("x", None), ("p", "q"), ("x", None), ("x", "y")]
    out = (
        flow()
        .step("in", "DataGrid", grid({"a": "String", "b": "String"}, rows))
        .step(
            "comb",
            "CombinationLookup",
            [("fields", fields)],
            connection="db",
            table="junk",
            cache_size="9999",
            replace="Y",
        )
        .hop("in", "comb")
        .run(settings=settings)
    )
    assert out.rows("comb") == [(4,), (5,), (6,), (5,), (4,)]
    assert (out.counters["comb"].input, out.counters["comb"].output) == (3, 2)
    again = query(settings, "SELECT jk, a, b FROM junk ORDER BY jk")
    assert again[1:] == [(5, "x", None), (6, "p", "q")]


def test_catalog_steps(settings: EngineSettings) -> None:
    script(settings, SETUP)
    given = grid({"t": "String", "c": "String"}, [("cust", "city"), ("nope", "x"), ("cust", "nope")])
    out = (
        flow()
        .step("in", "DataGrid", given)
        .step("te", "TableExists", connection="db", tablenamefield="t", resultfieldname="there")
        .step("ce", "ColumnExists", connection="db", tablenamefield="t", istablenameInfield="Y", columnnamefield="c",
              resultfieldname="column")
        .step("names", "GetTableNames", connection="db", tablenamefieldname="table", objecttypefieldname="kind")
        .hop("in", "te", "ce")
        .run(settings=settings)
    )  # fmt: skip
    assert [r[2:] for r in out.rows("ce")] == [(True, True), (False, False), (True, False)]
    assert ("cust", "Table") in [(n.lower(), k) for n, k in out.rows("names")]
