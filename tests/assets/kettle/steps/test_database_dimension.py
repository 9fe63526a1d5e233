"""Dimension lookup/update on real DuckDB (in place of H2), SQLite and PostgreSQL."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.model import Connection
from tests.assets.kettle.flow import Flow, Outcome, grid

DDL = (
    "CREATE TABLE dim(tk BIGINT, version INT, date_from TIMESTAMP, date_to TIMESTAMP, id INT, name VARCHAR(20),"
    " city VARCHAR(20), note VARCHAR(20), stamp TIMESTAMP, last_one BOOLEAN)"
)
ROWS = [
    (1, "ann", "NY", "n1", "2024/01/01"),
    (2, "bob", "LA", "n1", "2024/01/01"),
    (1, "ann", "BOS", "n1", "2024/02/01"),
    (1, "anna", "BOS", "n1", "2024/03/01"),
    (1, "anna", "BOS", "n2", "2024/04/01"),
    (2, "bob", "LA", "n1", "2024/05/01"),
    (1, "annie", "CHI", "n3", "2024/06/01"),
]
TYPES = {"id": "Integer", "name": "String", "city": "String", "note": "String", "eff": "Date"}
END = datetime(2199, 12, 31, 23, 59, 59, 999000)
BEGIN = datetime(1900, 1, 1)


@pytest.fixture(params=["h2", "sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> EngineSettings:
    """Settings that lead the connection `db` to a database with the dimension."""
    url = {
        "h2": f"duckdb:///{tmp_path}/test.duckdb",
        "sqlite": f"sqlite:///{tmp_path}/test.sqlite",
    }.get(request.param) or request.getfixturevalue("postgres_url")
    settings = EngineSettings(connections={"db": url})
    flow().step("sql", "ExecSQL", connection="db", sql=DDL).run(settings=settings)
    return settings


def flow() -> Flow:
    """A flow with the connection `db`."""
    return Flow().database(Connection("db", "H2", database="unused"))


def options(fields: list[tuple[str, str, str]], **tags: str) -> list[tuple[str, Any]]:
    """Key id, date eff, the given fields (stream, column, kind)."""
    inner: list[tuple[str, Any]] = [
        ("key", [("name", "id"), ("lookup", "id")]),
        ("date", [("name", "eff"), ("from", "date_from"), ("to", "date_to")]),
    ]
    inner += [("field", [("name", n), ("lookup", c), ("update", kind)]) for n, c, kind in fields]
    inner.append(("return", [("name", "tk"), ("creation_method", "tablemax"), ("version", "version")]))
    return [("fields", inner), ("table", "dim"), ("connection", "db"), *tags.items()]


UPDATING = [("name", "name", "Insert"), ("city", "city", "Update"), ("note", "note", "Punch through"),
            ("", "last_one", "LastVersion")]  # fmt: skip


def update(settings: EngineSettings, rows: list[tuple[Any, ...]], **tags: str) -> Outcome:
    """Runs the rows into the dimension."""
    return (
        flow()
        .step("in", "DataGrid", grid(TYPES, rows, eff="yyyy/MM/dd"))
        .step("dim", "DimensionLookup", options(UPDATING, update="Y", **tags))
        .hop("in", "dim")
        .run(settings=settings)
    )


def dump(settings: EngineSettings) -> list[tuple[Any, ...]]:
    """The dimension by technical key."""
    sql = "SELECT tk, version, date_from, date_to, id, name, city, note, last_one FROM dim ORDER BY tk"
    return flow().step("q", "TableInput", connection="db", sql=sql).run(settings=settings).rows("q")


def test_versions_as_measured(settings: EngineSettings) -> None:
    out = update(settings, ROWS, cache_size="0")
    assert [row[-1] for row in out.rows("dim")] == [1, 2, 1, 3, 3, 2, 4]
    counters = out.counters["dim"]
    assert (counters.input, counters.output, counters.updated) == (4, 4, 4)
    march, june = datetime(2024, 3, 1), datetime(2024, 6, 1)
    assert dump(settings) == [
        (0, 1, None, None, None, None, None, None, None),
        (1, 1, BEGIN, march, 1, "ann", "BOS", "n3", False),
        (2, 1, BEGIN, END, 2, "bob", "LA", "n1", True),
        (3, 2, march, june, 1, "anna", "BOS", "n3", False),
        (4, 3, june, END, 1, "annie", "CHI", "n3", True),
    ]


def test_the_same_rows_again_change_nothing_but_the_last(settings: EngineSettings) -> None:
    for row in ROWS:
        update(settings, [row], cache_size="-1")
    assert [(r[0], r[1], r[5], r[7]) for r in dump(settings)[1:]] == [
        (1, 1, "ann", "n3"), (2, 1, "bob", "n1"), (3, 2, "anna", "n3"), (4, 3, "annie", "n3"),
    ]  # fmt: skip
    before = dump(settings)
    out = update(settings, [ROWS[-1]], cache_size="0")
    assert (out.counters["dim"].output, out.counters["dim"].updated) == (0, 0)
    assert dump(settings) == before


@pytest.mark.parametrize("preload", ["N", "Y"])
def test_looking_up(settings: EngineSettings, preload: str) -> None:
    update(settings, ROWS, cache_size="0")
    given = [
        (1, "2023/01/01"),
        (1, "2024/02/15"),
        (1, "2024/03/01"),
        (1, "2024/07/01"),
        (2, "2024/07/01"),
        (9, "2024/01/01"),
    ]
    out = (
        flow()
        .step("in", "DataGrid", grid({"id": "Integer", "eff": "Date"}, given, eff="yyyy/MM/dd"))
        .step("dim", "DimensionLookup", options([("nm", "name", "String")], update="N", preload_cache=preload))
        .hop("in", "dim")
        .run(settings=settings)
    )
    assert [r[2:] for r in out.rows("dim")] == [
        (1, "ann"),
        (1, "ann"),
        (3, "anna"),
        (4, "annie"),
        (2, "bob"),
        (0, None),
    ]
    assert out.counters["dim"].input == (0 if preload == "Y" else 5)


def test_the_first_version_may_start_at_a_column(settings: EngineSettings) -> None:
    tags = {"use_start_date_alternative": "Y", "start_date_alternative": "column_value", "start_date_field_name": "eff"}
    update(settings, ROWS[:1], **tags)
    assert dump(settings)[1][2] == datetime(2024, 1, 1)
