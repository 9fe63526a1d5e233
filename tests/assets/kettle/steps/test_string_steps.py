"""String operations, String cut, Replace in string, Regex evaluation."""

from typing import Any

import pytest

from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, grid


def made(kind: str, values: list[Any], options: list[Any], **tags: str) -> Flow:
    flow = Flow().step("in", "DataGrid", grid({"s": "String"}, [(v,) for v in values]))
    return flow.step("x", kind, options, **tags).hop("in", "x")


def lines(*fields: dict[str, str]) -> list[Any]:
    return [("fields", [("field", [("in_stream_name", "s"), *f.items()]) for f in fields])]


def test_operations_run_in_their_order() -> None:
    options = lines(
        {"out_stream_name": "a", "trim_type": "both", "lower_upper": "upper"}
        | {"padding_type": "left", "pad_char": "*", "pad_len": "6"},
        {"out_stream_name": "b", "digits": "digits_only"},
        {"out_stream_name": "c", "remove_special_characters": "espace", "init_cap": "yes"},
    )  # fmt: skip
    done = made("StringOperations", [" ab1 ", None], options).run()
    assert done.rows("x") == [(" ab1 ", "***AB1", "1", "Ab1"), (None, None, None, None)]


def test_padding_with_several_characters_and_in_place() -> None:
    options = lines({"padding_type": "right", "pad_char": "xy", "pad_len": "6"})
    assert made("StringOperations", ["abc"], options).run().rows("x") == [("abcxyx",)]


@pytest.mark.parametrize(
    ("start", "end", "cut"),
    [
        ("0", "2", "ab"), ("3", "9", "def"), ("3", "", None), ("0", "-3", "def"), ("-3", "-1", None),
        ("-1", "-3", "de"), ("-1", "", "abcdef"), ("7", "9", None), ("0", "-9", "abcdef"), ("2", "-1", "abcdef"),
    ],
)  # fmt: skip
def test_cut(start: str, end: str, cut: str | None) -> None:
    options = lines({"out_stream_name": "r", "cut_from": start, "cut_to": end})
    assert made("StringCut", ["abcdef"], options).run().column("x", "r") == [cut]


def test_replace() -> None:
    options = lines(
        {"replace_string": "cat", "replace_by_string": "dog", "whole_word": "yes"},
        {"replace_string": r"(\w)\.", "replace_by_string": "$1!", "use_regex": "yes"},
        {"out_stream_name": "r", "replace_string": ".", "set_empty_string": "Y"},
    )
    assert made("ReplaceString", ["Cat concat a."], options).run().rows("x") == [("dog concat a!", "dog concat a!")]


def test_replacing_by_a_number_field_writes_it_with_its_mask() -> None:
    flow = Flow().step("in", "DataGrid", grid({"s": "String", "n": "Integer"}, [("a#", 7)], n="000"))
    flow.step("x", "ReplaceString", lines({"replace_string": "#", "replace_field_by_string": "n"}))
    assert flow.hop("in", "x").run().rows("x") == [("a007", 7)]


def test_a_missing_group_rejects_the_row() -> None:
    options = lines({"replace_string": "a", "replace_by_string": "$5", "use_regex": "yes"})
    flow = made("ReplaceString", ["a", "b"], options).step("bad", "Dummy").step("out", "Dummy").hop("x", "out")
    done = flow.errors("x", "bad", codes_valuename="code").run()
    assert done.rows("out") == [("b",)] and done.rejected("x") == [("a", "ReplaceString001")]


def test_regex_groups_are_converted_and_defaults_filled() -> None:
    fields = [
        ("field", [("name", "n"), ("type", "Integer"), ("format", "#")]),
        ("field", [("name", "w"), ("type", "String"), ("ifnull", "none")]),
    ]
    tags = {"script": r"(\d+) ?(\w*)", "matcher": "s", "resultfieldname": "ok", "allowcapturegroups": "Y"}
    done = made("RegexEval", ["12 ab", "7", "x", None], [("fields", fields)], **tags).run()
    assert done.rows("x") == [
        ("12 ab", True, 12, "ab"), ("7", True, 7, "none"), ("x", False, None, "none"), (None, False, None, None),
    ]  # fmt: skip


def test_regex_with_too_few_fields_fails() -> None:
    tags = {"script": "(a)(b)", "matcher": "s", "resultfieldname": "ok", "allowcapturegroups": "Y"}
    with pytest.raises(StepError, match="2 groups"):
        made("RegexEval", ["ab"], [("fields", [("field", [("name", "n"), ("type", "String")])])], **tags).run()
    with pytest.raises(StepError, match="regular expression"):
        made("RegexEval", ["ab"], [], script="(", matcher="s", resultfieldname="ok").run()
