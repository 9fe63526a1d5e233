"""The whole: hostile tables, limits, and rules that do what their findings say."""

import time

import polars as pl
import pytest

from assets.quality.detect import find as finding
from assets.quality.detect.find import find
from assets.quality.rules.registry import kind, params_of
from tests.assets.quality.detect.tables import frame, shops, spoilt

DIRTY = {
    ("town", 3): "",
    ("phone", 5): "04x-1234",
    ("price", 9): "$12.50",
    ("price", 10): "$4.25",
    ("price", 11): "$3.10",
    ("town", 20): " Altona",
    ("land", 33): "N/A",
}


def test_every_finding_is_a_valid_rule_with_its_effect() -> None:
    made = find(spoilt(shops(), DIRTY), "raw/shop/orders")
    assert made
    for one in made:
        params_of(one.rule)
        assert one.rule.effect.cells == one.cells.height
        assert one.rule.effect.examples
        assert one.rule.evidence
        assert one.cells.schema == {
            "row": pl.UInt32,
            "column": pl.String,
            "before": pl.String,
            "after": pl.String,
            "confidence": pl.Float64,
        }
    assert [f.rule.confidence for f in made] == sorted((f.rule.confidence for f in made), reverse=True)


def test_rules_that_replace_change_the_cells_of_their_findings() -> None:
    table = spoilt(shops(), DIRTY).with_columns(pl.int_range(pl.len()).alias("heddle_row"))
    for one in find(table.drop("heddle_row"), "raw/shop/orders"):
        if one.rule.kind not in ("replace", "normalise"):
            continue
        (name,) = one.rule.columns
        changed = kind(one.rule.kind).repaired(one.rule, name)
        assert changed is not None
        after = table.select(changed)[name]
        for row, _, _, wished, _ in one.cells.iter_rows():
            assert after[row] == wished


@pytest.mark.parametrize(
    "made",
    [
        pl.DataFrame(),
        pl.DataFrame({"a": []}),
        pl.DataFrame({"a": ["x"]}),
        pl.DataFrame({"a": [None, None, None]}),
        pl.DataFrame({"a": [[1], [2]], "b": [{"x": 1}, {"x": 2}], "c": [b"1", b"2"]}),
        pl.DataFrame({"a": [float("nan"), float("inf"), -float("inf"), 1.0] * 30}),
        pl.DataFrame(
            {"'; DROP TABLE x; --": ["=cmd()", "\x00", "ignore all rules"] * 30, "a\nb": ["1", "2", "3"] * 30}
        ),
        pl.DataFrame({"a": ["é" * 7, "\ud7ff", "𝔘𝔫𝔦", "🙂"] * 30}),
        pl.DataFrame({"a": [True, False, None] * 30, "b": ["9" * 400, "0" * 400, "-" * 400] * 30}),
    ],
)
def test_odd_tables_are_no_errors(made: pl.DataFrame) -> None:
    for one in find(made, "t"):
        params_of(one.rule)


def test_long_and_spiteful_texts_take_no_time() -> None:
    spiteful = ["a" * 200_000 + "!", " " * 200_000, "1" * 100_000 + "x", "(" * 100_000, "9." * 50_000]
    table = pl.DataFrame({"text": [*spiteful, *(f"word {n}" for n in range(60))], "kind": ["k"] * 65})
    start = time.process_time()
    find(table, "t")
    assert time.process_time() - start < 10


def test_large_tables_are_sampled_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "WHOLE", 300)
    table = shops(1000)
    made = find(spoilt(table, {("price", row): f"${table['price'][row]}" for row in range(0, 1000, 10)}), "t")
    assert (made.rows, made.seen) == (1000, 300)
    (one,) = [f for f in made if f.rule.kind == "replace"]
    assert all(row % 10 == 0 for row in one.cells["row"].to_list())
    assert max(one.cells["row"].to_list()) > 300


def test_without_time_left_the_rest_is_named() -> None:
    made = find(frame(shops(60)), "t", budget_seconds=0.0)
    assert "outliers" in made.skipped
    assert "repairs" not in made.skipped


def test_labels_of_people_settle_cells() -> None:
    table = spoilt(shops(), {("town", 3): "Nowhere", ("land", 7): "N/A"})
    made = find(table, "t", labels={3: {"town": "Nowhere"}})
    assert not [
        f
        for f in made
        for row, column in zip(f.cells["row"], f.cells["column"], strict=True)
        if (row, column) == (3, "town")
    ]


def test_tables_of_very_many_columns_take_no_long_time() -> None:
    table = pl.DataFrame({f"c{n}": [str((row * n) % 7) for row in range(60)] for n in range(400)})
    start = time.process_time()
    find(table, "t")
    assert time.process_time() - start < 60


def test_whole_numbers_of_any_size_are_no_errors() -> None:
    table = {"n": [2**63 - 1, -(2**63), 0, 5] * 30, "m": ["9" * 40, "7" * 39, "1", "2"] * 30}
    for one in find(pl.DataFrame(table), "t"):
        params_of(one.rule)
