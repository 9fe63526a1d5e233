"""MySQL's engine on a real MariaDB, where its server is installed; its type rules everywhere."""

import polars as pl
import pytest

from assets.kettle.database.connect import Databases
from assets.kettle.database.connection import DatabaseError
from assets.kettle.database.types import Column, field_of, mysql_column
from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection
from assets.kettle.values.fields import Field, Layout, ValueType


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


def test_reading_and_writing(mariadb_url: str) -> None:
    opened = Databases({"db": Connection("db", "MYSQL")}, Variables(), {"db": mariadb_url})
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
