"""JSON input, JsonPath and JSON output."""

from pathlib import Path
from typing import Any

import pytest

from assets.kettle.errors import StepError
from assets.kettle.formats.json_path import BadPath, compile_path, read_path
from assets.kettle.formats.json_text import json_text
from tests.assets.kettle.flow import Flow, Outcome, grid

BOOK = {"store": {"book": [{"t": "A", "p": 8.5}, {"t": "B", "p": 12, "isbn": "x"}], "open": True}}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.store.book[*].t", ["A", "B"]),
        ("store.book[0].t", ["A"]),
        ("$..t", ["A", "B"]),
        ("$.store.book[-1:].t", ["B"]),
        ("$['store']['open']", [True]),
        ("$.store.book[?(@.p > 10)].t", ["B"]),
        ("$.store.book[?(@.isbn)].t", ["B"]),
        ("$.store.book[?(@.t == 'A' || @.p > 10)].p", [8.5, 12]),
        ("$.store.book.length()", [2]),
        ("$.store.book[0,1].t", ["A", "B"]),
        ("$.store.book[*].isbn", [None, "x"]),
        ("$..isbn", ["x"]),
    ],
)
def test_json_path(path: str, values: list[Any]) -> None:
    assert read_path(BOOK, path, null_leaves=True) == values


def test_missing_leaves_can_be_left_out_and_bad_paths_are_refused() -> None:
    assert read_path(BOOK, "$.store.book[*].isbn", null_leaves=False) == ["x"]
    with pytest.raises(BadPath, match="JsonPath"):
        compile_path("$.a[")


def fields(*paths: tuple[str, str, str]) -> tuple[str, Any]:
    return "fields", [("field", [("name", n), ("path", p), ("type", t)]) for n, p, t in paths]


def from_field(text: str, *paths: tuple[str, str, str], **tags: str) -> Outcome:
    options = [("IsInFields", "Y"), ("valueField", "j"), *tags.items(), fields(*paths)]
    flow = Flow().step("g", "DataGrid", grid({"j": "String"}, [(text,)])).step("in", "JsonInput", options)
    return flow.hop("g", "in").run()


def test_rows_from_a_field_keep_the_input(tmp_path: Path) -> None:
    text = '[{"a":1,"o":{"x":"y/z"}},{"a":2,"o":[1,2.0]}]'
    outcome = from_field(text, ("a", "$[*].a", "Integer"), ("o", "$[*].o", "String"))
    assert outcome.rows("in") == [(text, 1, '{"x":"y\\/z"}'), (text, 2, "[1,2.0]")]
    assert outcome.counters["in"].input == 2


def test_source_field_can_go_and_files_are_read(tmp_path: Path) -> None:
    paths = (("a", "$.a", "Number"),)
    assert from_field('{"a":1.5}', *paths, removeSourceField="Y").rows("in") == [(1.5,)]
    file = tmp_path / "a.json"
    file.write_text('{"a":3}')
    options = [("file", [("name", str(file))]), ("include", "Y"), ("include_field", "f"), fields(*paths)]
    assert Flow().step("in", "JsonInput", options).run().rows("in") == [(3.0, str(file))]


def test_uneven_lists_and_missing_paths_are_errors() -> None:
    uneven = '{"a":[1,2],"b":[1,2,3]}'
    with pytest.raises(StepError, match="same number"):
        from_field(uneven, ("a", "$.a[*]", "Integer"), ("b", "$.b[*]", "Integer"))
    with pytest.raises(StepError, match=r"\$\.c"):
        from_field('{"a":1}', ("c", "$.c", "String"))
    assert from_field('{"a":1}', ("a", "$.a", "Integer"), ("c", "$.c", "String"), ignoreMissingPath="Y").rows("in")[0][
        1:
    ] == (1, None)


def test_broken_json_goes_to_the_error_hop() -> None:
    options = [("IsInFields", "Y"), ("valueField", "j"), fields(("a", "$.a", "Integer"))]
    flow = Flow().step("g", "DataGrid", grid({"j": "String"}, [('{"a":1}',), ("{",), ('{"a":"x"}',)]))
    flow.step("in", "JsonInput", options).step("ok", "Dummy").step("bad", "Dummy").hop("g", "in", "ok")
    outcome = flow.errors("in", "bad", codes_valuename="code").run()
    assert outcome.rows("ok") == [('{"a":1}', 1)]
    assert sorted(outcome.rows("bad")) == [("{", None, "JsonInput001"), ('{"a":"x"}', None, "JsonInput001")]


def output(rows: list[tuple[Any, ...]], file: str = "", **tags: str) -> Outcome:
    names = {"id": "Integer", "name": "String", "zip": "Number"}
    members = [("field", [("name", n), ("element", n)]) for n in names]
    options = [*tags.items(), ("file", [("name", file), ("extention", "js")]), ("fields", members)]
    return Flow().step("g", "DataGrid", grid(names, rows)).step("out", "JsonOutput", options).hop("g", "out").run()


def test_output_blocks_members_in_hash_order() -> None:
    rows = [("1", "a/b", "1.5"), ("2", None, None), ("3", "c", "10000000000")]
    outcome = output(rows, operation_type="outputvalue", outputValue="j", jsonBloc="data", nrRowsInBloc="2")
    texts = [row[-1] for row in outcome.rows("out")]
    assert texts == [
        '{"data":[{"zip":1.5,"name":"a\\/b","id":1},{"zip":null,"name":null,"id":2}]}',
        '{"data":[{"zip":1.0E10,"name":"c","id":3}]}',
    ]
    assert outcome.rows("out")[0][:3] == (None, None, None)
    assert outcome.counters["out"].output == 2


def test_output_to_a_file_sends_no_rows(tmp_path: Path) -> None:
    outcome = output(
        [("1", "a", "1")], str(tmp_path / "o"), operation_type="writetofile", jsonBloc="", nrRowsInBloc="0"
    )
    assert (tmp_path / "o.js").read_text() == '[{"zip":1.0,"name":"a","id":1}]'
    assert outcome.rows("out") == []


def test_text_of_values() -> None:
    assert json_text({"a": [None, True, "\u2028\n"]}) == '{"a":[null,true,"\\u2028\\n"]}'
