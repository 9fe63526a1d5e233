"""How rows flow: copies, deals, errors, order, ends."""

from pathlib import Path

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError, StepError, UnsupportedStepError
from assets.kettle.model import Hop
from tests.assets.kettle.flow import Flow, grid

NUMBERS = grid({"n": "Integer"}, [(i,) for i in range(7)])


def convert(name: str, kind: str) -> list[tuple[str, object]]:
    return [("fields", [("meta", [("name", name), ("type", kind), ("length", "-2"), ("precision", "-2")])])]


def test_rows_are_copied_to_every_target_and_counted_per_target() -> None:
    done = (
        Flow().step("in", "DataGrid", NUMBERS).step("a", "Dummy").step("b", "Dummy").hop("in", "a").hop("in", "b").run()
    )
    assert done.column("a", "n") == done.column("b", "n") == list(range(7))
    assert done.counters["in"].written == 14 and done.counters["a"].read == 7


def test_rows_are_dealt_one_by_one_also_over_batch_borders() -> None:
    flow = Flow(distribute=True).step("in", "DataGrid", NUMBERS).step("a", "Dummy").step("b", "Dummy")
    done = flow.hop("in", "a").hop("in", "b").run(settings=EngineSettings(batch_rows=3))
    assert done.column("a", "n") == [0, 2, 4, 6] and done.column("b", "n") == [1, 3, 5]
    assert done.counters["in"].written == 7


def test_a_disabled_hop_is_not_there_and_a_step_with_only_such_does_not_run() -> None:
    flow = Flow().step("in", "DataGrid", NUMBERS).step("a", "Dummy").step("b", "Dummy").hop("in", "a").hop("in", "b")
    flow.model.hops[1] = Hop("in", "b", enabled=False)
    done = flow.run()
    assert "b" not in done.counters and done.counters["in"].written == 7


def test_failing_rows_take_the_error_hop_with_the_wanted_fields() -> None:
    flow = Flow().step("in", "DataGrid", grid({"s": "String"}, [("1",), ("x",), ("3",)]))
    flow.step("conv", "SelectValues", convert("s", "Integer")).step("ok", "Dummy").step("bad", "Dummy")
    flow.hop("in", "conv", "ok")
    done = flow.errors(
        "conv", "bad", nr_valuename="nr", descriptions_valuename="why", fields_valuename="f", codes_valuename="code"
    ).run()
    assert done.column("ok", "s") == [1, 3]
    ((value, count, why, name, code),) = done.rows("bad")
    assert (value, count, name, code) == ("x", 1, "s", "SELECT001") and "x" in why
    assert done.counters["conv"].rejected == 1 and done.counters["conv"].written == 2


def test_without_an_error_hop_the_message_names_step_field_value_and_row() -> None:
    flow = (
        Flow()
        .step("in", "DataGrid", grid({"s": "String"}, [("x",)]))
        .step("conv", "SelectValues", convert("s", "Integer"))
    )
    with pytest.raises(StepError, match=r"step 'conv'.*x.*row: s='x'"):
        flow.hop("in", "conv").run()


def test_too_many_errors_end_the_run() -> None:
    flow = Flow().step("in", "DataGrid", grid({"s": "String"}, [("x",), ("y",), ("z",)]))
    flow.step("conv", "SelectValues", convert("s", "Integer")).step("bad", "Dummy").hop("in", "conv")
    with pytest.raises(StepError, match="more than 2 rows failed"):
        flow.errors("conv", "bad", max_errors="2").run()


@pytest.mark.parametrize(("percent", "least", "fails"), [("50", "", True), ("70", "", False), ("50", "4", False)])
def test_too_many_rejects_in_per_cent_end_the_run(percent: str, least: str, fails: bool) -> None:
    flow = Flow().step("in", "DataGrid", grid({"s": "String"}, [("x",), ("y",), ("1",)]))
    flow.step("conv", "SelectValues", convert("s", "Integer")).step("bad", "Dummy").hop("in", "conv")
    flow.errors("conv", "bad", max_pct_errors=percent, min_pct_rows=least)
    if not fails:
        assert len(flow.run().rejected("conv")) == 2
        return
    with pytest.raises(StepError, match="more than 50 % of the rows failed"):
        flow.run()


def test_inputs_are_read_by_position_and_must_have_as_many_fields() -> None:
    flow = (
        Flow()
        .step("a", "DataGrid", grid({"x": "Integer"}, [(1,)]))
        .step("b", "DataGrid", grid({"y": "Integer"}, [(2,)]))
    )
    done = flow.step("both", "Dummy").hop("a", "both").hop("b", "both").run()
    assert sorted(done.column("both", "x")) == [1, 2]
    flow = Flow().step("a", "DataGrid", grid({"x": "Integer"}, [(1,)]))
    flow.step("b", "DataGrid", grid({"y": "Integer", "z": "Integer"}, [(2, 3)])).step("both", "Dummy")
    with pytest.raises(StepError, match="its inputs differ: 'a' sends"):
        flow.hop("a", "both").hop("b", "both").run()


def test_a_loop_an_unknown_type_and_an_unknown_step_are_told() -> None:
    flow = Flow().step("a", "Dummy").step("b", "Dummy").hop("a", "b").hop("b", "a")
    with pytest.raises(KettleError, match="the hops form a loop through a, b"):
        flow.run()
    with pytest.raises(UnsupportedStepError, match="step 'a' is of type Nothing"):
        Flow().step("a", "Nothing").run()
    flow = Flow().step("a", "Dummy")
    flow.model.hops.append(Hop("a", "gone"))
    with pytest.raises(KettleError, match="'gone', which is not there"):
        flow.run()


def test_steps_that_wait_for_each_other_are_told_instead_of_hanging() -> None:
    def wait(name: str) -> list[tuple[str, object]]:
        return [("steps", [("step", [("name", name)])])]

    flow = Flow().step("in", "DataGrid", NUMBERS).step("a", "BlockUntilStepsFinish", wait("b"))
    flow.step("b", "BlockUntilStepsFinish", wait("a")).hop("in", "a").hop("in", "b")
    with pytest.raises(KettleError, match="a, b wait for each other"):
        flow.run()


def test_rows_held_back_go_on_after_the_named_step_and_spill_past_the_memory_limit(tmp_path: Path) -> None:
    rows = [("fields", [("field", [("name", "n"), ("type", "Integer"), ("nullif", "5")])]), ("limit", "20000")]
    flow = Flow().step("first", "RowGenerator", rows).step("second", "DataGrid", NUMBERS)
    flow.step("wait", "BlockUntilStepsFinish", [("steps", [("step", [("name", "second")])])]).step("end", "Dummy")
    flow.hop("first", "wait", "end")
    done = flow.run(settings=EngineSettings(batch_rows=1000, memory_bytes=16_000, temp_dir=tmp_path))
    assert len(done.rows("end")) == 20_000
    assert list(tmp_path.iterdir()) == []


def test_several_copies_share_the_rows_and_a_source_says_all_from_each() -> None:
    flow = Flow(distribute=True).step("in", "DataGrid", NUMBERS).step("block", "BlockingStep", pass_all_rows="Y")
    done = flow.hop("in", "block").copies("block", "3").run()
    assert sorted(done.column("block", "n")) == list(range(7))
    done = Flow().step("in", "DataGrid", NUMBERS).step("end", "Dummy").hop("in", "end").copies("in", "2").run()
    assert len(done.rows("end")) == 14
    with pytest.raises(StepError, match="the number of copies is"):
        Flow().step("in", "DataGrid", NUMBERS).copies("in", "${NONE}").run()


def test_abort_with_error_fails_and_a_safe_stop_lets_rows_arrive() -> None:
    def flow(kind: str) -> Flow:
        made = (
            Flow()
            .step("in", "DataGrid", NUMBERS)
            .step("stop", "Abort", abort_option=kind, row_threshold="2", message="no more")
        )
        return made.step("end", "Dummy").hop("in", "stop").hop("in", "end")

    with pytest.raises(StepError, match="no more"):
        flow("ABORT_WITH_ERROR").run()
    done = flow("SAFE_STOP").run()
    assert len(done.rows("end")) == 7 and done.result.ok


def test_the_same_rows_whatever_the_batch_size() -> None:
    flow = Flow().step("in", "DataGrid", NUMBERS).step("keep", "BlockingStep", pass_all_rows="Y").step("end", "Dummy")
    flow.hop("in", "keep", "end")
    assert flow.run(settings=EngineSettings(batch_rows=1)).rows("end") == flow.run().rows("end")


def test_a_step_that_no_row_can_reach_does_nothing_whatever_its_options_say() -> None:
    keys = [("fields", [("field", [("name", "nowhere")])])]
    flow = Flow().step("in", "DataGrid", grid({"i": "Integer"}, [(1,)])).step("alone", "SortRows", keys)
    flow.step("first", "SortRows", keys).step("second", "SortRows", keys).hop("first", "second")
    done = flow.run()
    assert done.rows("in") == [(1,)] and done.rows("alone") == done.rows("second") == []
    with pytest.raises(StepError, match="nowhere"):
        flow.hop("in", "alone").run()


def test_every_copy_gets_the_rows_of_a_source_that_copies() -> None:
    flow = Flow().step("in", "DataGrid", grid({"i": "Integer"}, [(1,), (2,)])).step("x", "Dummy").hop("in", "x")
    done = flow.copies("x", "3").run()
    assert sorted(done.column("x", "i")) == [1, 1, 1, 2, 2, 2]
    assert (done.counters["in"].written, done.counters["x"].read) == (6, 6)
    dealt = Flow(distribute=True).step("in", "DataGrid", grid({"i": "Integer"}, [(1,), (2,)])).step("x", "Dummy")
    assert sorted(dealt.hop("in", "x").copies("x", "3").run().column("x", "i")) == [1, 2]
