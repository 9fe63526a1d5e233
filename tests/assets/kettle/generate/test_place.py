"""Parts go where they are told, come out again, and leave what people made as it was."""

import pytest

from assets.kettle.diff import diff
from assets.kettle.errors import KettleError
from assets.kettle.files.edit import set_text
from assets.kettle.files.new import new_transformation
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import copied, to_bytes
from assets.kettle.generate.conditions import Compare, IsNull
from assets.kettle.generate.filters import filter_part, unique_part
from assets.kettle.generate.joins import Found, Key, lookup_part
from assets.kettle.generate.mappings import mapper_part
from assets.kettle.generate.marks import edited, mark_of, parts
from assets.kettle.generate.part import Made, Part, chain
from assets.kettle.generate.place import After, Before, Between, put, take_out
from assets.kettle.model import Hop, Transformation
from assets.kettle.values.fields import ValueType
from tests.assets.kettle.flow import Flow
from tests.assets.kettle.generate.helpers import Table, base, run, source

ROWS: Table = ({"id": "Integer", "s": "String"}, [(1, "a"), (2, "b"), (3, "a")])
TYPES = {"id": ValueType.INTEGER, "s": ValueType.STRING}
MAP = mapper_part("m", "s", {"a": "A"}, name="my map")


def _drawn(text: str) -> Transformation:
    return read_transformation(text.encode())


def _hops(model: Transformation) -> set[tuple[str, str]]:
    return {(h.source, h.target) for h in model.hops}


def test_on_a_hop_behind_and_before_a_step() -> None:
    flow = base(ROWS).step("second", "Dummy").hop("in", "second")
    flow.model.steps["in"].options.element.find("distribute").text = "N"
    assert _hops(put(flow.model, MAP, Between("in", "out"))) == {("in", "my map"), ("my map", "out"), ("in", "second")}
    assert _hops(put(flow.model, MAP, After("in"))) == {("in", "my map"), ("my map", "out"), ("my map", "second")}
    joined = base(ROWS)
    joined = source(joined, "more", ROWS).hop("more", "out")
    assert _hops(put(joined.model, MAP, Before("out"))) == {("in", "my map"), ("more", "my map"), ("my map", "out")}
    for spot in (Between("out", "in"), After("nowhere"), Before("nowhere")):
        with pytest.raises(KettleError, match="there is no"):
            put(flow.model, MAP, spot)


def test_steps_that_name_their_neighbours_follow() -> None:
    flow = source(base(ROWS), "side", ROWS)
    condition = [("condition", [("negated", "N"), ("leftvalue", "id"), ("function", "IS NOT NULL")])]
    flow.step("f", "FilterRows", [("send_true_to", "l"), ("send_false_to", "no"), ("compare", condition)]).step(
        "no", "Dummy"
    )
    lookup = [("key", [("name", "id"), ("field", "id")]), ("value", [("name", "s"), ("rename", "found")])]
    flow.step("l", "StreamLookup", [("from", "side"), ("lookup", lookup)]).hop("out", "f", "l").hop("f", "no").hop(
        "side", "l"
    )
    model = put(flow.model, MAP, Between("f", "l"))
    model = put(model, mapper_part("m2", "s", {"b": "B"}), Between("side", "l"))
    assert model.steps["f"].options.text("send_true_to") == "my map"
    assert model.steps["l"].options.text("from") == "map s"
    assert sorted(run(model).rows("l")) == [(1, "A", "a"), (2, "b", "B"), (3, "A", "a")]
    assert to_bytes(take_out(take_out(model, "m2"), "m")).count(b"<step>") == to_bytes(flow.model).count(b"<step>")
    assert sorted(run(take_out(take_out(model, "m2"), "m")).rows("l")) == sorted(run(flow.model).rows("l"))
    with pytest.raises(KettleError, match="name the hop"):
        put(flow.model, MAP, After("f"))


def test_names_are_unique_and_places_do_not_cover_each_other() -> None:
    flow = base(ROWS).step("My Map", "Dummy")
    for name, x in (("in", 100), ("out", 300), ("My Map", 228)):
        set_text(flow.model, name, "GUI/xloc", str(x))
        set_text(flow.model, name, "GUI/yloc", "100")
    model = put(flow.model, MAP, Between("in", "out"))
    assert parts(model) == {"m": {"map": "my map 2"}}
    model = put(model, filter_part("f", Compare("id", ">", 1), TYPES), Between("my map 2", "out"))
    places = [(s.options.text("GUI/xloc"), s.options.text("GUI/yloc")) for s in model.steps.values()]
    assert len(set(places)) == len(places) == 7
    assert not diff(flow.model, model).moves
    assert run(model).column("out", "id") == [2, 3]


def test_a_part_is_made_again_where_people_left_it() -> None:
    model = put(base(ROWS).model, MAP, Between("in", "out"))
    set_text(model, "my map", "GUI/xloc", "777")
    set_text(model, "my map", "description", "a word of mine")
    changed = mapper_part("m", "s", {"a": "B"}, name="other name")
    again = put(model, changed, After("in"))
    assert _hops(again) == _hops(model)
    node = again.steps["my map"]
    assert (node.options.text("GUI/xloc"), node.options.text("description")) == ("777", "a word of mine")
    assert [(n.name, n.change) for n in diff(model, again).steps] == [("my map", "changed")]
    assert run(again).column("out", "s") == ["B", "b", "B"]
    assert mark_of(node)["part"] == "m" and mark_of(again.steps["in"]) == {}


def test_what_was_changed_by_hand_is_not_overwritten_unasked() -> None:
    model = put(base(ROWS).model, MAP, Between("in", "out"))
    set_text(model, "my map", "non_match_default", "mine")
    assert edited(model, "m") == ["my map"]
    with pytest.raises(KettleError, match="'my map' were changed by hand"):
        put(model, MAP)
    assert edited(put(model, MAP, overwrite=True), "m") == []


def test_a_part_that_grows_and_shrinks_stays_connected() -> None:
    one = chain("p", Made("a", "a", "Dummy"))
    three = chain("p", Made("first", "first", "Dummy"), Made("a", "a", "Dummy"), Made("last", "last", "Dummy"))
    model = put(base(ROWS).model, one, Between("in", "out"))
    grown = put(model, three)
    assert _hops(grown) == {("in", "first"), ("first", "a"), ("a", "last"), ("last", "out")}
    assert _hops(put(grown, one)) == _hops(model) == {("in", "a"), ("a", "out")}
    assert _hops(put(model, chain("p", Made("b", "b", "Dummy")))) == {("in", "b"), ("b", "out")}
    assert [h for h in take_out(grown, "p").hops] == [Hop("in", "out")]
    with pytest.raises(KettleError, match="no part 'q'"):
        take_out(grown, "q")


def test_error_handling_comes_and_goes_with_the_part() -> None:
    model = put(base(ROWS).model, unique_part("u", ["s"]), Between("in", "out"))
    assert model.steps["unique rows"].error is not None
    assert [row[0] for row in run(model).rejected("unique rows")] == [3]
    assert take_out(model, "u").document.root.find("step_error_handling/error") is None
    assert run(take_out(model, "u")).column("out", "id") == [1, 2, 3]


def test_side_streams_get_a_copy_of_the_rows() -> None:
    flow = source(base(ROWS), "side", ROWS).step("seen", "Dummy").hop("side", "seen")
    set_text(flow.model, "side", "distribute", "Y")
    key = Key("id", "id", ValueType.INTEGER, ValueType.INTEGER)
    model = put(flow.model, lookup_part("l", "side", [key], [Found("s", ValueType.STRING, "t")]), Between("in", "out"))
    out = run(model)
    assert out.column("out", "t") == ["a", "b", "a"] and out.column("seen", "id") == [1, 2, 3]
    dealing = flow.step("also", "Dummy").hop("side", "also").model
    with pytest.raises(KettleError, match="deals its rows out"):
        put(dealing, lookup_part("l", "side", [key], [Found("s", ValueType.STRING, "t")]), Between("in", "out"))


def test_untouched_bytes_stay_whatever_their_spelling() -> None:
    text = to_bytes(base(ROWS).model).decode()
    text = text.replace("<name>out</name>", "<name>o&#x75;t</name>").replace(
        "<description/>", "<description></description>"
    )
    text = text.replace("<order>", "<!-- mine --><order>").replace("\n", "\r\n")
    model = _drawn(text)
    written = to_bytes(put(model, MAP, Between("in", "out"))).decode()
    lines = written.split("\r\n")
    missing = [line for line in text.split("\r\n") if line not in lines]
    assert missing == []
    assert "<!-- mine -->" in written and "<name>o&#x75;t</name>" in written


def test_into_a_new_transformation_and_never_into_hop() -> None:
    model = put(new_transformation("new"), filter_part("f", IsNull("s"), TYPES))
    assert list(model.steps) == ["filter rows", "filter rows: accepted", "filter rows: rejected"]
    hop = copied(Flow().step("a", "Dummy").model)
    hop.kind = "hpl"
    with pytest.raises(KettleError, match="Hop file"):
        put(hop, MAP)
    with pytest.raises(KettleError, match="name each role once"):
        Part("p", (Made("a", "a", "Dummy"),), (("a", "b"),), "a", "a")


def test_steps_renamed_in_the_editor_are_found_again() -> None:
    part = filter_part("f", Compare("id", ">", 1), TYPES)
    text = to_bytes(put(base(ROWS).model, part, Between("in", "out"))).decode().replace("filter rows: accepted", "good")
    model = _drawn(text)
    assert edited(model, "f") == [] and to_bytes(put(model, part)).decode() == text
    changed = put(model, filter_part("f", Compare("id", ">", 2), TYPES))
    assert [n.name for n in diff(model, changed).steps] == ["filter rows"]
    assert run(changed).column("out", "id") == [3]
