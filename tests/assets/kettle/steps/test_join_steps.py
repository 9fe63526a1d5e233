"""Merge join, Join rows, Merge rows, Stream lookup and the steps that append streams; in memory and on disk."""

from collections.abc import Iterator
from random import Random
from typing import Any

import polars as pl
import pytest

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError
from assets.kettle.steps import join_lookup
from assets.kettle.steps.join_lookup_index import Found, windows
from tests.assets.kettle.flow import Flow, grid

SPILLED = EngineSettings(memory_bytes=1, batch_rows=2)
WAYS = pytest.mark.parametrize("settings", [EngineSettings(), SPILLED], ids=["memory", "disk"])
A = [(None, "an"), (1, "a1"), (2, "a2"), (2, "a2b"), (4, "a4")]
B = [(None, "bn"), (2, "b2"), (2, "b2b"), (3, "b3"), (4, "b4")]


def two(kind: str, options: Any, left: Any, right: Any, types: str = "Integer", right_types: str = "") -> Flow:
    flow = Flow().step("A", "DataGrid", grid({"k": types, "a": "String"}, left))
    flow.step("B", "DataGrid", grid({"k": right_types or types, "b": "String"}, right))
    return flow.step("j", kind, options).hop("A", "j").hop("B", "j")


def merge_join(kind: str, left: Any, right: Any, **types: str) -> Flow:
    sides = [("step1", "A"), ("step2", "B"), ("keys_1", [("key", "k")]), ("keys_2", [("key", "k")])]
    return two("MergeJoin", [("join_type", kind), *sides], left, right, **types)


@WAYS
def test_merge_join_matches_nulls_and_multiplies_duplicates(settings: EngineSettings) -> None:
    inner = [
        (None, "an", None, "bn"),
        *((2, a, 2, b) for a in ("a2", "a2b") for b in ("b2", "b2b")),
        (4, "a4", 4, "b4"),
    ]
    done = merge_join("INNER", A, B).run(settings=settings)
    assert done.layouts["j"] == ["k", "a", "k_1", "b"] and done.rows("j") == inner
    left = merge_join("LEFT OUTER", A, B).run(settings=settings).rows("j")
    assert left == [inner[0], (1, "a1", None, None), *inner[1:]]
    right = merge_join("RIGHT OUTER", A, B).run(settings=settings).rows("j")
    assert right == [*inner[:5], (None, None, 3, "b3"), inner[5]]
    full = merge_join("FULL OUTER", A, B).run(settings=settings).rows("j")
    assert full == [inner[0], (1, "a1", None, None), *inner[1:5], (None, None, 3, "b3"), inner[5]]


@WAYS
def test_merge_join_of_unsorted_rows_silently_loses_those_that_were_passed(settings: EngineSettings) -> None:
    left, right = [(2, "a2"), (1, "a1"), (3, "a3")], [(1, "b1"), (2, "b2"), (3, "b3")]
    assert merge_join("INNER", left, right).run(settings=settings).rows("j") == [(2, "a2", 2, "b2"), (3, "a3", 3, "b3")]
    assert merge_join("FULL OUTER", left, right).run(settings=settings).rows("j") == [
        (None, None, 1, "b1"), (2, "a2", 2, "b2"), (1, "a1", None, None), (3, "a3", 3, "b3"),
    ]  # fmt: skip


def test_merge_join_converts_the_right_key_and_tells_what_does_not_fit() -> None:
    done = merge_join("INNER", [(2, "x"), (10, "y")], [("2", "p"), ("10", "q")], types="Integer", right_types="String")
    assert done.run().column("j", "b") == ["p", "q"]
    with pytest.raises(StepError, match="key 'k'"):
        merge_join("INNER", [(2, "x")], [("two", "p")], types="Integer", right_types="String").run()


def test_merge_join_of_an_empty_side() -> None:
    assert merge_join("FULL OUTER", [], [(1, "b")]).run().rows("j") == [(None, None, 1, "b")]
    assert merge_join("INNER", [], [(1, "b")]).run().rows("j") == []


@WAYS
@pytest.mark.parametrize("left", [[(1, "p"), (1, "q"), (2, "r")], [(2, "r"), (1, "p"), (1, "q")]])
def test_multiway_join_turns_the_first_stream_fastest(settings: EngineSettings, left: Any) -> None:
    options = [
        ("step0", "A"), ("step1", "B"), ("number_input", "2"), ("join_type", "FULL OUTER"),
        ("keys", [("key", "k"), ("key", "k")]),
    ]  # fmt: skip
    done = two("MultiwayMergeJoin", options, left, [(1, "x"), (1, "y"), (3, "z")]).run(settings=settings)
    rows = done.rows("j")
    if left[0][0] == 1:
        product = [(1, "p", 1, "x"), (1, "q", 1, "x"), (1, "p", 1, "y"), (1, "q", 1, "y")]
        assert rows == [*product, (2, "r", None, None), (None, None, 3, "z")]
    else:
        assert rows[:2] == [(None, None, 1, "x"), (None, None, 1, "y")] and rows[2] == (2, "r", None, None)
        assert rows[3:] == [(1, "p", None, None), (1, "q", None, None), (None, None, 3, "z")]


def condition(left: str, function: str, right: str) -> Any:
    return [
        (
            "compare",
            [("condition", [("negated", "N"), ("leftvalue", left), ("function", function), ("rightvalue", right)])],
        )
    ]


@WAYS
def test_join_rows_with_and_without_condition(settings: EngineSettings) -> None:
    left, right = [(1, "p"), (2, "q"), (None, "r")], [(2, "Q"), (3, "R"), (None, "N")]
    rows = two("JoinRows", condition("", "=", ""), left, right).run(settings=settings).rows("j")
    assert rows == [(*a, *b) for a in left for b in right]
    rows = two("JoinRows", condition("k", "<", "k_1"), left, right).run(settings=settings).rows("j")
    assert rows == [(1, "p", 2, "Q"), (1, "p", 3, "R"), (2, "q", 3, "R")]
    rows = two("JoinRows", condition("k", "=", "k_1"), left, right).run(settings=settings).rows("j")
    assert rows == [(2, "q", 2, "Q"), (None, "r", None, "N")]
    named = [("main", "B"), *condition("", "=", "")]
    assert two("JoinRows", named, left, right).run().layouts["j"] == ["k", "b", "k_1", "a"]


@WAYS
@pytest.mark.parametrize("extra", [[], [(0, "late")]])
def test_merge_rows_flags(settings: EngineSettings, extra: Any) -> None:
    options = [
        ("keys", [("key", "k")]), ("values", [("value", "a")]), ("flag_field", "flag"), ("reference", "A"),
        ("compare", "B"),
    ]  # fmt: skip
    left, right = [(1, "x"), (2, "y"), (2, "z"), (4, None)], [(2, "y"), (2, "Z"), (3, "n"), (4, ""), *extra]
    rows = two("MergeRows", options, left, right).run(settings=settings).rows("j")
    expected = [
        (1, "x", "deleted"),
        (2, "y", "identical"),
        (2, "Z", "changed"),
        (3, "n", "new"),
        (4, None, "identical"),
    ]
    assert rows == [*expected, *((k, v, "new") for k, v in extra)]


def test_identical_rows_are_those_of_the_compare_stream() -> None:
    options = [
        ("keys", [("key", "k")]), ("values", []), ("flag_field", "flag"), ("reference", "A"), ("compare", "B"),
    ]  # fmt: skip
    flow = two("MergeRows", options, [(1, "old")], [(1, "new")])
    assert flow.run().rows("j") == [(1, "new", "identical")]
    compatible = {"KETTLE_COMPATIBILITY_MERGE_ROWS_USE_REFERENCE_STREAM_WHEN_IDENTICAL": "Y"}
    assert flow.run(variables=compatible).rows("j") == [(1, "old", "identical")]


def lookup(default: str, kind: str, main: Any, side: Any, **types: str) -> Flow:
    value = [("name", "b"), ("rename", "found"), ("default", default), ("type", kind)]
    options = [("from", "B"), ("lookup", [("key", [("name", "k"), ("field", "k")]), ("value", value)])]
    return two("StreamLookup", options, main, side, **types)


@WAYS
def test_stream_lookup_takes_the_last_and_defaults_only_for_missing_keys(settings: EngineSettings) -> None:
    main = [(3, "m3"), (1, "m1"), (None, "mn"), (2, "m2"), (9, "m9")]
    side = [(1, "old"), (1, "new"), (2, None), (None, "null"), (3, "three")]
    done = lookup("none", "String", main, side).run(settings=settings)
    assert done.layouts["j"] == ["k", "a", "found"]
    assert done.column("j", "found") == ["three", "new", "null", None, "none"]
    assert done.column("j", "k") == [3, 1, None, 2, 9]


def test_stream_lookup_of_keys_of_two_types_meets_only_nulls() -> None:
    main, side = [(1, "m"), (None, "n")], [("1", "one"), (None, "null")]
    done = lookup("-", "String", main, side, types="Integer", right_types="String").run()
    assert done.column("j", "found") == ["-", "null"]


def test_append_puts_the_tail_behind_the_head_even_when_it_comes_first() -> None:
    flow = two("Append", [("head_name", "B"), ("tail_name", "A")], A, B)
    done = flow.run()
    assert done.layouts["j"] == ["k", "b"] and done.rows("j") == [*B, *A]


def test_prioritise_streams_in_the_order_of_its_list() -> None:
    steps = [("step", [("name", name)]) for name in ("B", "A")]
    assert two("PrioritizeStreams", [("steps", steps)], A, B).run().rows("j") == [*B, *A]


@WAYS
def test_sorted_merge_keeps_kettles_order_of_equal_rows(settings: EngineSettings) -> None:
    options = [("fields", [("field", [("name", "k"), ("ascending", "Y")])])]
    rows = two("SortedMerge", options, [(1, "a1"), (2, "a2")], [(1, "b1"), (2, "b2")]).run(settings=settings).rows("j")
    assert rows == [(1, "b1"), (1, "a1"), (2, "a2"), (2, "b2")]
    rows = two("SortedMerge", options, [(1, "a"), (4, "b")], [(2, "c"), (3, "d")]).run(settings=settings).rows("j")
    assert rows == [(1, "a"), (2, "c"), (3, "d"), (4, "b")]


def test_switch_case_sends_each_value_to_its_targets() -> None:
    case = [
        ("case", [("value", v), ("target_step", t)])
        for v, t in (("1", "one"), ("2", "two"), ("2", "both"), ("", "nil"))
    ]
    options = [("fieldname", "k"), ("case_value_type", "Integer"), ("default_target_step", "rest"), ("cases", case)]
    flow = Flow().step("in", "DataGrid", grid({"k": "String"}, [("1",), ("2",), (None,), ("3",), ("1",)]))
    flow.step("sw", "SwitchCase", options).hop("in", "sw")
    for name in ("one", "two", "both", "nil", "rest"):
        flow.step(name, "Dummy").hop("sw", name)
    done = flow.run()
    counts = {name: [r[0] for r in done.rows(name)] for name in ("one", "two", "both", "nil", "rest")}
    assert counts == {"one": ["1", "1"], "two": ["2"], "both": ["2"], "nil": [None], "rest": ["3"]}
    assert done.counters["sw"].written == 6


def test_merge_join_behind_descending_sorts_compares_the_same_way() -> None:
    def ordered(step: str, source: str) -> None:
        fields = [("fields", [("field", [("name", "k"), ("ascending", "N"), ("case_sensitive", "N")])])]
        flow.step(step, "SortRows", fields).hop(source, step)

    flow = Flow().step("A", "DataGrid", grid({"k": "String", "a": "Integer"}, [("x", 1), ("Y", 2), (None, 0)]))
    flow.step("B", "DataGrid", grid({"k": "String", "b": "Integer"}, [("y", 3), ("z", 4), (None, 5)]))
    ordered("sa", "A")
    ordered("sb", "B")
    options = [("join_type", "INNER"), ("step1", "sa"), ("step2", "sb"), ("keys_1", [("key", "k")])]
    flow.step("j", "MergeJoin", [*options, ("keys_2", [("key", "k")])]).hop("sa", "j").hop("sb", "j")
    assert flow.run().rows("j") == [("Y", 2, "y", 3), (None, 0, None, 5)]


def test_merge_rows_without_keys_pairs_row_by_row() -> None:
    options = [("values", [("value", "a")]), ("flag_field", "flag"), ("reference", "A"), ("compare", "B")]
    rows = two("MergeRows", options, [(1, "x"), (2, "y")], [(5, "x"), (6, "z"), (7, "n")]).run().rows("j")
    assert rows == [(5, "x", "identical"), (6, "z", "changed"), (7, "n", "new")]


def _sorted_rows(seed: int, mark: str, count: int) -> list[tuple[Any, ...]]:
    random = Random(seed)
    keys = sorted((random.choice([None, *range(9)]) for _ in range(count)), key=lambda k: -1 if k is None else k)
    return [(key, f"{mark}{number}") for number, key in enumerate(keys)]


@pytest.mark.parametrize("kind", ["INNER", "LEFT OUTER", "RIGHT OUTER", "FULL OUTER"])
@pytest.mark.parametrize("disorder", [False, True])
def test_windows_of_any_size_meet_the_same_rows(kind: str, disorder: bool) -> None:
    for seed in range(4):
        left, right = _sorted_rows(seed, "a", 5 + seed * 9), _sorted_rows(seed + 9, "b", 30 - seed * 9)
        if disorder:  # the walk goes on from where the order ends
            left.insert(len(left) * 2 // 3, (1, "late"))
        flow = merge_join(kind, left, right)
        whole = flow.run(settings=EngineSettings(batch_rows=1000)).rows("j")
        for settings in (EngineSettings(batch_rows=3), SPILLED):
            assert flow.run(settings=settings).rows("j") == whole


def test_merge_join_reads_no_more_than_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    between = Buffer.between

    def counted(buffer: Buffer, low: int, high: int) -> pl.DataFrame:
        found = between(buffer, low, high)
        read.append(found.height)
        return found

    monkeypatch.setattr(Buffer, "between", counted)
    rows = [(n // 2, f"r{n}") for n in range(200)]
    done = merge_join("INNER", rows, rows).run(settings=EngineSettings(batch_rows=10))
    assert len(done.rows("j")) == 400 and max(read) == 10 and sum(read) < 3 * 400


@WAYS
@pytest.mark.parametrize("far", [0, 10**15, -(2**63) + 9])
def test_stream_lookup_finds_numbers_near_and_far_apart(settings: EngineSettings, far: int) -> None:
    side = [(far, "f"), (3, "old"), (1, "one"), (None, "null"), (3, "new"), (5, None)]
    main = [(3, "x"), (None, "x"), (4, "x"), (far, "x"), (10**17, "x"), (-1, "x"), (5, "x"), (1, "x")]
    found = lookup("??", "String", main, side).run(settings=settings).column("j", "found")
    assert found == ["new", "null", "??", "f", "??", "??", None, "one"]


def test_a_look_up_stream_counts_against_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[int] = []

    def counted(found: list[Found], number: int) -> Iterator[pl.DataFrame]:
        parts.append(len(found))
        return windows(found, number)

    monkeypatch.setattr(join_lookup, "windows", counted)
    side = [(n, "x" * 50) for n in range(300)]
    for limit, split in ((1 << 30, False), (10_000, True)):
        flow = lookup("", "String", [(n, "m") for n in range(0, 600, 2)], side)
        found = flow.run(settings=EngineSettings(memory_bytes=limit, batch_rows=40)).column("j", "found")
        assert found == ["x" * 50] * 150 + [None] * 150
        assert bool(parts) == split
