"""Sort rows, Unique rows and Unique rows (hash set), in memory and with everything spilled to disk."""

from typing import Any

import polars as pl
import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError
from assets.kettle.steps.sort_java_hash import row_hashes
from assets.kettle.values.fields import Field, ValueType
from tests.assets.kettle.flow import Flow, grid

ROWS = grid(
    {"id": "Integer", "s": "String", "n": "BigNumber", "x": "Number"},
    [
        (1, "b", "10", 1.5), (2, "B", "9.50", -1), (3, None, None, None), (4, "é", "-2", 0), (5, "_", "10.0", 1.5),
        (6, "B", "-20", 7), (7, "\U0001f600", "0", 2), (8, "\ufb01", "0.001", None), (9, "a", "9.5", 0),
    ],
)  # fmt: skip
SPILLED = EngineSettings(memory_bytes=1, batch_rows=2)
WAYS = pytest.mark.parametrize("settings", [EngineSettings(), SPILLED], ids=["memory", "disk"])


def key(name: str, ascending: str = "Y", case: str = "Y", **more: str) -> tuple[str, Any]:
    return ("field", [("name", name), ("ascending", ascending), ("case_sensitive", case), *more.items()])


def ids(settings: EngineSettings, *keys: tuple[str, Any], unique: str = "N", rows: Any = ROWS) -> list[int]:
    options = [("unique_rows", unique), ("fields", list(keys))]
    done = Flow().step("in", "DataGrid", rows).step("s", "SortRows", options).hop("in", "s").run(settings=settings)
    assert done.counters["s"].read == 9
    found: list[int] = done.column("s", "id")
    return found


@WAYS
def test_text_sorts_by_utf16_units_null_first_and_stable(settings: EngineSettings) -> None:
    assert ids(settings, key("s")) == [3, 2, 6, 5, 9, 1, 4, 7, 8]
    assert ids(settings, key("s", "N")) == [8, 7, 4, 1, 9, 5, 2, 6, 3]


@WAYS
def test_case_is_folded_per_character_so_that_underscore_stays_before_letters(settings: EngineSettings) -> None:
    assert ids(settings, key("s", case="N")) == [3, 5, 9, 1, 2, 6, 4, 7, 8]


@WAYS
def test_numbers_of_any_size_sort_by_value(settings: EngineSettings) -> None:
    assert ids(settings, key("n")) == [3, 6, 4, 7, 8, 2, 9, 1, 5]
    assert ids(settings, key("x", "N"), key("id", "N")) == [6, 7, 5, 1, 9, 4, 2, 8, 3]


@WAYS
def test_only_the_first_of_equal_keys_passes(settings: EngineSettings) -> None:
    assert ids(settings, key("s", case="N"), unique="Y") == [3, 5, 9, 1, 4, 7, 8]


@WAYS
def test_presorted_keys_make_runs_that_are_sorted_alone(settings: EngineSettings) -> None:
    rows = grid(
        {"g": "Integer", "id": "Integer"}, [(2, 3), (2, 1), (1, 9), (1, 4), (2, 7), (2, 5), (1, 2), (1, 1), (1, 0)]
    )
    found = ids(settings, key("g", presorted="Y"), key("id"), rows=rows)
    assert found == [1, 3, 4, 9, 5, 7, 0, 1, 2]


def test_a_missing_sort_field_is_told() -> None:
    with pytest.raises(StepError, match="the sort field 'q' is not in the input"):
        ids(EngineSettings(), key("q"))


DOUBLES = grid(
    {"id": "Integer", "s": "String"}, [(1, "a"), (2, "A"), (3, "a"), (4, "b"), (5, None), (6, None), (7, "a")]
)


def unique(kind: str, settings: EngineSettings, *names: str, case: str = "N", **tags: str) -> Flow:
    fields = ("fields", [("field", [("name", n), ("case_insensitive", case)]) for n in names])
    return Flow().step("in", "DataGrid", DOUBLES).step("u", kind, [fields], **tags).hop("in", "u")


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_unique_drops_and_counts_neighbours(batch: int) -> None:
    settings = EngineSettings(batch_rows=batch)
    done = unique("Unique", settings, "s", case="Y", count_rows="Y", count_field="n").run(settings=settings)
    assert done.rows("u") == [(1, "a", 3), (4, "b", 1), (5, None, 2), (7, "a", 1)]
    done = unique("Unique", settings, "s").run(settings=settings)
    assert done.column("u", "id") == [1, 2, 3, 4, 5, 7]
    assert unique("Unique", settings).run(settings=settings).column("u", "id") == [1, 2, 3, 4, 5, 6, 7]


def test_unique_sends_duplicates_to_the_error_hop_when_told() -> None:
    flow = unique("Unique", EngineSettings(), "s", reject_duplicate_row="Y", error_description="dup")
    flow.step("bad", "Dummy").errors("u", "bad", descriptions_valuename="d", fields_valuename="f", codes_valuename="c")
    done = flow.run()
    assert done.column("u", "id") == [1, 2, 3, 4, 5, 7]
    assert done.rejected("u") == [(6, None, "dup", "s", "UNR001")]


@WAYS
def test_hash_set_drops_duplicates_anywhere_and_counts_them_as_rejected(settings: EngineSettings) -> None:
    done = unique("UniqueRowsByHashSet", settings, "s", store_values="Y").run(settings=settings)
    assert done.column("u", "id") == [1, 2, 4, 5]
    assert done.counters["u"].rejected == 3


def test_hash_set_without_values_confuses_texts_of_one_hash_code() -> None:
    rows = grid({"w": "String"}, [("isohel",), ("epistolaries",), ("Aa",), ("BB",), ("a",)])
    options = [("store_values", "N"), ("fields", [("field", [("name", "w")])])]
    done = Flow().step("in", "DataGrid", rows).step("u", "UniqueRowsByHashSet", options).hop("in", "u").run()
    assert done.column("u", "w") == ["isohel", "Aa", "a"]


def test_hash_codes_are_javas() -> None:
    texts = pl.Series(["hello", "", None, "\U0001f600"])
    # Arrays.hashCode of one value is 31 plus its own hash code
    assert row_hashes([texts], [Field("t")]).to_list() == [31 + 99162322, 31, 31, 31 + 1772899]
    longs = pl.Series([1, -1, 1 << 32])
    assert row_hashes([longs], [Field("i", ValueType.INTEGER)]).to_list() == [32, 31, 32]


@pytest.mark.parametrize(("unique", "expected"), [("N", [3, 1, 2]), ("Y", [3])])
def test_without_keys_all_rows_are_equal_and_keep_their_order(unique: str, expected: list[int]) -> None:
    flow = Flow().step("in", "DataGrid", grid({"n": "Integer"}, [(3,), (1,), (2,)]))
    flow.step("sort", "SortRows", [("unique_rows", unique), ("fields", "")]).hop("in", "sort")
    assert flow.run(settings=EngineSettings(batch_rows=1)).column("sort", "n") == expected


@WAYS
@pytest.mark.parametrize(("kind", "expected"), [("Unique", [5]), ("UniqueRowsByHashSet", [])])
def test_rows_without_fields_are_all_equal(kind: str, expected: list[int], settings: EngineSettings) -> None:
    flow = Flow().step("in", "RowGenerator", [("limit", "5"), ("fields", "")])
    flow.step("u", kind, [("fields", "")], count_rows="Y", count_field="n").hop("in", "u")
    done = flow.run(settings=settings)
    assert done.counters["u"].written == 1 and done.rows("u") == [tuple(expected)]
