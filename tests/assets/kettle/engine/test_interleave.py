"""Rows of several inputs in turn."""

from assets.kettle.engine.run import EngineSettings
from tests.assets.kettle.flow import Flow, grid


def texts(name: str, count: int) -> list[tuple[str]]:
    return [(f"{name}{i}",) for i in range(count)]


def union(**counts: int) -> Flow:
    flow = Flow().step("end", "Dummy")
    for name, count in counts.items():
        flow.step(name, "DataGrid", grid({"n": "String"}, texts(name, count))).hop(name, "end")
    return flow


def test_an_input_that_has_ended_is_taken_out_and_the_one_after_the_next_is_read() -> None:
    flow = union(a=1, b=1, c=1, d=1)
    assert flow.run().column("end", "n") == ["a0", "c0", "b0", "d0"]
    assert flow.run(settings=EngineSettings(batch_rows=1)).column("end", "n") == ["a0", "c0", "b0", "d0"]


def test_blocks_of_500_rows_in_turn() -> None:
    values = union(a=600, b=600).run().column("end", "n")
    assert values[:500] == [f"a{i}" for i in range(500)] and values[500] == "b0" and values[1001] == "a500"
    assert values[1101:] == [f"b{i}" for i in range(501, 600)]


def test_no_row_is_lost_when_one_input_is_far_ahead() -> None:
    rows = [("fields", [("field", [("name", "n"), ("type", "Integer"), ("nullif", "1")])]), ("limit", "25000")]
    flow = Flow().step("a", "RowGenerator", rows).step("b", "DataGrid", grid({"n": "Integer"}, [(2,)] * 5))
    done = flow.step("end", "Dummy").hop("a", "end").hop("b", "end").run(settings=EngineSettings(batch_rows=1000))
    values = done.column("end", "n")
    assert len(values) == 25_005 and values.count(2) == 5 and done.counters["end"].read == 25_005
