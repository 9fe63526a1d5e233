"""Select values: the three tabs, what becomes of the metadata, conversions that fail."""

import pytest

from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, grid

ROWS = grid({"a": "String", "b": "Integer", "c": "Number"}, [("x", 1, 1.5), ("y", 2, 2.5)])


def select(*fields: tuple[str, str], unspecified: str = "N") -> list[tuple[str, object]]:
    chosen = [("field", [("name", n), ("rename", r), ("length", "-2"), ("precision", "-2")]) for n, r in fields]
    return [("fields", [*chosen, ("select_unspecified", unspecified)])]


def meta(name: str, kind: str, **tags: str) -> list[tuple[str, object]]:
    return [
        ("fields", [("meta", [("name", name), ("type", kind), ("length", "-2"), ("precision", "-2"), *tags.items()])])
    ]


def flow(options: list[tuple[str, object]]) -> Flow:
    return Flow().step("in", "DataGrid", ROWS).step("sel", "SelectValues", options).hop("in", "sel")


def test_it_chooses_renames_orders_and_sorts_the_rest_by_name() -> None:
    done = flow(select(("c", "price"), ("a", ""))).run()
    assert done.layouts["sel"] == ["price", "a"] and done.rows("sel") == [(1.5, "x"), (2.5, "y")]
    assert flow(select(("c", ""), unspecified="Y")).run().layouts["sel"] == ["c", "a", "b"]


def test_it_removes_fields_and_finds_names_in_any_case() -> None:
    done = flow([("fields", [("remove", [("name", "B")])])]).run()
    assert done.layouts["sel"] == ["a", "c"]


def test_it_converts_with_the_mask() -> None:
    done = flow(meta("c", "String", conversion_mask="0.00", rename="text")).run()
    assert done.layouts["sel"] == ["a", "b", "text"] and done.column("sel", "text") == ["1.50", "2.50"]


def test_a_missing_field_and_a_field_selected_twice_are_told() -> None:
    with pytest.raises(StepError, match=r"field 'z' is not in the input\n.*there are: a, b, c"):
        flow(select(("z", ""))).run()
    with pytest.raises(StepError, match="selected twice"):
        flow(select(("a", "q"), ("b", "Q"))).run()


def test_lineage_tells_renames_and_conversions() -> None:
    from assets.kettle.engine.start import prepare

    with prepare(flow(meta("c", "String", conversion_mask="0.00", rename="text")).model) as engine:
        derived = engine.nodes["sel"].step.derive()
    assert derived["text"].sources[0].field == "c"
    assert "renamed from c" in derived["text"].words and "0.00" in derived["text"].words
