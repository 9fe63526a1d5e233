"""What goes through memory, what is written, and what the journal gives back."""

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from orchestration.executors._compat import create_execution_plan
from orchestration.executors.handover import Handover
from orchestration.executors.journal import Journal


@dg.op(out={"frame": dg.Out(), "rows": dg.Out()})
def make():
    yield dg.Output([1], "frame")
    yield dg.Output(1, "rows")


@dg.op
def one(frame: list) -> None: ...


@dg.op
def two(frame: list, rows: int) -> None: ...


@dg.job
def shared() -> None:
    frame, rows = make()
    one(frame)
    two(frame, rows)


def handover(tmp_path: Path, *steps: str, keep: Any = "journal") -> Handover:
    plan = create_execution_plan(shared, step_keys_to_execute=list(steps))
    return Handover(plan, shared, "run", Journal(str(tmp_path)), keep)


def test_only_what_leaves_the_bundle_is_written(tmp_path: Path) -> None:
    routes = handover(tmp_path, "make", "one").routes
    assert (routes[("make", "frame")].written, routes[("make", "frame")].inside) == (True, {"one"})
    assert (routes[("make", "rows")].written, routes[("make", "rows")].inside) == (True, set())
    routes = handover(tmp_path, "make", "one", "two").routes
    assert (routes[("make", "frame")].written, routes[("make", "frame")].inside) == (False, {"one", "two"})


def test_consumers_of_a_mutable_value_get_copies(tmp_path: Path) -> None:
    values = handover(tmp_path, "make", "one", "two")
    given: list[int] = [1]
    assert values.store(("make", "frame"), given) is False
    values.load("run", ("make", "frame")).append(2)
    assert values.load("run", ("make", "frame")) == [1]
    values._consumed("one")
    assert values.load("run", ("make", "frame")) is given  # the last one may have the value itself
    values._consumed("two")
    assert values.values == {} and not values.journal.has("run", ("make", "frame"))


def test_frames_are_not_copied(tmp_path: Path) -> None:
    values = handover(tmp_path, "make", "one", "two")
    frame = pl.DataFrame({"a": [1]})
    values.store(("make", "frame"), frame)
    assert values.load("run", ("make", "frame")) is frame


@pytest.mark.parametrize("keep", ["journal", "memory"])
def test_a_value_that_cannot_be_pickled_stays_in_memory(tmp_path: Path, keep: str) -> None:
    values = handover(tmp_path, "make", "one", "two", keep=keep)
    lines = (line for line in "ab")
    assert values.store(("make", "frame"), lines) is False
    values._consumed("one")
    assert values.load("run", ("make", "frame")) is lines
    list(values.watch(iter(())))
    assert not values.journal.has("run", ("make", "frame"))


def test_memory_mode_journals_only_what_failed_steps_need(tmp_path: Path) -> None:
    values = handover(tmp_path, "make", "one", "two", keep="memory")
    values.store(("make", "frame"), [1])
    assert not values.journal.has("run", ("make", "frame"))
    list(values.watch(iter(())))
    assert values.journal.read("run", ("make", "frame")) == [1]


@pytest.mark.parametrize(
    "value",
    [
        pl.DataFrame({"a": [1, None], "b": ["x", "y"]}),
        pa.table({"a": [1, 2]}),
        {"any": {1, 2}},
        None,
    ],
    ids=["polars", "arrow", "pickle", "none"],
)
@pytest.mark.parametrize("root", ["{folder}", "memory://journal"])
def test_the_journal_gives_back_what_it_was_given(tmp_path: Path, value: Any, root: str) -> None:
    journal = Journal(root.format(folder=tmp_path))
    handle = ("graph.step[a/b]", "result")
    journal.write("run", handle, "something of another type")
    journal.write("run", handle, value)
    found = journal.read("run", handle)
    if isinstance(value, pl.DataFrame):
        assert_frame_equal(found, value)
    else:
        assert type(found) is type(value) and found == value
    journal.drop("run", handle)
    with pytest.raises(KeyError):
        journal.read("run", handle)
    journal.write("run", handle, 1)
    journal.drop_run("run")
    assert not journal.has("run", handle)


def test_only_old_runs_are_forgotten(tmp_path: Path) -> None:
    import os
    import uuid

    old, new = str(uuid.uuid4()), str(uuid.uuid4())
    journal = Journal(str(tmp_path))
    (tmp_path / "of somebody else").mkdir()
    for run in (old, new):
        journal.write(run, ("step", "result"), 1)
    for name in (old, "of somebody else"):
        os.utime(tmp_path / name, (0, 0))
    journal.drop_old()
    assert {p.name for p in tmp_path.iterdir()} == {new, "of somebody else"}


def test_an_asset_is_always_written_and_custom_managers_see_everything(tmp_path: Path) -> None:
    @dg.asset
    def raw() -> int:
        return 1

    @dg.asset
    def below(raw: int) -> int:
        return raw + 1

    job = dg.Definitions([raw, below]).resolve_implicit_global_asset_job_def()
    plan = create_execution_plan(job)
    values = Handover(plan, job, "run", Journal(str(tmp_path)), "journal")
    assert values.routes[("raw", "result")].written and values.routes[("raw", "result")].inside == {"below"}

    class Own(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: object) -> None: ...

        def load_input(self, context: dg.InputContext) -> None: ...

    own = Own()
    assert values.wrap(own) is own
    own.hands_over = True  # type: ignore[attr-defined]
    assert values.wrap(own) is not own
