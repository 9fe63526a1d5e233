"""Types as plug-ins: users add them in YAML; mistakes are named."""

from pathlib import Path

import polars as pl
import pytest

from assets.catalog.semantics import classify, registry
from assets.catalog.semantics.spec import SemanticsError


def test_shipped_types_are_complete_in_both_languages() -> None:
    types = registry.builtin().types
    assert len(types) >= 100
    assert [n for n, t in types.items() if not (t.label.en and t.label.zh)] == []
    assert {"cn_id_card", "bank_card_cn", "email", "person_name_zh"} <= {
        n for n in types if registry.builtin().sensitive(n)
    }
    assert not any(map(registry.builtin().sensitive, ("date", "uuid", "company_zh", "no such type")))


def test_a_users_type_is_found_and_can_replace_a_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "semantics"
    (own / "words").mkdir(parents=True)
    (own / "words" / "plants.yaml").write_text("plants: [Oak Hill, Elm Yard]\n", encoding="utf-8")
    (own / "own.yaml").write_text(
        """
- name: badge
  label: {en: staff badge, zh: 工牌号}
  pattern: 'B-\\d{4}'
  sensitivity: personal
  weight: 0.9
- name: plant
  label: {en: plant}
  words: [{of: [plants], how: equals}]
- name: isbn
  label: {en: our books}
  pattern: '97[89]\\d{10}'
  validator: ['stdnum:isbn']
  weight: 0.95
""",
        encoding="utf-8",
    )
    types = registry.load(tmp_path)
    found = classify.table(
        {
            "c1": pl.Series([f"B-{i:04}" for i in range(40)]),
            "c2": pl.Series(["Oak Hill", "elm yard"] * 20),
            "c3": pl.Series(["9780306406157", "9783161484100", "9780596520687"] * 9),
        },
        types=types,
    )
    assert [m and m.type for m in found.values()] == ["badge", "plant", "isbn"]
    assert types.sensitive("badge") and not registry.builtin().sensitive("badge")
    assert "stdnum:isbn" in " ".join(found["c3"].evidence)  # type: ignore[union-attr]
    assert registry.load(tmp_path / "nothing") is registry.builtin()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("- {name: x, label: {en: x}, pattern: '(?=a)b'}", "pattern is not valid"),
        ("- {name: x, label: {en: x}, patern: 'a'}", "type x: field patern"),
        ("- {name: x, label: {en: x}}", "at least one of"),
        ("- {name: x, label: {en: x}, pattern: a, validator: [nope]}", "no validator nope"),
        ("- {name: x, label: {en: x}, column: nope}", "no column test nope"),
        ("- {name: x, label: {en: x}, words: [{of: [nope]}]}", "no word list nope"),
        ("- {name: x, label: {en: x}, pattern: a, beside: {nope: 0.1}}", "the type nope"),
        ("- {name: x, label: {en: x}, pattern: a, weight: 7}", "type x: field weight"),
        ("name: x", "not a list"),
        ("- [", "cannot be read"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, entry: str, said: str) -> None:
    (tmp_path / "semantics").mkdir()
    (tmp_path / "semantics" / "own.yaml").write_text(entry, encoding="utf-8")
    with pytest.raises(SemanticsError, match=said):
        registry.load(tmp_path)


def test_an_unknown_module_of_stdnum_is_named(tmp_path: Path) -> None:
    (tmp_path / "semantics").mkdir()
    entry = "- {name: x, label: {en: x}, pattern: 'Q\\d', validator: ['stdnum:os.path']}"
    (tmp_path / "semantics" / "own.yaml").write_text(entry, encoding="utf-8")
    with pytest.raises(SemanticsError, match=r"no module os\.path"):
        classify.column("x", pl.Series(["Q1", "Q2"] * 9), types=registry.load(tmp_path))


def test_patterns_of_users_run_in_linear_time(tmp_path: Path) -> None:
    (tmp_path / "semantics").mkdir()
    entry = "- {name: evil, label: {en: evil}, pattern: '(a+)+b'}"
    (tmp_path / "semantics" / "own.yaml").write_text(entry, encoding="utf-8")
    values = pl.Series([f"{'a' * 3000}{i}b" for i in range(50)])
    assert classify.column("c1", values, types=registry.load(tmp_path)) is None
