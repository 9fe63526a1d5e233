"""Rule files: comments and order stay, decisions are recorded, several processes at once, mistakes are told."""

import subprocess
import sys
from pathlib import Path

import pytest

from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Effect, Example
from core.errors import SourceError
from tests.assets.quality.rules.helpers import TABLE, rule

BY_HAND = """\
# agreed with the shop team
table: raw/shop/orders
rules:
  - id: mine   # checked by hand
    kind: pattern
    columns: [zip]
    params: {pattern: '[0-9]{5}', whole: true}
    action: reject
"""


def test_what_is_written_is_read(tmp_path: Path) -> None:
    files = RuleFiles(tmp_path)
    made = [
        rule("replace", ["a"], "repair", mapping={"x": None, "y": "z"}),
        rule("dependency", ["a", "b"], "repair", fill=True, alone=2),
        rule("in_set", ["a"], values=["yes", "no", "on", "1", "2024-01-01", "null", "~", "中文", "a: b # c", ""]),
        rule("range", ["a"], low=-1.5, high=10),
        rule("condition", [], expression={"all": [{"is_null": "a"}, {"not": {"is_null": "b"}}]}),
        rule("pattern", ["a"], pattern=r"\d+", whole=False),
    ]
    assert files.merge(TABLE, made) == made
    assert files.read(TABLE) == made
    assert files.merge(TABLE, made) == []
    assert files.read(TABLE)[1].params["fill"] is True
    assert files.tables() == {TABLE: tmp_path / "raw__shop__orders.yaml"}


def test_repairs_are_put_in_the_order_in_which_they_help_each_other(tmp_path: Path) -> None:
    files = RuleFiles(tmp_path)
    files.merge(TABLE, [rule("not_null", ["a"]), rule("dependency", ["a", "b"], "repair")])
    files.merge(TABLE, [rule("replace", ["a"], mapping={"x": "y"}), rule("normalise", ["a"], forms=["trim"])])
    # of one call; what people may have moved already stays where it is
    assert [r.kind for r in files.read(TABLE)] == ["dependency", "not_null", "normalise", "replace"]


def test_comments_and_decisions_stay_when_proposals_come(tmp_path: Path) -> None:
    files = RuleFiles(tmp_path)
    files.path(TABLE).write_text(BY_HAND)
    fresh = rule("not_null", ["zip"])
    files.merge(TABLE, [fresh])
    files.decide(TABLE, ["mine"], "accepted", "ann", note="as agreed")
    files.decide(TABLE, [fresh.id], "refused", "bob")
    files.merge(TABLE, [fresh.model_copy(update={"confidence": 0.5, "evidence": "again"})])
    text = files.path(TABLE).read_text()
    assert "# agreed with the shop team" in text
    assert "# checked by hand" in text
    assert "[0-9]{5}" in text
    first, second = files.read(TABLE)
    assert (first.status, first.by, first.note, first.at != "") == ("accepted", "ann", "as agreed", True)
    assert (second.status, second.by, second.confidence) == ("refused", "bob", 1.0)


def test_a_proposal_is_brought_up_to_date(tmp_path: Path) -> None:
    files = RuleFiles(tmp_path)
    made = rule("not_null", ["zip"])
    files.merge(TABLE, [made])
    effect = Effect(rows=2, cells=2, examples=(Example(row=1, column="zip", before=None),))
    files.merge(TABLE, [made.model_copy(update={"confidence": 0.7, "effect": effect})])
    assert files.read(TABLE)[0].effect == effect
    assert files.read(TABLE)[0].confidence == 0.7


def test_the_digest_follows_what_accepted_rules_demand(tmp_path: Path) -> None:
    files = RuleFiles(tmp_path)
    made = rule("not_null", ["zip"])
    files.merge(TABLE, [made])
    assert files.digest(TABLE) == ""
    files.decide(TABLE, [made.id], "accepted", "ann")
    accepted = files.digest(TABLE)
    files.decide(TABLE, [made.id], "accepted", "bob", note="again")
    assert files.digest(TABLE) == accepted != ""
    files.decide(TABLE, [made.id], "accepted", "bob", action="reject")
    assert files.digest(TABLE) != accepted


def test_several_processes_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from assets.quality.rules.files import RuleFiles\n"
        "from assets.quality.rules.model import Rule\n"
        "for n in range(5):\n"
        "    rule = Rule.make('not_null', 't.csv', [sys.argv[2] + str(n)])\n"
        "    RuleFiles(Path(sys.argv[1])).merge('t.csv', [rule])"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in ("a", "b", "c")]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    found = {r.columns[0] for r in RuleFiles(tmp_path).read("t.csv")}
    assert found == {f"{name}{n}" for name in "abc" for n in range(5)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("table: [", "no YAML"),
        ("a: 1", "table and rules"),
        ("table: other\nrules: []", "field table"),
        ("table: raw/shop/orders\nrules: [1]", "field rules"),
        ("table: raw/shop/orders\nrules: [{id: a, kind: pattern, actions: x}]", "actions"),
        ("table: raw/shop/orders\nrules: [{id: a, kind: pattern}, {id: a, kind: length}]", "two rules"),
        ("table: raw/shop/orders\nrules: [{id: a, kind: pattern, confidence: 2}]", "confidence"),
    ],
)
def test_mistakes_are_told_with_file_and_field(tmp_path: Path, text: str, told: str) -> None:
    files = RuleFiles(tmp_path)
    files.path(TABLE).write_text(text)
    with pytest.raises(SourceError, match=told) as error:
        files.read(TABLE)
    assert "raw__shop__orders.yaml" in str(error.value)


def test_an_unknown_rule_cannot_be_decided_and_nothing_changes(tmp_path: Path) -> None:
    files = RuleFiles(tmp_path)
    files.path(TABLE).write_text(BY_HAND)
    with pytest.raises(SourceError, match="no rule 'nope'"):
        files.decide(TABLE, ["mine", "nope"], "accepted", "ann")
    assert files.path(TABLE).read_text() == BY_HAND


def test_aliases_and_tags_of_python_are_not_read(tmp_path: Path) -> None:
    files = RuleFiles(tmp_path)
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    head = f"table: {TABLE}\nrules:\n"
    rule_text = "  - id: x\n    kind: pattern\n    columns: [a]\n    params:\n"
    files.path(TABLE).write_text(head + rule_text + "\n".join(f"      {level}" for level in levels))
    with pytest.raises(SourceError, match="alias"):
        files.read(TABLE)
    made = tmp_path / "made"
    files.path(TABLE).write_text(f"table: {TABLE}\nrules: !!python/object/apply:os.system ['touch {made}']\n")
    with pytest.raises(SourceError, match="rules"):
        files.read(TABLE)
    assert not made.exists()
