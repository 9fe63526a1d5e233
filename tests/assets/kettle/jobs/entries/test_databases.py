"""Entries on databases, with DuckDB and SQLite."""

from pathlib import Path
from typing import Any

import pytest

from assets.kettle.database.connection import Database
from assets.kettle.engine.result import Result
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from assets.kettle.jobs.entries.bulk import MssqlBulkLoad, MysqlBulkLoad, _mysql_literal
from assets.kettle.model import Connection
from tests.assets.kettle.jobs.entries.entry import Ran, fields, rows


@pytest.fixture(params=["duckdb", "sqlite"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Runs an entry with the connection `db`."""
    settings = EngineSettings(connections={"db": f"{request.param}:///{tmp_path}/data.db"})
    known = {"db": Connection("db", "GENERIC")}

    def go(kind: str, *options: Any, **tags: Any) -> Ran:
        return Ran(kind, *options, settings=settings, connections=known, **({"connection": "db"} | tags))

    return go


TABLE = "CREATE TABLE t (id INTEGER, name VARCHAR(20)); INSERT INTO t VALUES (1, 'a;b'), (2, '${NAME}');"


def test_sql_from_text_and_file_commits_or_undoes_as_a_whole(run: Any, tmp_path: Path) -> None:
    assert run("SQL", sql=TABLE, useVariableSubstitution="T", variables={"NAME": "me"}).ok
    count = {"tablename": "t", "success_condition": "rows_count_equal"}
    assert run("EVAL_TABLE_CONTENT", limit=2, **count).result.lines.read == 2
    with pytest.raises(KettleError, match="connection 'db'"):
        run("SQL", sql="DELETE FROM t; DELETE FROM nowhere")
    assert run("EVAL_TABLE_CONTENT", limit=2, **count).ok, "nothing was deleted"
    (tmp_path / "x.sql").write_text("-- one\nDELETE FROM t WHERE name = 'me';\nSELECT * FROM t;\n")
    assert run("SQL", sqlfromfile="T", sqlfilename=tmp_path / "x.sql").ok
    assert run("EVAL_TABLE_CONTENT", limit=1, **count).ok
    assert not run("EVAL_TABLE_CONTENT", limit=1, **(count | {"success_condition": "rows_count_greater"})).ok
    assert run("SQL", sql="", sendOneStatement="T").ok
    with pytest.raises(KettleError, match="no connection is chosen"):
        run("SQL", sql="SELECT 1", connection="")


def test_tables_and_columns(run: Any) -> None:
    assert not run("TABLE_EXISTS", tablename="t").ok
    run("SQL", sql=TABLE)
    assert run("TABLE_EXISTS", tablename="t").ok
    both = run("COLUMNS_EXIST", fields({"name": "ID"}, {"name": "name"}), tablename="t")
    assert both.ok and both.result.lines.written == 2
    one = run("COLUMNS_EXIST", fields({"name": "id"}, {"name": "size"}), tablename="t")
    assert not one.ok and one.result.errors == 1 and "no column size" in one.log
    assert not run("COLUMNS_EXIST", fields({"name": "id"}), tablename="none").ok


def test_rows_of_a_query_go_into_the_result(run: Any) -> None:
    run("SQL", sql=TABLE)
    query = {"is_custom_sql": "Y", "custom_sql": "SELECT id FROM t WHERE id > ${LOW}", "is_usevars": "Y"}
    keep = {"add_rows_result": "Y", "success_condition": "rows_count_greater_equal", "variables": {"LOW": "0"}}
    found = run("EVAL_TABLE_CONTENT", limit=2, **query, **keep)
    assert found.ok and found.result.rows.frame.rows() == [(1,), (2,)]
    more = run("EVAL_TABLE_CONTENT", limit=0, result=found.result, **query, **keep)
    assert more.result.rows.frame.height == 4
    fresh = run("EVAL_TABLE_CONTENT", result=more.result, clear_result_rows="Y", **query, **keep)
    assert fresh.result.rows.frame.height == 2


def test_wait_for_rows(run: Any) -> None:
    run("SQL", sql=TABLE)
    wait = {"tablename": "t", "success_condition": "rows_count_equal", "check_cycle_time": 1, "maximum_timeout": 1}
    assert run("WAIT_FOR_SQL", rows_count_value=2, **wait).ok
    late = run("WAIT_FOR_SQL", rows_count_value=3, **wait)
    assert not late.ok and late.result.errors == 1
    assert run("WAIT_FOR_SQL", rows_count_value=3, success_on_timeout="Y", **wait).ok


def test_truncate_and_check_connections(run: Any) -> None:
    run("SQL", sql=TABLE)
    with pytest.raises(KettleError):
        run("TRUNCATE_TABLES", fields({"name": "t"}, {"name": "nowhere"}))
    count = {"tablename": "t", "success_condition": "rows_count_equal"}
    assert run("EVAL_TABLE_CONTENT", limit=2, **count).ok, "all or none"
    assert run("TRUNCATE_TABLES", result=Result(rows=rows("t", ("t",))), arg_from_previous="Y").ok
    assert run("EVAL_TABLE_CONTENT", limit=0, **count).ok
    good = fields({"name": "db", "waitfor": "10", "waittime": "millisecond"}, group="connections", one="connection")
    assert run("CHECK_DB_CONNECTIONS", good).ok
    bad = run("CHECK_DB_CONNECTIONS", fields({"name": "other"}, group="connections", one="connection"))
    assert not bad.ok and bad.result.errors == 1 and "other" in bad.log


def test_a_table_into_a_file(run: Any, tmp_path: Path) -> None:
    run("SQL", sql=TABLE + "INSERT INTO t VALUES (3, NULL)")
    path = tmp_path / "out.csv"
    options = {"tablename": "t", "filename": path, "separator": ";", "enclosed": "'", "optionenclosed": "Y"}
    done = run("MYSQL_BULK_FILE", limitlines=3, **options)
    assert done.result.lines.output == 3 and path.read_text().splitlines()[0] == "1;'a;b'"
    with pytest.raises(KettleError, match="exists already"):
        run("MYSQL_BULK_FILE", **options)
    with pytest.raises(KettleError, match="loads into mysql"):
        run("MYSQL_BULK_LOAD", tablename="t", filename=path)


class Statements:
    """Takes the place of a connection where only texts are made."""

    dialect = "mysql"

    def quote(self, name: str) -> str:
        return f"`{name}`"

    def table(self, schema: str, table: str) -> str:
        return f"{schema}.{table}"


def test_statements_of_the_bulk_loads_hold_their_texts_safely() -> None:
    from lxml import etree

    from assets.kettle.files.variables import Variables
    from assets.kettle.jobs.run import JobRun
    from assets.kettle.model import Entry, Job, Options

    def statement(kind: type[MysqlBulkLoad] | type[MssqlBulkLoad], dialect: str, **tags: str) -> str:
        root = etree.Element("entry")
        for tag, text in tags.items():
            etree.SubElement(root, tag).text = text
        job = Job("j", None, [], [], [], {}, Options(root), root)
        entry = kind(Entry("it", "X", Options(root)), JobRun(job, Variables(), EngineSettings()))
        database = Statements()
        database.dialect = dialect
        made: Database = database  # type: ignore[assignment]
        return entry.statement(made, Path("/d/it's.csv"))

    lines = {"separator": ";", "enclosed": "'", "ignorelines": "1", "lineterminated": "\\n"}
    table = {"schemaname": "s", "tablename": "t", "listattribut": "a, b", "replacedata": "N"}
    text = statement(MysqlBulkLoad, "mysql", **table, **lines)
    assert text == (
        "LOAD DATA LOCAL INFILE '/d/it\\'s.csv' IGNORE INTO TABLE s.t FIELDS TERMINATED BY ';' ENCLOSED BY '\\'' "
        "LINES TERMINATED BY '\n' IGNORE 1 LINES (`a`, `b`)"
    )
    text = statement(
        MssqlBulkLoad, "tsql", schemaname="s", tablename="t", fieldterminator="\\t", startfile="2", tablock="Y"
    )
    assert text == (
        "BULK INSERT s.t FROM '/d/it''s.csv' WITH (DATAFILETYPE = 'char', CODEPAGE = 'OEM', "
        "FIELDTERMINATOR = '\\t', FIRSTROW = 2, TABLOCK)"
    )
    assert _mysql_literal("\\' OR") == "'\\\\\\' OR'"
