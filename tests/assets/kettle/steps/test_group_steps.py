"""Group by, Memory group by, Analytic query and Aggregate rows."""

import math
from typing import Any

import polars as pl
import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError
from assets.kettle.steps import group_analytic, group_memory
from tests.assets.kettle.flow import Flow, Outcome, grid

ROWS = grid(
    {"k": "String", "i": "Integer", "n": "Number", "s": "String", "b": "BigNumber"},
    [
        ("a", 1, 1.5, "x", "0.10"), ("a", 2, 2.5, "y", "0.2"), ("a", None, None, None, None), ("a", 2, 2.5, "y", "1"),
        ("b", -10, 0.1, "z", "3"), ("b", -11, 0.2, "z", "4"), ("a", 5, 5, "w", "5"), ("c", None, None, None, None),
    ],
)  # fmt: skip
SPILLED = EngineSettings(memory_bytes=1, batch_rows=2)
WAYS = pytest.mark.parametrize("settings", [EngineSettings(), SPILLED], ids=["memory", "disk"])


def group(
    kind: str,
    keys: list[str],
    *lines: tuple[str, ...],
    settings: EngineSettings | None = None,
    rows: Any = ROWS,
    **tags: str,
) -> Outcome:
    table = [
        ("field", [("aggregate", f"{c}_{s}"), ("subject", s), ("type", c), ("valuefield", "".join(v))])
        for s, c, *v in lines
    ]
    options = [("group", [("field", [("name", k)]) for k in keys]), ("fields", table)]
    flow = Flow().step("in", "DataGrid", rows).step("g", kind, options, **tags).hop("in", "g")
    return flow.run(settings=settings)


@WAYS
def test_adjacent_rows_only_and_null_skipped(settings: EngineSettings) -> None:
    lines = [("i", "SUM"), ("i", "AVERAGE"), ("i", "COUNT_ALL"), ("i", "COUNT_ANY"), ("i", "MIN"), ("i", "MAX")]
    done = group("GroupBy", ["k"], *lines, settings=settings)
    assert done.rows("g") == [
        ("a", 5, 1, 3, 4, 1, 2),
        ("b", -21, -10, 2, 2, -11, -10),
        ("a", 5, 5, 1, 1, 5, 5),
        ("c", None, None, 0, 1, None, None),
    ]


@WAYS
def test_memory_group_by_takes_keys_from_anywhere(settings: EngineSettings) -> None:
    lines = [("i", "SUM"), ("s", "CONCAT_STRING", "|"), ("s", "COUNT_DISTINCT"), ("b", "SUM"), ("b", "AVERAGE")]
    done = group("MemoryGroupBy", ["k"], *lines, settings=settings)
    assert sorted(done.rows("g")) == [
        ("a", 10, "x|y|y|w", 3, "6.30", "1.575"),
        ("b", -21, "z|z", 1, "7", "3.5"),
        ("c", None, "", 0, None, None),
    ]


def test_percentiles_interpolate_and_are_nan_for_nothing() -> None:
    lines = [("i", "MEDIAN"), ("i", "PERCENTILE", "75"), ("n", "PERCENTILE_NEAREST_RANK", "50"), ("n", "STD_DEV")]
    found = {row[0]: row[1:] for row in group("MemoryGroupBy", ["k"], *lines).rows("g")}
    assert found["a"][:3] == (2.0, 4.25, 2.5) and found["b"][:3] == (-10.5, -10.0, 0.1)
    assert found["a"][3] == pytest.approx(1.671875**0.5)
    assert math.isnan(found["c"][0]) and math.isnan(found["c"][1]) and found["c"][3] is None


def test_first_last_and_texts() -> None:
    lines = [
        ("s", "FIRST"), ("s", "LAST"), ("s", "LAST_INCL_NULL"), ("s", "MIN"), ("s", "MAX"), ("s", "CONCAT_COMMA"),
        ("s", "COUNT_DISTINCT"),
    ]  # fmt: skip
    rows = group("GroupBy", [], *lines).rows("g")
    assert rows == [("x", "w", None, "w", "z", "x, y, y, z, z, w", 4)]
    rows = group("GroupBy", ["k"], *lines).rows("g")
    assert rows[-1] == ("c", None, None, None, None, None, "", None)


@WAYS
def test_all_rows_with_line_numbers_and_running_sums(settings: EngineSettings) -> None:
    lines = [("i", "CUM_SUM"), ("i", "CUM_AVG"), ("i", "MAX")]
    tags = {"all_rows": "Y", "add_linenr": "Y", "linenr_fieldname": "nr"}
    done = group("GroupBy", ["k"], *lines, settings=settings, **tags)
    assert [row[5:] for row in done.rows("g")] == [
        (1, 1.0, 2, 1), (3, 1.5, 2, 2), (3, 1.5, 2, 3), (5, 5 / 3, 2, 4),
        (-10, -10.0, -10, 1), (-21, -10.5, -10, 2), (5, 5.0, 5, 1), (None, None, None, 1),
    ]  # fmt: skip


def test_no_rows_give_a_row_only_when_told() -> None:
    empty = grid({"k": "String", "i": "Integer"}, [])
    lines = [("i", "SUM"), ("i", "COUNT_ALL"), ("i", "COUNT_ANY")]
    for kind in ("GroupBy", "MemoryGroupBy"):
        assert group(kind, [], *lines, rows=empty, give_back_row="N").rows("g") == []
        assert group(kind, ["k"], *lines, rows=empty, give_back_row="Y").rows("g") == [(None, None, 0, 0)]
        assert group(kind, [], *lines, rows=empty).rows("g") == [(None, 0, 0)]


def test_unknown_functions_and_fields_are_told() -> None:
    with pytest.raises(StepError, match="no aggregate function 'MODE'"):
        group("GroupBy", ["k"], ("i", "MODE"))
    with pytest.raises(StepError, match="the field to aggregate 'q'"):
        group("GroupBy", ["k"], ("q", "SUM"))
    with pytest.raises(StepError, match="field 's'"):
        group("GroupBy", ["k"], ("s", "SUM"))


def test_analytic_query_stays_inside_runs_of_the_group() -> None:
    done = group("AnalyticQuery", ["k"], ("i", "LAG", "1"), ("i", "LEAD", "2"))
    assert [row[5:] for row in done.rows("g")] == [
        (None, None), (1, 2), (2, None), (None, None), (None, None), (-10, None), (None, None), (None, None),
    ]  # fmt: skip


def test_aggregate_rows_swaps_min_and_max_as_kettle_does() -> None:
    lines = [
        ("i", "SUM"),
        ("i", "AVERAGE"),
        ("i", "COUNT"),
        ("i", "MIN"),
        ("i", "MAX"),
        ("s", "LAST"),
        ("s", "LAST_NULL"),
    ]
    table = [("field", [("name", s), ("rename", f"{c}_{s}"), ("type", c)]) for s, c in lines]
    flow = Flow().step("in", "DataGrid", ROWS).step("g", "AggregateRows", [("fields", table)]).hop("in", "g")
    assert flow.run().rows("g") == [(-11.0, -11 / 6, 6.0, 5, -11, "w", None)]


CODES = ("SUM", "AVERAGE", "MIN", "MAX", "COUNT_ALL", "COUNT_ANY", "FIRST", "LAST", "FIRST_INCL_NULL", "LAST_INCL_NULL")
BLANKS = [
    ("-", None, None, "-", None, None), ("", 7, 0.1, "", "1.00", "1"), ("a", -7, 0.2, "", "1.0", ""),
    ("a", 2, 0.3, "-", None, "2.5"), ("a", None, 10**16, "q", "-1", None), ("b", 1, 1.0, "-", "3", "1"),
    ("b", None, -(10**16), "", "0.10", "1"), ("a", 4, 5.5, "Q", "2", "1"), ("-", 3, None, "x", "7", "1"),
]  # fmt: skip


def blanks(kind: str, keys: list[str], *lines: tuple[str, str]) -> Flow:
    """Groups of rows with '' and, where the rows say -, null."""
    types = {"k": "String", "i": "Integer", "n": "Number", "s": "String", "b": "BigNumber", "t": "String"}
    rows: Any = grid(types, BLANKS)
    for _, described in rows[0][1]:
        described.append(("set_empty_string", "Y" if described[0][1] in "ks" else "N"))
    nulls = [("fields", [("field", [("name", n), ("value", "-")]) for n in "ks"])]
    table = [("field", [("aggregate", c), ("subject", s), ("type", c), ("valuefield", "")]) for s, c in lines]
    options: Any = [("group", [("field", [("name", k)]) for k in keys]), ("fields", table)]
    flow = Flow().step("in", "DataGrid", rows).step("null", "NullIf", nulls).step("g", kind, options)
    return flow.hop("in", "null", "g")


@pytest.mark.parametrize("kind", ["GroupBy", "MemoryGroupBy"])
@pytest.mark.parametrize("keys", [["k"], []], ids=["keyed", "all"])
@pytest.mark.parametrize(("subject", "first"), [("i", 0), ("n", 0), ("s", 2), ("b", 0), ("t", 0)])
def test_states_of_batches_give_what_all_rows_give(kind: str, keys: list[str], subject: str, first: int) -> None:
    lines = [(subject, code) for code in CODES[first : 2 if subject == "t" else None]]
    # a median needs all values, so that no states are kept
    for valued in "NY":
        variables = {"KETTLE_AGGREGATION_MIN_NULL_IS_VALUED": valued}
        direct = blanks(kind, keys, *lines, ("i", "MEDIAN")).run(variables=variables).rows("g")
        for settings in (EngineSettings(), EngineSettings(batch_rows=1), EngineSettings(batch_rows=4), SPILLED):
            found = blanks(kind, keys, *lines).run(settings=settings, variables=variables).rows("g")
            assert found == [row[:-1] for row in direct]


@pytest.mark.parametrize("kind", ["GroupBy", "MemoryGroupBy"])
def test_numbers_are_added_one_after_the_other_as_kettle_does(kind: str) -> None:
    rows = grid({"k": "String", "n": "Number"}, [("a", 10**16), *[("a", 1)] * 9])
    for settings in (EngineSettings(), EngineSettings(batch_rows=3)):
        assert group(kind, ["k"], ("n", "SUM"), rows=rows, settings=settings).column("g", "SUM_n") == [1e16]


def test_memory_group_by_holds_groups_and_not_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    append = group_memory.GroupBuffer.append

    def counted(buffer: group_memory.GroupBuffer, frame: pl.DataFrame) -> None:
        append(buffer, frame)
        held.append(buffer.rows)

    monkeypatch.setattr(group_memory.GroupBuffer, "append", counted)
    rows = grid({"k": "String", "i": "Integer"}, [("ab"[n % 2], n) for n in range(200)])
    done = group("MemoryGroupBy", ["k"], ("i", "SUM"), rows=rows, settings=EngineSettings(batch_rows=5))
    assert done.rows("g") == [("a", 9900), ("b", 10_000)]
    assert max(held) <= 5 * group_memory.BATCHES + 5


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_analytic_query_keeps_only_the_rows_around(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    with_values = group_analytic.AnalyticQuery._with_values

    def counted(step: group_analytic.AnalyticQuery, frame: pl.DataFrame) -> pl.DataFrame:
        seen.append(frame.height)
        return with_values(step, frame)

    monkeypatch.setattr(group_analytic.AnalyticQuery, "_with_values", counted)
    rows = grid({"k": "String", "i": "Integer"}, [("aab"[n // 10], n) for n in range(30)])
    lines = [("i", "LAG", "2"), ("i", "LEAD", "3")]
    done = group("AnalyticQuery", ["k"], *lines, rows=rows, settings=EngineSettings(batch_rows=batch))
    bounds = [(0, 20) if n < 20 else (20, 30) for n in range(30)]
    assert [row[2:] for row in done.rows("g")] == [
        (n - 2 if n - 2 >= low else None, n + 3 if n + 3 < high else None) for n, (low, high) in enumerate(bounds)
    ]
    assert max(seen) <= batch + 2 + 3
