"""Row denormaliser, Row normaliser and Row flattener."""

from typing import Any

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, grid

SPILLED = EngineSettings(memory_bytes=1, batch_rows=2)
WAYS = pytest.mark.parametrize("settings", [EngineSettings(), SPILLED], ids=["memory", "disk"])
PAIRS = grid(
    {"g": "Integer", "k": "String", "v": "String", "other": "String"},
    [
        (1, "name", "Bob", "o1"), (1, "age", "42", "o2"), (1, "age", "8", "o3"), (2, "name", "Al", "o4"),
        (1, "name", "Zed", "o5"), (3, "unknown", "?", "o6"), (4, "age", "NA", "o7"),
    ],
)  # fmt: skip


def denormalise(rows: Any, *targets: tuple[str, ...], settings: EngineSettings | None = None) -> list[tuple[Any, ...]]:
    table = []
    for key, name, kind, function, null in targets:
        tags = {"field_name": "v", "key_value": key, "target_name": name, "target_type": kind}
        table.append(("field", [*tags.items(), ("target_aggregation_type", function), ("target_null_string", null)]))
    options = [("key_field", "k"), ("group", [("field", [("name", "g")])]), ("fields", table)]
    flow = Flow().step("in", "DataGrid", rows).step("d", "Denormaliser", options).hop("in", "d")
    return flow.run(settings=settings).rows("d")


@WAYS
def test_the_last_value_of_a_run_wins_and_other_fields_are_of_its_last_row(settings: EngineSettings) -> None:
    found = denormalise(PAIRS, ("name", "n", "String", "-", ""), ("age", "a", "Integer", "-", "na"), settings=settings)
    assert found == [
        (1, "o3", "Bob", 8),
        (2, "o4", "Al", None),
        (1, "o5", "Zed", None),
        (3, "o6", None, None),
        (4, "o7", None, None),
    ]


def test_functions() -> None:
    rows = grid(
        {"g": "Integer", "k": "String", "v": "Integer"},
        [(1, "a", 10), (1, "a", 5), (1, "b", 7), (1, "a", None), (2, "b", 1), (2, "b", 2), (3, "a", None)],
    )
    found = denormalise(
        rows, ("a", "s", "Integer", "SUM", ""),
        ("b", "m", "Number", "AVERAGE", ""), ("a", "i", "Integer", "AVERAGE", ""),
        ("a", "lo", "Integer", "MIN", ""), ("b", "hi", "Integer", "MAX", ""), ("a", "c", "Integer", "COUNT_ALL", ""),
        ("b", "t", "String", "CONCAT_COMMA", ""), ("a", "z", "BigNumber", "SUM", ""),
    )  # fmt: skip
    assert found == [
        (1, 15, 7.0, 7, 5, 7, 3, "7", "15"),
        (2, None, 1.5, None, None, 2, 0, "1,2", None),
        (3, None, None, None, None, None, 1, None, None),
    ]


def test_a_value_that_does_not_fit_its_target_is_told() -> None:
    with pytest.raises(StepError, match="field 'v'"):
        denormalise(PAIRS, ("name", "n", "Integer", "-", ""))


def normalise(*lines: tuple[str, str, str]) -> Flow:
    fields = [("field", [("name", n), ("value", v), ("norm", t)]) for n, v, t in lines]
    types = {"id": "Integer", "q1": "Integer", "q2": "Integer", "c1": "String", "c2": "String"}
    flow = Flow().step("in", "DataGrid", grid(types, [(1, 10, 20, "a", "b"), (2, None, 5, None, "c")]))
    return flow.step("n", "Normaliser", [("typefield", "t"), ("fields", fields)]).hop("in", "n")


def test_columns_become_rows_one_per_type_value() -> None:
    lines = [("q1", "one", "amount"), ("c1", "one", "code"), ("q2", "two", "amount"), ("c2", "two", "code")]
    done = normalise(*lines).run()
    assert done.layouts["n"] == ["id", "t", "amount", "code"]
    assert done.rows("n") == [(1, "one", 10, "a"), (1, "two", 20, "b"), (2, "one", None, None), (2, "two", 5, "c")]
    with pytest.raises(StepError, match="do not fit the new fields"):
        normalise(("q1", "one", "amount"), ("c2", "two", "amount")).run()


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_flattener_takes_values_by_their_count(batch: int) -> None:
    options = [("field_name", "v"), ("fields", [("field", [("name", "v1")]), ("field", [("name", "v2")])])]
    rows = grid({"v": "String", "r": "Integer"}, [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)])
    flow = Flow().step("in", "DataGrid", rows).step("f", "Flattener", options).hop("in", "f")
    done = flow.run(settings=EngineSettings(batch_rows=batch))
    assert done.rows("f") == [(2, "a", "b"), (4, "c", "d"), (5, "e", None)]
