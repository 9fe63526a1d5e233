"""Rows of several inputs in turn."""

from assets.kettle.engine.run import EngineSettings
from tests.assets.kettle.flow import Flow, grid


def test_one_row_of_each_input_in_turn_until_one_ends() -> None:
    flow = Flow().step("a", "DataGrid", grid({"n": "String"}, [("a1",), ("a2",), ("a3",)]))
    flow.step("b", "DataGrid", grid({"n": "String"}, [("b1",)])).step("end", "Dummy").hop("a", "end").hop("b", "end")
    assert flow.run().column("end", "n") == ["a1", "b1", "a2", "a3"]
    assert flow.run(settings=EngineSettings(batch_rows=1)).column("end", "n") == ["a1", "b1", "a2", "a3"]


def test_no_row_is_lost_when_one_input_is_far_ahead() -> None:
    rows = [("fields", [("field", [("name", "n"), ("type", "Integer"), ("nullif", "1")])]), ("limit", "25000")]
    flow = Flow().step("a", "RowGenerator", rows).step("b", "DataGrid", grid({"n": "Integer"}, [(2,)] * 5))
    done = flow.step("end", "Dummy").hop("a", "end").hop("b", "end").run(settings=EngineSettings(batch_rows=1000))
    values = done.column("end", "n")
    assert len(values) == 25_005 and values.count(2) == 5 and done.counters["end"].read == 25_005
