"""Open databases: layouts as JDBC drivers describe them, streams, transactions."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from assets.kettle.database.connect import Databases
from assets.kettle.database.connection import DatabaseError
from assets.kettle.errors import KettleError
from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection
from assets.kettle.values.fields import Field, Layout, ValueType


def databases(url: str, kettle_type: str = "H2") -> Databases:
    """The connection `db` on a URL."""
    return Databases({"db": Connection("db", kettle_type)}, Variables(), {"db": url})


def shapes(layout: Layout) -> list[tuple[str, str, int, int]]:
    """Name, type, length, precision."""
    return [(f.name, f.type.value, f.length, f.precision) for f in layout]


def test_h2_layouts_as_measured() -> None:
    database = databases("duckdb:///:memory:").get("db")
    database.script(
        "CREATE TABLE t(id INT, big BIGINT, small SMALLINT, n VARCHAR(20), o VARCHAR, d DECIMAL(10,2), w DECIMAL(20,0),"
        " x DOUBLE, ts TIMESTAMP, dt DATE, b BOOLEAN)"
    )
    assert shapes(database.layout("select t.*, count(*) over () from t")) == [
        ("ID", "Integer", 9, 0), ("BIG", "Integer", 15, 0), ("SMALL", "Integer", 4, 0), ("N", "String", 20, -1),
        ("O", "String", 2147483647, -1), ("D", "Number", 10, 2), ("W", "BigNumber", 20, 0), ("X", "BigNumber", 17, -1),
        ("TS", "Timestamp", 10, -1), ("DT", "Date", -1, -1), ("B", "Boolean", -1, -1),
        ("COUNT(*) OVER ()", "Integer", 15, 0),
    ]  # fmt: skip
    masks = [f.mask for f in database.layout("select id, d, n from t")]
    assert masks == ["####0;-####0", "####0.0#########;-####0.0#########", None]
    assert shapes(database.layout("select x.n as who, sum(id) from (select * from t) x group by x.n")) == [
        ("WHO", "String", 20, -1), ("SUM(ID)", "Integer", 15, 0),
    ]  # fmt: skip


def test_postgres_layouts_and_values(postgres_url: str) -> None:
    opened = databases(postgres_url, "POSTGRESQL")
    database = opened.get("db")
    database.script(
        "CREATE TABLE t(i int, b bigint, s smallint, v varchar(7), t text, n numeric(10,2), m numeric, f float8,"
        " r real, ts timestamp, tz timestamptz, d date, tm time, ok boolean, by bytea, j jsonb);"
        "INSERT INTO t VALUES(1, 2, 3, 'v', 't', 1.50, 12345678901234567890.123, 0.5, 1.5, '2024-01-02 03:04:05',"
        " '2024-01-02 03:04:05+02', '2024-01-02', '03:04:05', true, '\\x00ff', '{\"a\": [1]}')"
    )
    rows = database.query("SELECT * FROM t")
    assert shapes(rows.layout) == [
        ("i", "Integer", 9, 0), ("b", "Integer", 15, 0), ("s", "Integer", 4, 0), ("v", "String", 7, -1),
        ("t", "String", 2147483647, -1), ("n", "Number", 10, 2), ("m", "BigNumber", -1, -1), ("f", "Number", -1, -1),
        ("r", "Number", 8, 8), ("ts", "Timestamp", 6, -1), ("tz", "Timestamp", 6, -1), ("d", "Date", -1, -1),
        ("tm", "Date", -1, -1), ("ok", "Boolean", -1, -1), ("by", "Binary", -1, 0), ("j", "String", -1, -1),
    ]  # fmt: skip
    (frame,) = list(rows)
    stamp = datetime(2024, 1, 2, 3, 4, 5)
    assert frame.row(0) == (
        1, 2, 3, "v", "t", 1.5, "12345678901234567890.123", 0.5, 1.5, stamp, datetime(2024, 1, 2, 1, 4, 5),
        datetime(2024, 1, 2), datetime(1970, 1, 1, 3, 4, 5), True, b"\x00\xff", '{"a": [1]}',
    )  # fmt: skip
    opened.close()


WRITTEN = Layout(
    [Field("i", ValueType.INTEGER), Field("t"), Field("d", ValueType.DATE), Field("n", ValueType.BIGNUMBER),
     Field("f", ValueType.NUMBER), Field("ok", ValueType.BOOLEAN), Field("b", ValueType.BINARY)]
)  # fmt: skip
TEXTS = ['a,"b";\n\\', "", None, "\\N", "  x ", "NULL"]


@pytest.mark.parametrize("engine", ["h2", "sqlite", "postgres"])
def test_bulk_inserts_keep_every_value(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = {"h2": "duckdb:///:memory:", "sqlite": f"sqlite:///{tmp_path}/x.db"}.get(engine)
    opened = databases(url or request.getfixturevalue("postgres_url"))
    database = opened.get("db")
    binary = "BYTEA" if engine == "postgres" else "BLOB"
    database.script(
        "CREATE TABLE w(i BIGINT, t VARCHAR(50), d TIMESTAMP, n DECIMAL(30,4), f DOUBLE PRECISION,"
        f" ok BOOLEAN, b {binary})"
    )
    frame = pl.DataFrame(
        {
            "i": [1, 2, 3, 4, 5, None],
            "t": TEXTS,
            "d": [datetime(2024, 2, 29, 1, 2, 3, 456000), None, None, None, None, None],
            "n": ["12345.6789", "-1", None, "0", "1", "2"],
            "f": [0.1, -1e300, None, 1.0, 2.0, 3.0],
            "ok": [True, False, None, True, True, True],
            "b": [b"\x00\xff", b"", None, b"x", b"y", b"z"],
        },
        schema=WRITTEN.schema,
    )
    database.insert(database.table("", "w"), frame, WRITTEN)
    back = database.rows("SELECT i, t, d, f + 0 AS f, ok, b FROM w")
    if engine == "h2":  # its driver tells a DOUBLE's 17 digits, so Kettle takes a BigNumber
        back = [(*r[:3], None if r[3] is None else float(r[3]), *r[4:]) for r in back]
    assert [r[1] for r in back] == TEXTS
    assert back[0][0:1] + back[0][2:] == (1, datetime(2024, 2, 29, 1, 2, 3, 456000), 0.1, True, b"\x00\xff")
    assert back[1][5] == b"" and back[2][5] is None and back[1][3] == -1e300
    opened.close()


def test_a_stream_survives_other_statements_and_sees_the_old_rows(postgres_url: str, tmp_path: Path) -> None:
    for url in ("duckdb:///:memory:", f"sqlite:///{tmp_path}/x.db", postgres_url):
        opened = databases(url)
        database = opened.get("db")
        database.script("CREATE TABLE s(i INT)")
        table = database.table("", "s")
        layout = Layout([Field("i", ValueType.INTEGER)])
        database.insert(table, pl.DataFrame({"i": range(200_000)}), layout)
        seen = 0
        for frame in database.query("SELECT i FROM s"):
            seen += frame.height
            frame.columns = ["i"]
            database.insert(table, frame, layout)
        assert seen == 200_000
        assert database.rows("SELECT COUNT(*) FROM s")[0][0] == 400_000
        opened.close()


def test_commit_keeps_and_rollback_undoes_ddl_too(tmp_path: Path) -> None:
    for url in (f"duckdb:///{tmp_path}/a.duckdb", f"sqlite:///{tmp_path}/b.db"):
        opened = databases(url)
        opened.get("db").script("CREATE TABLE one(a INT)")
        opened.commit()
        opened.get("db").script("CREATE TABLE two(a INT)")
        opened.rollback()
        assert opened.get("db").exists("", "one")
        assert not opened.get("db").exists("", "two")
        opened.close()


def test_memory_databases_are_shared_by_name() -> None:
    named = {"a": Connection("a", "H2", database="mem:shared"), "b": Connection("b", "H2", database="mem:shared")}
    opened = Databases(named, Variables(), {})
    opened.get("a").script("CREATE TABLE t(a INT)")
    assert opened.get("b").exists("", "T")
    opened.close()


def test_scripts_due_at_start_run_on_first_use_only_when_running() -> None:
    opened = databases("duckdb:///:memory:")
    ran: list[int] = []
    opened.at_start("db", lambda: ran.append(1))
    opened.planning_only = True
    opened.get("db")
    assert ran == []
    opened.planning_only = False
    opened.get("db")
    opened.get("db")
    assert ran == [1]
    opened.close()


def test_errors_name_the_connection_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(KettleError, match="no database connection 'x'; there are: db"):
        databases("duckdb:///:memory:").get("x")
    with pytest.raises(DatabaseError, match="connection 'db'") as failed:
        databases(f"postgresql+psycopg2://u:s3cret@localhost:1/{tmp_path.name}").get("db")
    assert "s3cret" not in str(failed.value)
    database = databases("duckdb:///:memory:").get("db")
    with pytest.raises(DatabaseError, match="does not exist"):
        database.execute("DELETE FROM nope")


def test_h2_refuses_too_long_text() -> None:
    database = databases("duckdb:///:memory:").get("db")
    database.script("CREATE TABLE t(a VARCHAR(3))")
    with pytest.raises(DatabaseError, match="CHECK"):
        database.execute("INSERT INTO t VALUES('four')")


def test_dates_to_the_end_of_time_are_read() -> None:
    database = databases("duckdb:///:memory:").get("db")
    database.script("CREATE TABLE t(a TIMESTAMP); INSERT INTO t VALUES('9999-12-31 00:00:00')")
    ((value,),) = database.rows("SELECT a FROM t")
    assert value == datetime(9999, 12, 31)


def test_whole_numbers_reach_integer_columns(postgres_url: str) -> None:
    opened = databases(postgres_url, "POSTGRESQL")
    database = opened.get("db")
    database.script("CREATE TABLE t(a int, b bigint)")
    layout = Layout([Field("a", ValueType.NUMBER), Field("b", ValueType.BIGNUMBER)])
    database.insert("t", pl.DataFrame({"a": [2.0, None], "b": ["3.0", "4"]}, schema=layout.schema), layout)
    assert database.rows("SELECT * FROM t") == [(2, 3), (None, 4)]
    assert database.layout("SHOW server_version").names == ["server_version"]
    opened.close()


def test_an_address_that_the_driver_refuses_at_once_is_told_without_its_password() -> None:
    pytest.importorskip("oracledb")
    with pytest.raises(DatabaseError, match=r"connection 'db' cannot be opened: .*sid") as caught:
        databases("oracle+oracledb://u:s3cret@h:1521/a(b", "ORACLE").get("db")
    assert "s3cret" not in str(caught.value)


def test_an_h2_file_that_is_missing_is_empty_and_stays_missing_when_only_read(tmp_path: Path) -> None:
    file = tmp_path / "sample"
    connection = Connection("db", "H2", database=str(file))
    asked = Databases({"db": connection}, Variables(), {})
    assert [r for batch in asked.get("db", reading=True).query("select 1 as one") for r in batch.rows()] == [(1,)]
    asked.commit()
    asked.close()
    assert list(tmp_path.iterdir()) == []
    written = Databases({"db": connection}, Variables(), {})
    written.get("db", reading=True)
    written.get("db").script("create table t(id int)")
    written.commit()
    written.close()
    assert len(list(tmp_path.iterdir())) == 1
