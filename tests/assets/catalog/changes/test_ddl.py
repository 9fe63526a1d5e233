"""DDL that restores a structure, run on real engines."""

from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, inspect, text

from assets.catalog.changes.ddl import create, restore
from assets.catalog.model import Base, ColumnInfo, TableInfo
from core.errors import StoreError

HOSTILE = 'na"me; drop table x --'


def col(name: str, type_: str, base: Base = Base.TEXT, **fields: object) -> ColumnInfo:
    return ColumnInfo(name=name, type=type_, base=base, **fields)


BEFORE = TableInfo(
    name="客户 order",
    columns=(
        col("id", "BIGINT", Base.INTEGER, nullable=False),
        col(HOSTILE, "VARCHAR(20)", nullable=False, default="'x'"),
        col("select", "DATE", Base.DATE),
    ),
    primary_key=("id",),
)
AFTER = TableInfo(
    name="t2",
    columns=(
        col("id", "BIGINT", Base.INTEGER, nullable=False),
        col("renamed", "VARCHAR(20)", nullable=True),
        col("extra", "INTEGER", Base.INTEGER),
    ),
    primary_key=("id",),
)


def test_postgres_is_brought_back(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text(create(AFTER, "postgres").replace(":", "\\:")))
        for statement in restore(AFTER, BEFORE, "postgres", {"renamed": HOSTILE}):
            connection.execute(text(statement.sql.replace(":", "\\:")))
    found = {c["name"]: c for c in inspect(engine).get_columns("客户 order")}
    assert set(found) == {"id", HOSTILE, "select"}
    assert found[HOSTILE]["nullable"] is False and "'x'" in str(found[HOSTILE]["default"])
    assert str(found["select"]["type"]) == "DATE"
    engine.dispose()


def test_duckdb_is_brought_back(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        made = create(AFTER, "duckdb").replace("BIGINT NOT NULL", "BIGINT")  # DuckDB alters no table with such a key
        connection.execute(made.replace("PRIMARY KEY", "UNIQUE"))
        for statement in restore(AFTER, BEFORE.model_copy(update={"name": "t2"}), "duckdb", {"renamed": HOSTILE}):
            connection.execute(statement.sql)
        assert {r[0]: r[2] for r in connection.execute("describe t2").fetchall()} == {
            "id": "YES", HOSTILE: "NO", "select": "YES",
        }  # fmt: skip


def test_mariadb_is_brought_back(mariadb_url: str) -> None:
    engine = create_engine(mariadb_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(create(AFTER, "mysql"))
        for statement in restore(AFTER, BEFORE, "mysql", {"renamed": HOSTILE}):
            connection.exec_driver_sql(statement.sql)
    found = {c["name"]: c for c in inspect(engine).get_columns("客户 order")}
    assert set(found) == {"id", HOSTILE, "select"}
    assert found[HOSTILE]["nullable"] is False and "x" in str(found[HOSTILE]["default"])
    engine.dispose()


def test_what_a_statement_loses_is_said() -> None:
    lost = [s.loses for s in restore(AFTER, BEFORE, "postgres", {"renamed": HOSTILE}) if s.loses]
    assert lost == ["the values of t2.extra"]
    assert restore(AFTER, None, "postgres", {})[0].loses == "all rows of t2"


def test_what_an_engine_cannot_do_is_an_error_with_a_way_out() -> None:
    narrow = BEFORE.model_copy(update={"columns": (BEFORE.columns[0].model_copy(update={"type": "INTEGER"}),)})
    with pytest.raises(StoreError, match="sqlite has no statement for: alter type of"):
        restore(BEFORE, narrow, "sqlite", {})
    with pytest.raises(StoreError, match="no DDL for foxpro"):
        restore(BEFORE, AFTER, "foxpro", {})


def test_a_type_that_is_a_statement_is_refused() -> None:
    bad = TableInfo(name="t", columns=(col("c", "int); drop table x; --"),))
    with pytest.raises(StoreError, match="is no type that postgres is known to have"):
        create(bad, "postgres")


def test_hive_in_its_own_words() -> None:
    now = TableInfo(name="t", columns=(col("a", "INT", Base.INTEGER),))
    wanted = TableInfo(name="t", columns=(col("a", "INT", Base.INTEGER), col("b", "STRING", comment="城市")))
    assert [s.sql for s in restore(now, wanted, "hive", {})] == [
        "ALTER TABLE `t` ADD COLUMNS (`b` STRING COMMENT '城市')"
    ]
