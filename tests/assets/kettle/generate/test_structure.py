"""Table structure and field rules as steps: written rows, rejects, and what a change of one column changes."""

import dataclasses
from pathlib import Path

import pytest

from assets.kettle.diff import diff, render
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from assets.kettle.files.write import to_bytes
from assets.kettle.generate.place import After, put
from assets.kettle.generate.sinks import ToTable
from assets.kettle.generate.structure import Column, structure_part
from assets.kettle.model import Connection
from assets.kettle.values.fields import ValueType
from tests.assets.kettle.flow import Flow
from tests.assets.kettle.generate.helpers import Table, base, run

T = ValueType
RAW: Table = (
    {"No": "String", "amt": "String", "day": "String", "st": "String", "extra": "String"},
    [
        ("1", "10.50", "2024-02-29", "a", "x"),
        ("2", "abc", "2024-02-29", "a", "x"),
        ("3", "-4", "2024-03-01", "b", "x"),
        (None, "1", "2024-03-01", "q", "x"),
        ("5", "7", None, "b", "x"),
    ],
)
COLUMNS = [
    Column("id", T.INTEGER, "No", nullable=False),
    Column("amount", T.NUMBER, "amt", 10, 2, "#.##", lowest=0),
    Column("day", T.DATE, mask="yyyy-MM-dd"),
    Column(
        "state",
        T.STRING,
        "st",
        10,
        mapping={"a": "open", "b": "done"},
        default="other",
        allowed=("open", "done", "other"),
    ),
]
TARGET = ToTable("db", "facts")


def _flow() -> Flow:
    return base(RAW).database(Connection("db", "H2", database="unused"))


def test_rows_are_converted_mapped_checked_written_and_rejects_kept(tmp_path: Path) -> None:
    settings = EngineSettings(connections={"db": f"duckdb:///{tmp_path}/t.duckdb"})
    table = "CREATE TABLE facts(id BIGINT, amount DOUBLE, day TIMESTAMP, state VARCHAR(10))"
    _flow().step("sql", "ExecSQL", connection="db", sql=table).run(settings=settings)
    model = put(_flow().model, structure_part("s", COLUMNS, TARGET), After("in"))
    out = run(model, settings=settings)
    found = Flow().database(Connection("db", "H2", database="unused"))
    query = "SELECT id, amount, CAST(day AS VARCHAR), state FROM facts ORDER BY id"
    assert found.step("q", "TableInput", connection="db", sql=query).run(settings=settings).rows("q") == [
        (1, "10.5", "2024-02-29 00:00:00", "open"),
        (5, "7", None, "done"),
    ]
    assert out.layouts["out"] == ["id", "amount", "day", "state"]
    assert [row[:2] for row in out.rejected("structure: fields")] == [("2", "abc")]
    assert out.rejected("structure: fields")[0][-2:] == ("amt", "SELECT001") or out.rejected("structure: fields")[0][
        -2:
    ] == ("amount", "SELECT001")
    assert [(row[0], row[-2], row[-1]) for row in out.rejected("structure: check")] == [
        (3, "amount", "KVD005"),
        (None, "id", "KVD001"),
    ]


def test_a_change_of_one_columns_type_changes_only_the_steps_about_it() -> None:
    before = put(_flow().model, structure_part("s", COLUMNS, TARGET), After("in"))
    changed = [dataclasses.replace(c, kind=T.BIGNUMBER) if c.name == "amount" else c for c in COLUMNS]
    after = put(before, structure_part("s", changed, TARGET))
    found = diff(before, after)
    assert {(node.name, node.change) for node in found.steps} == {
        ("structure: fields", "changed"),
        ("structure: check", "changed"),
    }
    options = {o.path for node in found.steps for o in node.options if not o.path.startswith("attributes/")}
    assert options == {"fields/meta[amount]/type", "validator_field[amount]/data_type"}
    assert not (found.hops or found.moves or found.settings or found.connections)
    assert "fields/meta[amount]/type: 'Number' -> 'BigNumber'" in render(found)
    old, new = to_bytes(before).splitlines(), to_bytes(after).splitlines()
    assert len(old) == len(new) and sum(a != b for a, b in zip(old, new, strict=True)) == 4  # two types, two marks
    assert to_bytes(put(after, structure_part("s", changed, TARGET))) == to_bytes(after)
    assert to_bytes(put(after, structure_part("s", COLUMNS, TARGET))) == to_bytes(before)


def test_a_new_rule_adds_its_step_and_a_dropped_one_takes_it_away() -> None:
    before = put(_flow().model, structure_part("s", COLUMNS, TARGET), After("in"))
    plain = [dataclasses.replace(c, mapping=None, default="") for c in COLUMNS]
    without = put(before, structure_part("s", plain, TARGET))
    assert [(n.name, n.change) for n in diff(before, without).steps] == [("structure: map state", "removed")]
    assert ("structure: fields", "structure: check") in {(h.source, h.target) for h in without.hops}
    again = put(without, structure_part("s", COLUMNS, TARGET))
    assert {(h.source, h.target) for h in again.hops} == {(h.source, h.target) for h in before.hops}


def test_limits_fit_the_columns_type() -> None:
    with pytest.raises(KettleError, match="'a' is Integer and is limited by"):
        structure_part("s", [Column("a", T.INTEGER, lowest=1.5)])
    with pytest.raises(KettleError, match="no table"):
        structure_part("s", [Column("a", T.INTEGER), Column("A", T.STRING)])
