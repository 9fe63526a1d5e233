"""A transformation cut into ops gives the rows, their order and the counters of the whole run."""

import itertools
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.kettle.describe import describe
from assets.kettle.engine.part import run_part
from assets.kettle.engine.run import EngineSettings
from assets.kettle.engine.start import new_run, run_transformation
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import to_bytes
from assets.kettle.handover import Sent, Stretch, counters_before
from assets.kettle.pieces import cut
from tests.assets.kettle.flow import Flow, Recorder, grid

NUMBERS = grid({"n": "Integer", "word": "String"}, [(n, f"w{n % 3}") for n in range(2500)])
NAMES = grid({"key": "String", "name": "String"}, [("w0", "zero"), ("w1", "one")])


def filtered(true: str, false: str) -> list[Any]:
    condition = [("negated", "N"), ("leftvalue", "n"), ("function", "<"), ("rightvalue", "")]
    value = [("name", "c"), ("type", "Integer"), ("text", "700"), ("isnull", "N")]
    inner = [("condition", [*condition, ("value", value)])]
    return [("send_true_to", true), ("send_false_to", false), ("compare", inner)]


def split_and_merged() -> Flow:
    return (
        Flow()
        .step("in", "DataGrid", NUMBERS)
        .step("small?", "FilterRows", filtered("small", "large"))
        .step("small", "Dummy")
        .step("large", "Dummy")
        .step("all", "Dummy")
        .step("log", "WriteToLog")
        .hop("in", "small?", "small", "all", "log")
        .hop("small?", "large", "all")
    )


def dealt() -> Flow:
    flow = Flow(distribute=True).step("in", "DataGrid", NUMBERS)
    return flow.step("a", "Dummy").step("b", "Dummy").step("c", "Dummy").hop("in", "a", "c").hop("in", "b", "c")


def copied() -> Flow:
    flow = Flow().step("in", "DataGrid", NUMBERS)
    return flow.step("a", "Dummy").step("b", "Dummy").step("c", "Dummy").hop("in", "a", "c").hop("in", "b", "c")


def looked_up() -> Flow:
    lookup = [
        ("key", [("name", "word"), ("field", "key")]),
        ("value", [("name", "name"), ("rename", "name"), ("default", "?"), ("type", "String")]),
    ]
    flow = Flow().step("in", "DataGrid", NUMBERS).step("names", "DataGrid", NAMES)
    flow.step("look up", "StreamLookup", [("from", "names"), ("lookup", lookup)]).step("out", "Dummy")
    return flow.hop("in", "look up", "out").hop("names", "look up")


def joined() -> Flow:
    keys = [("keys_1", [("key", "word")]), ("keys_2", [("key", "key")])]
    sorting = [("fields", [("field", [("name", "word"), ("ascending", "Y"), ("case_sensitive", "Y")])])]
    flow = Flow().step("in", "DataGrid", NUMBERS).step("names", "DataGrid", NAMES).step("sorted", "SortRows", sorting)
    options = [("join_type", "LEFT OUTER"), ("step1", "sorted"), ("step2", "names"), *keys]
    return flow.step("join", "MergeJoin", options).hop("in", "sorted", "join").hop("names", "join")


def failing() -> Flow:
    meta = [("meta", [("name", "word"), ("rename", "word"), ("type", "Integer")])]
    rows = grid({"n": "Integer", "word": "String"}, [(n, "x" if n % 7 == 0 else str(n)) for n in range(1500)])
    flow = Flow().step("in", "DataGrid", rows).step("convert", "SelectValues", [("fields", meta)])
    flow.step("good", "Dummy").step("bad", "Dummy").hop("in", "convert", "good")
    return flow.errors("convert", "bad", descriptions_valuename="why", nr_valuename="count", codes_valuename="code")


@pytest.mark.parametrize("make", [split_and_merged, dealt, copied, looked_up, joined, failing])
def test_cut_into_ops_everything_is_as_in_one_run(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "flow.ktr"
    path.write_bytes(to_bytes(make().model))
    settings = EngineSettings()
    info = describe(path)
    assert info.problems == []
    targets = {n: [t for s, t in info.hops if s == n] for n in info.order}
    pieces = cut(info.order, targets, [s.name for s in info.steps if s.alone], None)
    assert len(pieces.alone) >= 2
    whole, cuts = Recorder(), Recorder()
    expected = run_transformation(read_transformation(path), settings=settings, observer=whole)
    sent: dict[str, Sent] = {}
    for steps in [*((name,) for name in pieces.alone), pieces.last]:
        run = new_run(read_transformation(path), settings=settings, observer=cuts)
        run.counters.update(counters_before(sent))
        feeds = {(s, t): sent[s].stretch.portions[s, t] for s, t in info.hops if t in steps and s not in steps}
        done = run_part(run, steps, feeds)
        stretch = Stretch(tuple(steps), "", tmp_path / "rows" / steps[0], done.sent, run.counters)
        for name in steps:  # over the disk, as between processes
            sent[name] = pickle.loads(pickle.dumps(Sent(name, stretch)))
    assert whole.frames.keys() == cuts.frames.keys()
    for key, frames in whole.frames.items():
        assert pl.concat(frames).equals(pl.concat(cuts.frames[key])), key
    counted = counters_before(sent)
    for name, counters in expected.steps.items():
        assert asdict(counters) | {"seconds": 0} == asdict(counted[name]) | {"seconds": 0}, name


def test_what_writes_and_what_follows_it_stays_together() -> None:
    order = ["in", "a", "write", "after", "side"]
    targets = {"in": ["a", "side"], "a": ["write"], "write": ["after"]}
    pieces = cut(order, targets, {"in", "a", "after", "side"}, None)
    assert pieces.alone == ("in", "a", "side")
    assert pieces.last == ("write", "after")


def test_beyond_the_limit_there_is_one_piece() -> None:
    order = [f"s{n}" for n in range(5)]
    targets = {a: [b] for a, b in itertools.pairwise(order)}
    assert cut(order, targets, order, 4).alone == ()
    assert cut(order, targets, order, 5).alone == tuple(order[:-1])
