"""Check files of Soda and Great Expectations as rules; what has none is told with its line."""

import json
from pathlib import Path

import polars as pl
import pytest

from assets.quality.rules.exchange.imported import Imported, read
from assets.quality.rules.measure import measure
from core.errors import SourceError

SODA = """\
checks for orders:
  - row_count between 2 and 10
  - row_count > 0
  - missing_count(city) = 0:
      name: city is there
  - missing_percent(note) < 50 %
  - missing_count(note) < 5
  - duplicate_count(id) = 0
  - duplicate_count(city, note) = 0
  - invalid_count(state) = 0:
      valid values: [new, paid]
  - invalid_percent(mail) <= 10%:
      valid format: email
  - invalid_count(zip) = 0:
      valid regex: ^[0-9]{5}$
      valid length: 5
  - invalid_count(amount) = 0:
      valid min: 0
      valid max: 100
  - min(amount) >= 0
  - avg(amount) between 10 and 20
  - freshness(at) < 1d12h
  - schema:
      fail:
        when required column missing: [id, city]
        when forbidden column present: [password]
        when wrong column type:
          id: bigint
      warn:
        when schema changes: any
  - failed rows:
      fail query: select 1
filter orders [daily]:
  where: at > 1
"""
SUITE = {
    "expectation_suite_name": "orders.warning",
    "expectations": [
        {"expectation_type": "expect_column_values_to_not_be_null", "kwargs": {"column": "city", "mostly": 0.9}},
        {"expectation_type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}},
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "state", "value_set": ["new", "paid"]}},
        {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "zip", "regex": "[0-9]{5}$"}},
        {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "zip", "regex": "(?=x)y"}},
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "amount", "min_value": 0, "max_value": 100, "strict_max": True},
        },
        {
            "type": "expect_column_value_lengths_to_be_between",
            "kwargs": {"column": "zip", "min_value": 5, "max_value": None},
        },
        {"type": "expect_column_value_lengths_to_equal", "kwargs": {"column": "zip", "value": 5}},
        {"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["city", "note"]}},
        {
            "type": "expect_column_pair_values_a_to_be_greater_than_b",
            "kwargs": {"column_A": "sent", "column_B": "at", "or_equal": True},
        },
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}},
        {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 3}},
        {"type": "expect_column_kl_divergence_to_be_less_than", "kwargs": {"column": "amount"}},
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "city", "row_condition": "id>3", "condition_parser": "pandas"},
        },
    ],
}


def _soda(folder: Path) -> Imported:
    path = folder / "checks.yml"
    path.write_text(SODA)
    return read(path, "raw/shop/orders", "reject")


def _suite(folder: Path) -> Imported:
    path = folder / "suite.json"
    path.write_text(json.dumps(SUITE, indent=2))
    return read(path, "raw/shop/orders")


@pytest.mark.covers("OPS-045")
def test_soda_checks_become_rules(tmp_path: Path) -> None:
    found = _soda(tmp_path)
    made = [(r.kind, r.columns, r.params, r.action) for r in found.rules]
    assert made == [
        ("row_count", (), {"least": 2, "most": 10}, "report"),
        ("row_count", (), {"least": 1}, "report"),
        ("not_null", ("city",), {}, "reject"),
        ("not_null", ("note",), {"mostly": 0.5}, "reject"),
        ("unique", ("id",), {}, "reject"),
        ("unique", ("city", "note"), {}, "reject"),
        ("in_set", ("state",), {"values": ["new", "paid"]}, "reject"),
        ("pattern", ("mail",), found.rules[7].params, "reject"),
        ("length", ("zip",), {"least": 5, "most": 5}, "reject"),
        ("pattern", ("zip",), {"pattern": "^[0-9]{5}$", "whole": False}, "reject"),
        ("range", ("amount",), {"low": 0, "high": 100}, "reject"),
        ("range", ("amount",), {"low": 0}, "reject"),
        ("fresh", ("at",), {"seconds": 129600}, "report"),
        (
            "structure",
            (),
            {"required": ["id", "city"], "forbidden": ["password"], "types": {"id": "bigint"}},
            "report",
        ),
    ]
    assert found.rules[7].params["mostly"] == 0.9
    left = {(note.line, note.check) for note in found.left_out}
    lines = SODA.splitlines()
    assert {check for _, check in left} == {
        "missing_count(note) < 5",
        "avg(amount) between 10 and 20",
        "schema: when schema changes",
        "failed rows",
        "filter orders [daily]",
    }
    for line, check in left - {(n, c) for n, c in left if c.startswith("schema")}:
        assert check in lines[line - 1]


@pytest.mark.covers("OPS-045")
def test_suites_of_great_expectations_become_rules(tmp_path: Path) -> None:
    found = _suite(tmp_path)
    made = [(r.kind, r.columns, r.params) for r in found.rules]
    assert made == [
        ("not_null", ("city",), {"mostly": 0.9}),
        ("unique", ("id",), {"keep": "none"}),
        ("in_set", ("state",), {"values": ["new", "paid"]}),
        ("pattern", ("zip",), {"pattern": "^(?:[0-9]{5}$)", "whole": False}),
        ("range", ("amount",), {"low": 0, "high": 100, "high_open": True}),
        ("length", ("zip",), {"least": 5}),
        ("length", ("zip",), {"least": 5, "most": 5}),
        ("unique", ("city", "note"), {"keep": "none"}),
        ("compare", ("sent", "at"), {"operator": ">="}),
        ("row_count", (), {"least": 1}),
        ("row_count", (), {"least": 3, "most": 3}),
    ]
    text = (tmp_path / "suite.json").read_text().splitlines()
    left = found.left_out
    assert [note.check for note in left] == [
        "expect_column_values_to_match_regex",
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_values_to_not_be_null",
    ]
    assert all(note.check in "".join(text[note.line - 1 : note.line + 2]) for note in left)
    assert "row_condition" in left[2].why
    assert "linear" in left[0].why


def test_imported_rules_judge_rows(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "id": [1, 2, 2, 4],
            "city": ["A", None, "C", "D"],
            "note": [None, None, "x", "y"],
            "state": ["new", "odd", "paid", "new"],
            "zip": ["12345", "1", "12345", None],
            "amount": [1.0, 100.0, -1.0, 5.0],
            "at": [1, 1, 1, 1],
            "sent": [1, 0, 2, 2],
        }
    )
    found = {r.rule.kind + str(n): r for n, r in enumerate(measure(frame.lazy(), _suite(tmp_path).rules))}
    failing = [one.failing for one in found.values()]
    assert failing == [1, 2, 1, 1, 2, 1, 1, 0, 1, 0, 4]
    assert [one.passed for one in found.values()] == [False, *[False] * 6, True, False, True, False]
    assert found["not_null0"].compliance == 0.75


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [("a.yml", "x: 1", "neither"), ("a.json", "{", "cannot be read"), ("a.yml", "checks for t: [", "cannot be read")],
)
def test_other_files_are_refused(tmp_path: Path, name: str, text: str, told: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(SourceError, match=told):
        read(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ge.json", '{"expectations": [{"type": "expect_table_row_count_to_equal", "kwargs": {"value": "many"}}]}'),
        ("ge.json", '{"expectations": [{"type": "expect_column_to_exist", "kwargs": ["a"]}]}'),
        (
            "ge.json",
            '{"expectations":[{"type":"expect_column_values_to_be_in_set","kwargs": {"column": "a","value_set": 1}}]}',
        ),
        ("c.yml", "checks for t:\n  - row_count > inf\n"),
        ("c.yml", "checks for t:\n  - invalid_count(a) = 0:\n      valid values: 5\n"),
        ("c.yml", "checks for t:\n  - schema:\n      fail: [a]\n"),
    ],
)
def test_values_of_another_type_are_left_out_with_their_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    found = read(tmp_path / name, "t.csv")
    assert not found.rules
    assert ["another type" in left.why for left in found.left_out] == [True]
