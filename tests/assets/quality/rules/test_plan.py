"""All rules of a table at once: nothing is lost, order, memory-bounded windows, the same in SQL."""

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.quality.rules.apply import Kept, Targets, apply
from assets.quality.rules.kind import ROW
from assets.quality.rules.model import Rule
from assets.quality.rules.plan import RULES
from assets.quality.rules.sql import missing, statements
from core.errors import SourceError
from core.naming import TableName
from tests.assets.quality.rules.helpers import applied, rule

CITIES = ["Berlin", "Hamburg", "Munich"]
SHAPES = st.sampled_from(["ok", "trim", "map", "null", "range", "twice", "pattern", "zip"])


def _planted(kinds: list[str]) -> tuple[pl.DataFrame, dict[int, set[str]], set[tuple[Any, ...]]]:
    """Rows with one planted error each: which rows are to be rejected and why, which cells are to change."""
    rows, why, cells = [], {}, set()
    for n, planted in enumerate(kinds):
        city = CITIES[n % 3]
        row = {"id": n, "city": city, "zip": f"1000{n % 3}", "amount": float(n % 50), "code": f"A{n}", "note": "x"}
        if planted == "trim":
            row["note"] = " x"
            cells.add((n, "note", " x", "x"))
        elif planted == "map":
            row["note"] = "ex"
            cells.add((n, "note", "ex", "x"))
        elif planted == "null":
            row["amount"] = None
            why[n] = {"not_null"}
        elif planted == "range":
            row["amount"] = 1e6
            why[n] = {"range"}
        elif planted == "twice" and n:
            row["id"] = 0
            why[n] = {"unique"}
        elif planted == "pattern":
            row["code"] = "?"
            why[n] = {"pattern"}
        rows.append(row)
    schema = {
        "id": pl.Int64,
        "city": pl.String,
        "zip": pl.String,
        "amount": pl.Float64,
        "code": pl.String,
        "note": pl.String,
    }
    return pl.DataFrame(rows, schema=schema), why, cells


def _rules() -> list[Rule]:
    return [
        rule("normalise", ["note"], "repair", forms=["trim"]),
        rule("replace", ["note"], "repair", mapping={"ex": "x"}),
        rule("not_null", ["amount"], "reject"),
        rule("range", ["amount"], "reject", low=0, high=100),
        rule("unique", ["id"], "reject"),
        rule("pattern", ["code"], "reject", pattern=r"A\d+"),
        rule("length", ["city"], "report", most=6),
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(SHAPES, max_size=60))
def test_planted_errors_are_found_and_no_row_is_lost(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str]
) -> None:
    frame, why, cells = _planted(kinds)
    done = applied(tmp_path_factory.mktemp("plan"), frame, _rules())
    assert done.why() == why
    assert done.cells() == cells
    assert len(done.clean) + len(done.rejected) == len(frame) == done.report.rows
    raw = done.rejected.drop(RULES)
    assert raw.equals(frame.with_row_index(ROW).filter(pl.col(ROW).is_in(list(why))).select(raw.columns))
    assert set(done.clean["note"]) <= {"x"}


@settings(max_examples=15, deadline=None)
@given(st.lists(SHAPES, min_size=1, max_size=60))
def test_sql_gives_the_same_tables(tmp_path_factory: pytest.TempPathFactory, kinds: list[str]) -> None:
    frame, _, _ = _planted(kinds)
    done = applied(tmp_path_factory.mktemp("plan"), frame, _rules())
    made = statements(_rules(), frame.columns, TableName("main", "t"), TableName("main", "w"), "duckdb")
    assert made is not None
    with duckdb.connect() as database:
        database.register("arrow", frame.to_arrow())
        database.execute("create table t as select * from arrow")
        database.execute(f"create table w as {made.work}")

        def asked(sql: str) -> list[tuple[Any, ...]]:
            return sorted(database.execute(sql).fetchall(), key=repr)

        assert asked(made.clean) == sorted(done.clean.rows(), key=repr)
        assert asked(made.rejected) == sorted(done.rejected.rows(), key=repr)
        assert asked(made.changes) == sorted(done.changes.rows(), key=repr)
        counts = database.execute(made.failing)
        found = dict(zip([d[0] for d in counts.description or []], counts.fetchall()[0], strict=True))
        assert found == done.report.failing


def test_rules_without_a_form_in_sql_are_told() -> None:
    left = [rule("dependency", ["a", "b"], "repair"), rule("not_null", ["a"], "reject")]
    assert missing(left, "duckdb") == [left[0].id]
    assert statements(left, ["a", "b"], TableName("main", "t"), TableName("main", "w"), "duckdb") is None


def test_repairs_come_in_order_before_what_rejects(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [" n/a", "b", None]})
    done = applied(
        tmp_path,
        frame,
        [
            rule("not_null", ["a"], "reject"),
            rule("normalise", ["a"], "repair", forms=["trim"]),
            rule("replace", ["a"], "repair", mapping={"n/a": None}),
        ],
    )
    assert done.why() == {0: {"not_null"}, 2: {"not_null"}}
    assert done.clean["a"].to_list() == ["b"]
    assert done.rejected["a"].to_list() == [" n/a", None]  # as it came
    assert not len(done.changes)  # what left the table changed nothing in it


def test_each_change_has_its_own_step(tmp_path: Path) -> None:
    repairs = [
        rule("normalise", ["a"], "repair", forms=["trim"]),
        rule("normalise", ["a"], "repair", forms=["upper"]),
    ]
    done = applied(tmp_path, pl.DataFrame({"a": [" x"]}), repairs)
    assert done.changes.select("before", "after", "rule").rows() == [
        (" x", "x", repairs[0].id),
        ("x", "X", repairs[1].id),
    ]


def test_windows_in_partitions_find_what_they_find_at_once(tmp_path: Path) -> None:
    n = 5_000
    frame = pl.DataFrame({"id": [i % 4_900 for i in range(n)], "z": [i % 7 for i in range(n)]}).with_columns(
        pl.when(pl.int_range(n) % 1_000 == 3).then(pl.lit("wrong")).otherwise(pl.format("c{}", "z")).alias("c")
    )
    rules = [rule("dependency", ["z", "c"], "repair"), rule("unique", ["id"], "reject")]
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    one, other = applied(small, frame, rules, memory=200_000), applied(large, frame, rules)
    assert one.clean.equals(other.clean)
    assert one.changes.equals(other.changes)
    assert one.report.rejected == 100
    assert one.report.cells == 5
    assert one.clean.select(pl.format("c{}", "z") == pl.col("c")).to_series().all()


@pytest.mark.parametrize(("kind", "groups"), [("outlier", {"by": ["g"]}), ("near_duplicate", {"block": ["g"]})])
def test_rows_that_must_be_judged_at_once_have_to_fit(tmp_path: Path, kind: str, groups: dict[str, Any]) -> None:
    frame = pl.DataFrame({"a": [float(n % 9) for n in range(5_000)], "g": [n % 50 for n in range(5_000)]})
    with pytest.raises(SourceError, match="at once, about"):
        applied(tmp_path, frame, [rule(kind, ["a"])], memory=20_000)
    assert applied(tmp_path, frame, [rule(kind, ["a"], **groups)], memory=20_000).report.rows == 5_000
    assert applied(tmp_path, frame, [rule(kind, ["a"])]).report.rows == 5_000


def test_a_cast_changes_the_type_and_only_other_texts_are_changes(tmp_path: Path) -> None:
    done = applied(tmp_path, pl.DataFrame({"a": ["1", "02", "x"]}), [rule("cast", ["a"], "repair", type="integer")])
    assert done.clean["a"].to_list() == [1, 2, None]
    assert done.cells() == {(1, "a", "02", "2"), (2, "a", "x", None)}


def test_many_rejects_are_spilled_and_all_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.quality.rules.apply._LARGEST", 10)
    spilled: list[str] = []
    spill = Kept._spill
    monkeypatch.setattr(Kept, "_spill", lambda self, name: (spilled.append(name), spill(self, name))[1])
    frame = pl.DataFrame({"a": [None, 1] * 50})
    monkeypatch.setattr("assets.quality.rules.apply._SMALLEST", 10)
    done = applied(tmp_path, frame, [rule("not_null", ["a"], "reject")], memory=1)
    assert done.rejected[ROW].to_list() == list(range(0, 100, 2))
    assert spilled.count("rejected") > 2


def test_a_failing_run_leaves_what_was_there(tmp_path: Path) -> None:
    targets = Targets.beside(tmp_path / "out.parquet")
    targets.clean.write_text("former")
    source = pl.LazyFrame({"a": ["x"]}).with_columns(pl.col("a").cast(pl.Int64))
    with pytest.raises(pl.exceptions.PolarsError):
        apply(source, [rule("not_null", ["a"], "reject")], targets)
    assert targets.clean.read_text() == "former"
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


@pytest.mark.parametrize("name", ['a"; drop table t; --', "a'b", "é 中", "select", "a]b`c"])
def test_hostile_names_are_names(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({name: ["x", None], "b": [1, 2]})
    rules = [rule("not_null", [name], "reject"), rule("normalise", [name], "repair", forms=["upper"])]
    done = applied(tmp_path, frame, rules)
    assert done.clean[name].to_list() == ["X"]
    made = statements(rules, frame.columns, TableName("main", "t"), TableName("main", "w"), "duckdb")
    assert made is not None
    with duckdb.connect() as database:
        database.register("arrow", frame.to_arrow())
        database.execute("create table t as select * from arrow")
        database.execute(f"create table w as {made.work}")
        assert database.execute(made.clean).fetchall() == [("X", 1)]
        assert database.execute("select count(*) from t").fetchall() == [(2,)]


def test_a_rule_that_the_types_do_not_allow_is_told(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": ["1.50", "20.0"], "b": [1.0, 2.0]})
    wrong = rule("condition", [], "reject", expression="a < 10")
    with pytest.raises(SourceError, match="does not fit the columns a String"):
        applied(tmp_path, frame, [wrong])
    done = applied(tmp_path, frame, [rule("cast", ["a"], "repair", type="number"), wrong])
    assert done.clean["a"].to_list() == [1.5]


def test_an_unknown_column_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no column 'nope'"):
        applied(tmp_path, pl.DataFrame({"a": [1]}), [rule("not_null", ["nope"], "reject")])
