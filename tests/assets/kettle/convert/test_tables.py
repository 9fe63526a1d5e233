"""Tables read and written: the script on SQLite, the SQL on DuckDB, a dbt project built from both."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
import yaml

from assets.kettle.convert.dbt_project import write_dbt
from assets.kettle.convert.generators.registry import all_generators
from assets.kettle.convert.plan import Plan, plan
from assets.kettle.convert.polars_script import script
from assets.kettle.convert.sql_script import rendered, statements
from assets.kettle.engine.run import EngineSettings
from assets.kettle.model import Connection
from tests.assets.kettle.convert.test_generators import fields
from tests.assets.kettle.flow import Flow

MAKE = (
    "CREATE TABLE orders (id BIGINT, customer TEXT, amount DOUBLE PRECISION)",
    "CREATE TABLE totals (customer TEXT, total DOUBLE PRECISION, orders BIGINT)",
    "CREATE TABLE known (customer TEXT, total DOUBLE PRECISION)",
    "INSERT INTO orders VALUES (1, 'ann', 2.5), (2, 'bob', 1.0), (3, 'ann', 4.25), (4, '', 1.5), (5, 'bob', NULL)",
    "INSERT INTO totals VALUES ('old', 1.0, 1)",
    "INSERT INTO known VALUES ('ann', 0.5), ('zoe', 9.0)",
)
TOTALS = "SELECT * FROM totals ORDER BY customer, total"
KNOWN = "SELECT * FROM known ORDER BY customer, total"


def flow() -> Flow:
    made = Flow().database(Connection("dwh", "SQLITE", database="unused"))
    made.step("orders", "TableInput", [("connection", "dwh"), ("sql", "SELECT id, customer, amount FROM orders")])
    made.step("sort", "SortRows", [fields({"name": "customer", "ascending": "Y"})])
    lines = [
        {"aggregate": "total", "subject": "amount", "type": "SUM"},
        {"aggregate": "n", "subject": "id", "type": "COUNT_ALL"},
    ]
    made.step("group", "GroupBy", [fields({"name": "customer"}, tag="group"), fields(*lines)])
    pairs = [("customer", "customer"), ("total", "total"), ("orders", "n")]
    columns = [{"column_name": c, "stream_name": f} for c, f in pairs]
    options: list[Any] = [("connection", "dwh"), ("table", "totals"), ("truncate", "Y"), ("specify_fields", "Y")]
    made.step("write", "TableOutput", [*options, fields(*columns)])
    values = [("value", [("name", c), ("rename", c), ("update", "Y")]) for c in ("customer", "total")]
    key = ("key", [("name", "customer"), ("field", "customer"), ("condition", "=")])
    merge = [("connection", "dwh"), ("lookup", [("table", "known"), key, *values])]
    made.step("merge", "InsertUpdate", merge)
    return made.hop("orders", "sort", "group", "write").hop("group", "merge")


def database(folder: Path, name: str) -> tuple[str, sa.Engine]:
    url = f"sqlite:///{folder / name}.db"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for sql in MAKE:
            connection.execute(sa.text(sql))
    return url, engine


def rows(engine: sa.Engine, sql: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(r) for r in connection.execute(sa.text(sql))]


def planned(url: str) -> Any:
    return plan(flow().model, all_generators(), settings=EngineSettings(connections={"dwh": url}))


def test_script_and_sql_write_what_the_engine_writes(tmp_path: Path) -> None:
    url, engine = database(tmp_path, "engine")
    with planned(url) as found:
        text = script(found)
        written = {s.step: rendered(s.statement, "duckdb") for s in statements(found)}
    flow().run(settings=EngineSettings(connections={"dwh": url}))
    expected = rows(engine, TOTALS), rows(engine, KNOWN)
    assert (None, 1.5, 1) in expected[0] or ("", 1.5, 1) in expected[0]
    assert "password" not in text and url not in text

    other, copy = database(tmp_path, "script")
    (tmp_path / "flow.py").write_text(text, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "flow.py"), "--dwh-url", other]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + text
    assert (rows(copy, TOTALS), rows(copy, KNOWN)) == expected

    duck = duckdb.connect()
    for sql in (*MAKE, "DELETE FROM totals", *written.values()):
        duck.execute(sql)
    in_sql = [[tuple(v or None for v in r) for r in duck.execute(sql).fetchall()] for sql in (TOTALS, KNOWN)]
    assert [sorted(map(str, r)) for r in in_sql] == [
        sorted(str(tuple(v or None for v in r)) for r in table) for table in expected
    ]


def dbt_project(found: Plan, folder: Path) -> None:
    write_dbt(found, folder, "duckdb")
    output = {"type": "duckdb", "path": str(folder / "file.duckdb")}
    profile = {"flow": {"target": "dev", "outputs": {"dev": output}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")


def test_dbt_models_name_sources_and_describe_columns(tmp_path: Path) -> None:
    url, _ = database(tmp_path, "engine")
    with planned(url) as found:
        write_dbt(found, tmp_path / "p", "duckdb")
    model = (tmp_path / "p/models/totals.sql").read_text(encoding="utf-8")
    assert "{{ source('dwh', 'orders') }}" in model and "materialized='table'" in model
    described = yaml.safe_load((tmp_path / "p/models/schema.yml").read_text(encoding="utf-8"))
    totals = next(m for m in described["models"] if m["name"] == "totals")
    total = next(c for c in totals["columns"] if c["name"] == "total")
    assert "orders.amount" in total["description"] and "sum per group" in total["description"]
    sources = yaml.safe_load((tmp_path / "p/models/sources.yml").read_text(encoding="utf-8"))
    assert sources["sources"][0]["tables"] == [{"name": "orders"}]


@pytest.mark.slow
def test_dbt_builds_the_project(tmp_path: Path) -> None:
    url, engine = database(tmp_path, "engine")
    folder = tmp_path / "p"
    with planned(url) as found:
        dbt_project(found, folder)
    with duckdb.connect(str(folder / "file.duckdb")) as duck:
        duck.execute("CREATE SCHEMA dwh")
        duck.execute("CREATE TABLE dwh.orders (id BIGINT, customer TEXT, amount DOUBLE PRECISION)")
        duck.execute(MAKE[3].replace("orders", "dwh.orders"))
    dbt = Path(sys.executable).with_name("dbt")
    command = [str(dbt), "build", "--project-dir", str(folder), "--profiles-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    flow().run(settings=EngineSettings(connections={"dwh": url}))
    with duckdb.connect(str(folder / "file.duckdb")) as duck:
        built = duck.execute("SELECT COALESCE(customer, ''), total, n FROM totals ORDER BY 1").fetchall()
    assert built == [(c or "", t, n) for c, t, n in rows(engine, TOTALS)]
