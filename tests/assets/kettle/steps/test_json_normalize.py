"""JSON normalize input: records flattened into fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.errors import StepError
from assets.kettle.files.new import Settings
from tests.assets.kettle.flow import Flow, grid

EVENTS = {
    "events": [
        {"id": 1, "meta": {"ip": "1.2", "geo": {"c": "NL"}}, "tags": ["a", {"b": 1}]},
        {"id": 2, "meta": None, "tags": ["x"]},
    ]
}


def options(*fields: tuple[str, str], **tags: str) -> Settings:
    described = [("field", [("name", n), ("path", p), ("type", "String")]) for n, p in fields]
    return [*{"recordPath": "$.events[*]", "ignoreMissingField": "Y", **tags}.items(), ("fields", described)]


def from_field(document: Any, settings: Settings) -> list[tuple[Any, ...]]:
    flow = Flow().step("in", "DataGrid", grid({"json": "String"}, [(json.dumps(document),)]))
    source = [("IsInFields", "Y"), ("valueField", "json"), ("removeSourceField", "Y")]
    return flow.step("out", "JsonNormalizeInput", [*settings, *source]).hop("in", "out").run().rows("out")


def test_records_of_files_are_flattened(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(json.dumps(EVENTS))
    files = ("files", [("file", [("name", str(tmp_path)), ("filemask", r".*\.json")])])
    fields = ("id", "id"), ("ip", "meta.ip"), ("country", "meta.geo.c"), ("tags", "tags"), ("none", "nothing")
    done = Flow().step("in", "JsonNormalizeInput", [*options(*fields), files]).run()
    first, second = done.rows("in")
    assert (first[:3], json.loads(first[3]), first[4]) == (("1", "1.2", "NL"), ["a", {"b": 1}], None)
    assert second[:3] == ("2", None, None)


def test_depth_separator_and_lists() -> None:
    (first, _) = from_field(
        EVENTS, options(("geo", "meta_geo"), ("ip", "meta_ip"), fieldSeparator="_", maxFlattenDepth="1")
    )
    assert (json.loads(first[0]), first[1]) == ({"c": "NL"}, "1.2")
    omitted = from_field(EVENTS, options(("geo", "meta.geo"), maxFlattenDepth="1", beyondDepthBehavior="OMIT"))
    assert omitted[0] == (None,)
    single = from_field(
        {"events": [{"t": [{"x": 5}]}, {"t": []}]}, options(("x", "t.x"), arrayHandling="SINGLE_ELEMENT")
    )
    assert single == [("5",), (None,)]
    assert from_field([3, None], options(("v", "_"), recordPath="$")) == [("3",), (None,)]


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"arrayHandling": "SINGLE_ELEMENT"}, "tags is a list of 2"),
        ({"arrayHandling": "ERROR"}, "tags is a list of 2"),
        ({"maxFlattenDepth": "0", "beyondDepthBehavior": "ERROR"}, "the object at meta is deeper than 0"),
        ({"ignoreMissingField": "N"}, "a record has no 'gone'"),
        ({"arrayHandling": "OTHER"}, "arrayHandling is 'OTHER'"),
        ({"recordPath": "$..["}, "the path of the records"),
    ],
)
def test_what_does_not_fit_is_told(tags: dict[str, str], reason: str) -> None:
    with pytest.raises(StepError, match=reason):
        from_field(EVENTS, options(("gone", "gone"), **tags))
