"""MySQL's engine on a real MariaDB, where its server is installed; its type rules everywhere."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from assets.kettle.database.connect import Databases
from assets.kettle.database.connection import DatabaseError
from assets.kettle.database.types import Column, field_of, mysql_column
from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection
from assets.kettle.values.fields import Field, Layout, ValueType

SERVER = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
INSTALL = shutil.which("mariadb-install-db")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((1, 1, 0, 63, False), ("Boolean", -1, -1)),
        ((1, 4, 0, 63, False), ("Integer", 2, 0)),
        ((8, 20, 0, 63, False), ("Integer", 15, 0)),
        ((8, 20, 0, 63, True), ("BigNumber", 16, 0)),
        ((246, 12, 2, 63, False), ("Number", 10, 2)),
        ((5, 22, 31, 63, False), ("Number", -1, -1)),
        ((253, 80, 0, 45, False), ("String", 20, -1)),
        ((12, 19, 0, 63, False), ("Timestamp", 0, -1)),
        ((10, 10, 0, 63, False), ("Date", -1, -1)),
        ((252, 65535, 0, 63, False), ("Binary", -1, 0)),
    ],
)
def test_types_as_its_jdbc_driver_tells_them(
    args: tuple[int, int, int, int, bool], expected: tuple[str, int, int]
) -> None:
    field = field_of(mysql_column("c", *args))
    assert (field.type.value, field.length, field.precision) == expected


def test_an_unsized_column() -> None:
    assert field_of(Column("c", "number")).type is ValueType.NUMBER


@pytest.fixture(scope="module")
def mariadb() -> Iterator[str]:
    """The URL of a database on a real server over a Unix socket; stopped and removed at the end."""
    if SERVER is None or INSTALL is None:
        pytest.skip("the MariaDB server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="heddle-mariadb-"))
    user = "root" if os.geteuid() == 0 else os.environ.get("USER", "")
    common = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={user}"]
    subprocess.run([INSTALL, *common, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
    socket = folder / "socket"
    server = subprocess.Popen([SERVER, *common, f"--socket={socket}", "--skip-networking"])
    try:
        deadline = time.monotonic() + 60
        while not socket.exists():
            assert server.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        yield f"mysql+pymysql://root@localhost/test?unix_socket={socket}&charset=utf8mb4"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_reading_and_writing(mariadb: str) -> None:
    opened = Databases({"db": Connection("db", "MYSQL")}, Variables(), {"db": mariadb})
    database = opened.get("db")
    database.script(
        "DROP TABLE IF EXISTS t; CREATE TABLE t(id INT PRIMARY KEY, s VARCHAR(20), ok TINYINT(1), d DATETIME)"
    )
    layout = Layout([Field("id", ValueType.INTEGER), Field("s"), Field("ok", ValueType.BOOLEAN)])
    frame = pl.DataFrame({"id": [1, 2], "s": ["a%", None], "ok": [True, None]}, schema=layout.schema)
    database.insert("t", frame, layout)
    with pytest.raises(DatabaseError), database.savepoint():
        database.insert("t", frame, layout)
    rows = database.query("SELECT id, s, ok FROM t WHERE s LIKE 'a%' OR id = ?", [2])
    assert [f.type.value for f in rows.layout] == ["Integer", "String", "Boolean"]
    database.execute("UPDATE t SET s = 'later' WHERE id = 2")
    assert [row for part in rows for row in part.rows()] == [(1, "a%", True), (2, None, None)]
    opened.close()
