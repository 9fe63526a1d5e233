"""SQL file output, procedures, dynamic SQL, bulk loaders, lineage of database steps."""

from pathlib import Path

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.engine.start import prepare
from assets.kettle.engine.step import Ref
from assets.kettle.errors import StepError
from assets.kettle.model import Connection
from tests.assets.kettle.flow import Flow, grid


def flow(kettle_type: str = "H2") -> Flow:
    """A flow with the connection `db`."""
    return Flow().database(Connection("db", kettle_type, database="mem:others"))


@pytest.fixture
def h2(tmp_path: Path) -> EngineSettings:
    """An H2 stand-in with a table."""
    settings = EngineSettings(connections={"db": f"duckdb:///{tmp_path}/x.duckdb"})
    sql = "CREATE TABLE t(id INT, name VARCHAR(9)); INSERT INTO t VALUES(1,'one'); INSERT INTO t VALUES(2,'two')"
    flow().step("sql", "ExecSQL", connection="db", sql=sql).run(settings=settings)
    return settings


def test_sql_file_output_needs_no_database(tmp_path: Path) -> None:
    file = [("file", [("name", f"{tmp_path}/out"), ("extention", "sql")])]
    out = (
        Flow()
        .database(Connection("db", "H2", access="JNDI", database="Sample"))
        .step(
            "in",
            "DataGrid",
            grid(
                {"a": "String", "n": "Integer", "d": "Date"},
                [("it's", 1, "2024/02/29"), (None, 2, None)],
                d="yyyy/MM/dd",
            ),
        )
        .step(
            "out",
            "SQLFileOutput",
            file,
            connection="db",
            table="t",
            create="Y",
            startnewline="Y",
            dateformat="yyyy-MM-dd",
        )
        .hop("in", "out")
        .run()
    )
    text = (tmp_path / "out.sql").read_text()
    assert text.startswith("CREATE TABLE t\n(\n")
    assert "INSERT INTO t(a, n, d) VALUES ('it''s',1,'2024-02-29');\n" in text
    assert text.endswith("INSERT INTO t(a, n, d) VALUES (null,2,null);\n")
    assert out.counters["out"].output == 2


def test_procedures_and_functions_of_postgres(postgres_url: str) -> None:
    settings = EngineSettings(connections={"db": postgres_url})
    sql = (
        "CREATE FUNCTION twice(x bigint) RETURNS bigint AS $$ SELECT x * 2 $$ LANGUAGE sql;"
        "CREATE PROCEDURE split(x bigint, INOUT y text, OUT z bigint) LANGUAGE plpgsql AS"
        " $$ BEGIN IF x = 9 THEN RAISE EXCEPTION 'nine'; END IF; y := y || '!'; z := x + 1; END $$"
    )
    args = [("lookup", [("arg", [("name", n), ("direction", d), ("type", t)]) for n, d, t in
                        (("x", "IN", "Integer"), ("y", "INOUT", "String"), ("z", "OUT", "Integer"))])]  # fmt: skip
    flow("POSTGRESQL").step("ddl", "ExecSQL", connection="db", sql=sql).run(settings=settings)
    out = (
        flow("POSTGRESQL")
        .step("in", "DataGrid", grid({"x": "Integer", "y": "String"}, [(1, "a"), (9, "b"), (3, "c")]))
        .step("f", "DBProc", [("lookup", [("arg", [("name", "x"), ("direction", "IN"), ("type", "Integer")])]),
                              ("result", [("name", "r"), ("type", "Integer")])], connection="db", procedure="twice")
        .step("p", "DBProc", args, connection="db", procedure="split")
        .step("bad", "Dummy")
        .step("good", "Dummy")
        .hop("in", "f", "p", "good")
        .errors("p", "bad", descriptions_valuename="why")
        .run(settings=settings)
    )  # fmt: skip
    assert out.rows("f") == [(1, "a", 2), (9, "b", 18), (3, "c", 6)]
    assert out.rows("p") == [(1, "a!", 2, 2), (3, "c!", 6, 4)]
    assert [row[0] for row in out.rows("bad")] == [9]


def test_dynamic_sql_per_row(h2: EngineSettings) -> None:
    rows = [("SELECT name FROM t WHERE id = 2",), ("SELECT name FROM t ORDER BY id",)]
    out = (
        flow()
        .step("in", "DataGrid", grid({"s": "String"}, rows))
        .step("x", "DynamicSQLRow", connection="db", sql="SELECT name FROM t", sql_fieldname="s")
        .hop("in", "x")
        .run(settings=h2)
    )
    assert [r[1] for r in out.rows("x")] == ["two", "one", "two"]


def test_bulk_loaders_write_by_the_fast_path(h2: EngineSettings) -> None:
    mapping = [
        ("mapping", [("stream_name", "name"), ("field_name", "b")]),
        ("mapping", [("stream_name", "id"), ("field_name", "a")]),
    ]
    out = (
        flow()
        .step("in", "DataGrid", grid({"a": "Integer", "b": "String"}, [(7, "x"), (8, None)]))
        .step("load", "PGBulkLoader", mapping, connection="db", table="t", load_action="TRUNCATE")
        .step("wait", "BlockingStep", pass_all_rows="N")
        .hop("in", "load", "wait")
        .run(settings=h2)
    )
    assert out.counters["load"].output == 2
    back = flow().step("q", "TableInput", connection="db", sql="SELECT * FROM t ORDER BY id").run(settings=h2)
    assert back.rows("q") == [(7, "x"), (8, None)]


def test_lineage_of_reading_and_writing(h2: EngineSettings) -> None:
    made = (
        flow()
        .step("q", "TableInput", connection="db", sql="SELECT id * 2 AS n, x.name FROM (SELECT * FROM t) x")
        .step("out", "TableOutput", connection="db", table="t2")
        .hop("q", "out")
    )
    with prepare(made.model, settings=h2) as engine:
        q, out = engine.nodes["q"].step, engine.nodes["out"].step
        derived = q.derive()
        assert derived["N"].sources == (Ref("id", dataset="db:t"),)
        assert derived["NAME"].words == "read"
        (read,) = q.reads()
        assert (read.name, dict(read.columns)) == ("t", {"id": "N", "name": "NAME"})
        (written,) = out.writes()
        assert (written.name, dict(written.columns)) == ("t2", {"N": "N", "NAME": "NAME"})


def test_a_missing_connection_names_the_step() -> None:
    with pytest.raises(StepError, match=r"step 'q'.*no database connection 'nope'"):
        flow().step("q", "TableInput", connection="nope", sql="SELECT 1").run()


def test_returned_keys(h2: EngineSettings) -> None:
    script = "CREATE TABLE k(id IDENTITY PRIMARY KEY, name VARCHAR(9))"
    flow().step("ddl", "ExecSQL", connection="db", sql=script).run(settings=h2)
    out = (
        flow()
        .step("in", "DataGrid", grid({"name": "String"}, [("a",), ("b",)]))
        .step("out", "TableOutput", connection="db", table="k", return_keys="Y", return_field="key")
        .hop("in", "out")
        .run(settings=h2)
    )
    assert out.rows("out") == [("a", 1), ("b", 2)]


def test_a_table_per_month_and_per_field(h2: EngineSettings) -> None:
    ddl = "".join(f"CREATE TABLE s_{month}(d TIMESTAMP, t VARCHAR(9));" for month in (202401, 202402))
    ddl += "CREATE TABLE u(d TIMESTAMP)"
    rows = [("2024/01/05", "u"), ("2024/02/05", "u"), ("2024/01/06", "u")]
    (
        flow()
        .step("ddl", "ExecSQL", connection="db", sql=ddl)
        .step("in", "DataGrid", grid({"d": "Date", "t": "String"}, rows, d="yyyy/MM/dd"))
        .step("m", "TableOutput", connection="db", table="s", partitioning_enabled="Y", partitioning_field="d")
        .step("f", "TableOutput", connection="db", tablename_in_field="Y", tablename_field="t", tablename_in_table="N")
        .hop("in", "m", "f")
        .run(settings=h2)
    )
    counts = "SELECT (SELECT COUNT(*) FROM s_202401), (SELECT COUNT(*) FROM s_202402), (SELECT COUNT(*) FROM u)"
    assert flow().step("q", "TableInput", connection="db", sql=counts).run(settings=h2).rows("q") == [(2, 1, 3)]
