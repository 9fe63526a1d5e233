"""Rules as steps: run by the engine they leave the rows that the native plan leaves, and the file stays stable."""

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.kettle.errors import KettleError
from assets.kettle.files.edit import set_text
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import to_bytes
from assets.kettle.generate.marks import parts
from assets.quality.rules.model import Rule
from assets.quality.rules.to_kettle import merged
from tests.assets.kettle.generate.helpers import base, run
from tests.assets.quality.rules.helpers import applied, rule

FIELDS = {"id": "Integer", "a": "Integer", "x": "Number", "s": "String", "t": "String"}
WORDS = [None, "ab", " ab ", "a  b", "n/a", "AB", "b;c", "c\\d", "100", "x1", "中文"]


def _rules() -> list[Rule]:
    return [
        rule("normalise", ["s", "t"], "repair", forms=["trim", "collapse", "lower"]),
        rule("replace", ["s"], "repair", mapping={"n/a": None, "b;c": "bc"}),
        rule("in_set", ["t"], "repair", values=["x1"], corrections={"100": "x1"}),
        rule("default", ["t"], "repair", value="-"),
        rule("default", ["a"], "repair", value=4),
        rule("unique", ["id"], "reject"),
        rule("not_null", ["id"], "reject"),
        rule("range", ["x"], "reject", low=0, high=100, high_open=True),
        rule("pattern", ["s"], "reject", pattern=r"[a-z].*"),
        rule("length", ["t"], "reject", most=3),
        rule("in_set", ["a"], "reject", values=[1, 2, 3, 4]),
        rule("compare", ["a", "id"], "reject", operator="<="),
        rule("condition", [], "reject", expression="not (a = 3 and x > 50)"),
        rule("outlier", ["x"], "reject", low=-5.0, high=99.5),
    ]


def _rows(seed: int, count: int = 200) -> list[tuple[Any, ...]]:
    pick = random.Random(seed).choice
    return [
        (
            pick([None, *range(count)]),
            pick([None, 1, 2, 3, 4, 9]),
            pick([None, -1.0, 0.0, 60.5, 99.75, 100.0]),
            pick(WORDS),
            pick(WORDS),
        )
        for _ in range(count)
    ]


@pytest.mark.covers("DATA-045")
@pytest.mark.parametrize("seed", range(4))
def test_steps_leave_what_the_native_plan_leaves(tmp_path: Path, seed: int) -> None:
    rows = _rows(seed)
    types = {"id": pl.Int64, "a": pl.Int64, "x": pl.Float64, "s": pl.String, "t": pl.String}
    frame = pl.DataFrame(rows, schema=types, orient="row")
    native = applied(tmp_path, frame, _rules())
    flow = base((FIELDS, rows))
    found = merged(flow.model, _rules(), "in")
    assert found.left_out == ()
    out = run(found.model)
    assert sorted(out.rows("out"), key=repr) == sorted(native.clean.rows(), key=repr)
    rejected = [row[: len(FIELDS)] for name in found.model.steps for row in _rejected(out, name)]
    repaired = len(frame) - len(native.clean)
    assert len(rejected) == repaired == len(native.rejected)


def _rejected(out: Any, name: str) -> list[tuple[Any, ...]]:
    return out.rows(name) if name.endswith((": rejected", ": duplicates")) else []


def test_the_file_is_stable_and_follows_the_rules(tmp_path: Path) -> None:
    flow = base((FIELDS, _rows(0, 5)))
    first = merged(flow.model, _rules(), "in").model
    path = tmp_path / "made.ktr"
    path.write_bytes(to_bytes(first))
    again = read_transformation(path)
    assert to_bytes(again) == to_bytes(first)
    assert to_bytes(merged(again, _rules(), "in").model) == to_bytes(first)
    fewer = [r for r in _rules() if r.kind != "condition"]
    less = merged(again, fewer, "in").model
    assert not any("condition" in name for name in parts(less))
    assert to_bytes(merged(less, [], "in").model) != to_bytes(less)
    assert set(merged(less, [], "in").model.steps) == {"in", "out"}
    assert {(h.source, h.target) for h in merged(less, [], "in").model.hops} == {("in", "out")}


def test_a_changed_rule_changes_only_its_steps() -> None:
    flow = base((FIELDS, _rows(0, 5)))
    one = merged(flow.model, _rules(), "in").model
    step = next(name for name in one.steps if name.startswith("replace-"))
    set_text(one, step, "non_match_default", "by hand")
    one = read_transformation(to_bytes(one))
    with pytest.raises(KettleError, match="changed by hand"):
        merged(one, _rules(), "in")
    assert merged(one, _rules(), "in", overwrite=True).model.steps[step].options.text("non_match_default") == ""


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (rule("unique", ["s"], "reject"), "null key"),
        (rule("range", ["s"], "reject", low=1), "no steps"),
        (rule("dependency", ["s", "t"], "repair"), "no steps"),
        (rule("pattern", ["s"], "reject", pattern="(a+)+b"), "no steps"),
        (rule("pattern", ["s"], "reject", pattern="(a|aa)*b"), "no steps"),
        (rule("not_null", ["nope"], "reject"), "no field 'nope'"),
        (rule("not_null", ["s"]), "only reports"),
        (rule("replace", ["s"], "repair", mapping={"a": "${HOME}"}), "no steps"),
    ],
)
def test_what_kettle_cannot_do_the_same_way_is_left_out_and_told(made: Rule, why: str) -> None:
    found = merged(base((FIELDS, _rows(0, 3))).model, [made], "in")
    assert why in found.left_out[0][1]
    assert set(found.model.steps) == {"in", "out"}
