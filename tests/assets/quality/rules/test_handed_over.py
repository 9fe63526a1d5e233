"""Files put in place together, and texts in them that a spreadsheet would run."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from assets.quality.rules.apply import Targets, apply
from assets.quality.rules.formulas import no_formulas, unmarked
from assets.quality.rules.handed_over import finish, hand_over
from assets.quality.rules.reading import scan
from tests.assets.quality.rules.helpers import rule


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", range(8))
def test_a_kill_anywhere_leaves_the_former_files_or_completes_the_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    goals = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    made = [tmp_path / "made" / goal.name for goal in goals]
    (tmp_path / "made").mkdir()
    for goal, path in zip(goals, made, strict=True):
        goal.write_text("former")
        path.write_text("new")
    left, replace, move = at, Path.replace, __import__("shutil").move

    def spend() -> None:
        nonlocal left
        if not left:
            raise Killed
        left -= 1

    def dying_replace(path: Path, goal: Path) -> Path:
        spend()
        return replace(path, goal)

    def dying_move(path: Path, goal: Path) -> None:
        spend()
        move(path, goal)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", dying_replace)
        patched.setattr("assets.quality.rules.handed_over.shutil.move", dying_move)
        try:
            hand_over(dict(zip(goals, made, strict=True)))
        except Killed:
            assert at < 7
    finish(goals[0])
    assert {goal.read_text() for goal in goals} == ({"former"} if at <= 3 else {"new"})
    again = tmp_path / "again"
    again.write_text("third")
    hand_over({goals[0]: again})
    assert goals[0].read_text() == "third"
    assert not list(tmp_path.glob(".*.handover.json"))


HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1", "-5.50", "+49", "plain", "'quoted", None]


def test_formulas_are_marked_in_files_for_people_and_kept_in_the_clean_one(tmp_path: Path) -> None:
    frame = pl.DataFrame({"=name": HOSTILE, "k": ["x"] * 10 + [None]})
    rules = [
        rule("not_null", ["k"], "reject"),
        rule("replace", ["=name"], "repair", mapping={"plain": "=new"}),
        rule("in_set", ["=name"], "reject", values=[t for t in HOSTILE if t and t != "=1+1"] + ["=new"]),
    ]
    source = tmp_path / "in.parquet"
    frame.write_parquet(source)

    def written(path: Path) -> list[list[str]]:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    targets = Targets.beside(tmp_path / "out.csv")
    apply(scan(source), rules, targets)
    assert [line[0] for line in written(targets.clean)] == ["=name", *HOSTILE[1:8], "=new", "'quoted"]
    assert written(targets.rejected)[:2] == [
        ["heddle_row", "'=name", "k", "heddle_rules"],
        ["0", "'=1+1", "x", rules[2].id],
    ]
    assert written(targets.changes)[1][:4] == ["8", "'=name", "plain", "'=new"]
    apply(scan(source), rules, targets, safe_csv=True)
    assert [line[0] for line in written(targets.clean)][:5] == [
        "'=name", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "'\t=1",
    ]  # fmt: skip


def test_marks_can_be_taken_off() -> None:
    marked = no_formulas(pl.LazyFrame({"a": HOSTILE})).collect()["a"].to_list()
    assert [unmarked(text) for text in marked] == HOSTILE
    assert json.dumps(marked).count("\"'") == 7
