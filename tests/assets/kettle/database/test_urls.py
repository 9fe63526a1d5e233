"""Connections as URLs."""

from pathlib import Path

import pytest

from assets.kettle.database.connect import Databases
from assets.kettle.database.urls import KINDS, target_of
from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import obscure
from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection


def url(connection: Connection, **variables: str) -> str:
    """The URL of a connection, password shown."""
    return target_of(connection, Variables(values=variables), {}).url.render_as_string(hide_password=False)


def test_variables_and_obscured_passwords() -> None:
    secret = "se${X}ret!"
    connection = Connection(
        "c", "POSTGRESQL", host="${HOST}", port="${PORT}", database="${DB}", user="${WHO}", password=obscure("s3cret")
    )
    assert (
        url(connection, HOST="db", PORT="5433", DB="shop", WHO="me") == "postgresql+psycopg2://me:s3cret@db:5433/shop"
    )
    plain = Connection("c", "MARIADB", host="h", database="d", user="u", password="${PW}")
    assert url(plain, PW=secret).startswith("mysql+pymysql://u:se%24%7BX%7Dret%21@h:3306/d?charset=utf8mb4")


def test_the_password_never_shows() -> None:
    target = target_of(
        Connection("c", "ORACLE", host="h", database="orcl", user="u", password="s3cret"), Variables(), {}
    )
    assert "s3cret" not in repr(target)
    assert target.dialect == "oracle"


@pytest.mark.parametrize(
    ("jdbc", "expected"),
    [
        ("jdbc:postgresql://h:5/d?user=a&password=b", "postgresql+psycopg2://a:b@h:5/d"),
        ("jdbc:mysql://h/d?useSSL=false", "mysql+pymysql://h/d"),
        ("jdbc:sqlserver://h:1433;databaseName=d", "mssql+pymssql://h:1433/d"),
        ("jdbc:oracle:thin:@h:1521:sid", "oracle+oracledb://h:1521/sid"),
        ("jdbc:oracle:thin:@//h:1521/svc", "oracle+oracledb://h:1521?service_name=svc"),
        ("jdbc:h2:mem:x", "duckdb:///:memory:h2_x"),
        ("jdbc:sqlite:/a/b.db", "sqlite:////a/b.db"),
    ],
)
def test_generic_connections_by_jdbc_url(jdbc: str, expected: str) -> None:
    assert url(Connection("c", "GENERIC", attributes={"CUSTOM_URL": jdbc, "CUSTOM_DRIVER_CLASS": "x.Y"})) == expected


def test_an_override_wins_also_by_jndi_name() -> None:
    jndi = Connection("c", "H2", access="JNDI", database="Sample")
    found = target_of(jndi, Variables(), {"Sample": "duckdb:////data/x.duckdb"})
    assert found.standin
    assert found.url.database == "/data/x.duckdb"
    assert target_of(jndi, Variables(), {"c": "postgresql://h/d"}).dialect == "postgres"


def test_jndi_properties(tmp_path: Path) -> None:
    (tmp_path / "jdbc.properties").write_text(
        "Sample/type=javax.sql.DataSource\nSample/driver=org.postgresql.Driver\n"
        "Sample/url=jdbc:postgresql://h:5432/d\nSample/user=u\nSample/password=p\n"
    )
    jndi = Connection("c", "POSTGRESQL", access="JNDI", database="Sample")
    assert url(jndi, KETTLE_JNDI_ROOT=str(tmp_path)) == "postgresql+psycopg2://u:p@h:5432/d"
    with pytest.raises(KettleError, match="Nope"):
        url(Connection("c", "H2", access="JNDI", database="Nope"), KETTLE_JNDI_ROOT=str(tmp_path))


def test_errors_name_the_connection_and_the_package() -> None:
    with pytest.raises(KettleError, match=r"'c'.*NOSUCH"):
        url(Connection("c", "NOSUCH"))
    missing = Databases({"c": Connection("c", "SNOWFLAKEHV", host="h")}, Variables(), {})
    with pytest.raises(KettleError, match="pip install snowflake-sqlalchemy"):
        missing.get("c")
    with pytest.raises(KettleError, match="only a JVM reaches"):
        url(Connection("c", "H2", host="far.example", database="x"))
    assert len(KINDS) >= 45


def test_h2_file_and_memory() -> None:
    assert url(Connection("c", "H2", database="/data/p47;MODE=MySQL")) == "duckdb:////data/p47.heddle.duckdb"
    assert (
        url(Connection("c", "HYPERSONIC", host="localhost", database="mem:a b")) == "duckdb:///:memory:hypersonic_a_b"
    )
