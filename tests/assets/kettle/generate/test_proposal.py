"""A changed source becomes a proposal: the right changes, the steps that break, an input that reads all columns."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from assets.kettle.files.write import to_bytes
from assets.kettle.generate.columns import SourceColumn, column_changes, columns_of
from assets.kettle.generate.proposal import Proposal, propose
from assets.kettle.generate.uses import uses
from assets.kettle.model import Connection
from assets.kettle.values.fields import ValueType
from tests.assets.kettle.flow import Flow
from tests.assets.kettle.generate.helpers import run

T = ValueType
OLD = [SourceColumn("id", T.INTEGER), SourceColumn("full_name", T.STRING, 40), SourceColumn("amount", T.NUMBER, 10, 2)]


def _flow(sql: str) -> Flow:
    flow = (
        Flow()
        .database(Connection("db", "POSTGRESQL", database="unused"))
        .step("in", "TableInput", connection="db", sql=sql)
    )
    flow.step(
        "pick",
        "SelectValues",
        [("fields", [("field", [("name", "id")]), ("field", [("name", "full_name"), ("rename", "who")])])],
    )
    flow.step("sort", "SortRows", [("fields", [("field", [("name", "WHO"), ("ascending", "Y")])])])
    flow.step("script", "ScriptValueMod", [("jsScripts", [("jsScript", [("jsScript_script", "var n = who.length;")])])])
    return flow.step("out", "Dummy").hop("in", "pick", "sort", "out").hop("sort", "script")


def test_uses_are_followed_through_renames() -> None:
    model = _flow("SELECT * FROM t").model
    assert [(u.step, u.path) for u in uses(model, "in", "full_name")] == [
        ("pick", "fields/field[full_name]/name"),
        ("sort", "fields/field[WHO]/name"),
        ("script", "jsScripts/jsScript[1]/jsScript_script"),
    ]
    assert [u.step for u in uses(model, "in", "id")] == ["pick"]
    assert uses(model, "in", "amount") == []


def test_changes_are_told_apart() -> None:
    now = [SourceColumn("id", T.INTEGER), SourceColumn("fullname", T.STRING, 40), SourceColumn("paid", T.BOOLEAN)]
    found = column_changes(OLD, now)
    assert [(c.kind, c.name) for c in found] == [("renamed", "full_name"), ("removed", "amount"), ("added", "paid")]
    assert found[0].confidence > 0.9
    assert column_changes(OLD, OLD) == []
    wider = [*OLD[:1], SourceColumn("full_name", T.STRING, 80), OLD[2]]
    assert [(c.kind, c.widened) for c in column_changes(OLD, wider)] == [("retyped", True)]
    assert [c.widened for c in column_changes(wider, OLD)] == [False]


def _effects(found: Proposal) -> dict[str, tuple[str, bool]]:
    return {e.change.name: (e.change.kind, e.breaking) for e in found.effects}


def test_an_altered_table_on_postgres(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    flow = _flow("SELECT id, full_name, amount FROM altered WHERE amount > 1")
    settings = EngineSettings(connections={"db": postgres_url})

    def do(*statements: str) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    make = "CREATE TABLE altered(id BIGINT, full_name VARCHAR(40), amount NUMERIC(10,2))"
    do("DROP TABLE IF EXISTS altered", make, "INSERT INTO altered VALUES (1, 'ann', 5), (2, 'bob', 0)")
    before = columns_of(engine, "altered")
    assert before == [SourceColumn("id", T.INTEGER, -1, 0), *OLD[1:]]
    assert propose(flow.model, "in", before, before).text() == ""

    do("ALTER TABLE altered ADD COLUMN city TEXT")
    added = propose(flow.model, "in", before, columns_of(engine, "altered"), "postgres")
    assert _effects(added) == {"city": ("added", False)} and not added.blocking
    assert run(added.model, settings=settings).layouts["in"] == ["id", "full_name", "amount", "city"]

    do("ALTER TABLE altered RENAME COLUMN full_name TO fullname")
    renamed = propose(flow.model, "in", before, columns_of(engine, "altered"), "postgres")
    assert _effects(renamed) == {"full_name": ("renamed", True), "city": ("added", False)} and renamed.blocking
    with pytest.raises(KettleError):
        run(flow.model, settings=settings)
    assert run(renamed.model, settings=settings).rows("out") == [(1, "ann")]

    do("ALTER TABLE altered DROP COLUMN fullname", "ALTER TABLE altered ALTER COLUMN amount TYPE VARCHAR(20)")
    dropped = propose(flow.model, "in", before, columns_of(engine, "altered"), "postgres")
    kinds = _effects(dropped)
    assert kinds["full_name"] == ("removed", True) and kinds["amount"] == ("retyped", False)
    assert [u.step for e in dropped.effects for u in e.users] == ["pick", "sort", "script"]
    assert "full_name" not in dropped.model.steps["in"].options.text("sql")
    assert "BREAKS: column 'full_name' removed; used in pick, sort, script" in dropped.text()
    do("DROP TABLE altered")
    engine.dispose()


def test_a_star_query_keeps_old_names_and_lets_new_columns_in() -> None:
    now = [OLD[0], SourceColumn("fullname", T.STRING, 40), OLD[2], SourceColumn("Paid On", T.DATE)]
    found = propose(_flow("SELECT * FROM t").model, "in", OLD, now)
    assert found.model.steps["in"].options.text("sql") == 'SELECT id, fullname AS full_name, amount, "Paid On" FROM t'
    assert _effects(found) == {"full_name": ("renamed", True), "Paid On": ("added", False)}
    alone = propose(_flow("SELECT * FROM t").model, "in", OLD, [*OLD, SourceColumn("x", T.DATE)])
    assert to_bytes(alone.model) == to_bytes(alone.before) and not alone.blocking
    dropped = propose(_flow("SELECT * FROM t").model, "in", OLD, OLD[:2])
    assert not dropped.blocking


def test_a_retyped_column_is_converted_back(tmp_path: Path) -> None:
    now = [OLD[0], SourceColumn("amount", T.STRING, 9)]
    settings = EngineSettings(connections={"db": f"duckdb:///{tmp_path}/t.duckdb"})
    flow = Flow().database(Connection("db", "H2", database="unused"))
    flow.step("sql", "ExecSQL", connection="db", sql="CREATE TABLE t AS SELECT 1 AS id, '12.5' AS amount")
    flow.step("in", "TableInput", connection="db", sql="SELECT id, amount FROM t").step("out", "Dummy").hop("in", "out")
    found = propose(flow.model, "in", [OLD[0], OLD[2]], now)
    assert found.effects[0].note == "converted back to the old type behind the input" and not found.blocking
    assert run(found.model, settings=settings).rows("out") == [(1, 12.5)]
    flow.step("calc", "SortRows", [("fields", [("field", [("name", "amount")])])]).hop("out", "calc")
    assert propose(flow.model, "in", [OLD[0], OLD[2]], now).blocking


def test_queries_that_cannot_be_written_back_are_left_and_block() -> None:
    found = propose(_flow("SELECT full_name FROM ${T}").model, "in", OLD, [OLD[0], OLD[2]])
    assert found.blocking and to_bytes(found.model) == to_bytes(found.before)
    assert found.effects[0].note == "the query cannot be edited by itself"
    with pytest.raises(KettleError, match="name an input"):
        propose(found.model, "sort", OLD, OLD)


def test_a_csv_file_with_other_columns(tmp_path: Path) -> None:
    def declared(name: str, kind: str) -> tuple[str, list[tuple[str, str]]]:
        return "field", [
            ("name", name),
            ("type", kind),
            ("format", ""),
            ("length", "-1"),
            ("precision", "-1"),
            ("trim_type", "none"),
        ]

    path = tmp_path / "in.csv"
    path.write_text("id,city,fullname\n1,Rome,ann\n")
    flow = Flow().step(
        "in",
        "CsvInput",
        [
            ("filename", str(path)),
            ("separator", ","),
            ("enclosure", '"'),
            ("header", "Y"),
            ("encoding", "UTF-8"),
            ("fields", [declared("id", "Integer"), declared("full_name", "String"), declared("amount", "Number")]),
        ],
    )
    flow.step("sort", "SortRows", [("fields", [("field", [("name", "amount")])])]).hop("in", "sort")
    now = [SourceColumn("id", T.INTEGER), SourceColumn("city", T.STRING), SourceColumn("fullname", T.STRING, 40)]
    found = propose(flow.model, "in", OLD, now)
    assert _effects(found) == {"full_name": ("renamed", False), "amount": ("removed", True), "city": ("added", False)}
    fields = found.model.steps["in"].options.rows("fields/field")
    assert [(f.text("name"), f.text("type")) for f in fields] == [
        ("id", "Integer"),
        ("city", "String"),
        ("full_name", "String"),
    ]
