"""Each generator: the script, run in a process of its own, and the SQL on DuckDB give the engine's rows."""

from pathlib import Path
from typing import Any

import pytest

from assets.kettle.files.new import Settings
from tests.assets.kettle.convert.agree import agree
from tests.assets.kettle.flow import Flow, grid

PEOPLE = grid(
    {"k": "Integer", "word": "String", "x": "Number", "day": "Date", "ok": "Boolean"},
    [
        (1, "Ann", "1.5", "2024-01-31", "Y"),
        (2, "bob", "-2.5", "2023-12-31", "N"),
        (2, None, None, None, None),
        (None, "Ann", "0.25", "2024-02-29", "Y"),
        (3, " cid 42 ", "7", "2020-06-01", "N"),
    ],
    day="yyyy-MM-dd",
)


def fields(*rows: dict[str, str], tag: str = "fields", one: str = "field") -> tuple[str, Any]:
    return tag, [(one, list(row.items())) for row in rows]


def one_step(kind: str, options: Settings) -> Flow:
    return Flow().step("people", "DataGrid", PEOPLE).step("step", kind, options).hop("people", "step")


SIMPLE: dict[str, tuple[str, Settings]] = {
    "dummy": ("Dummy", []),
    "select": (
        "SelectValues",
        [
            (
                "fields",
                [
                    ("field", [("name", "word"), ("rename", "w")]),
                    ("field", [("name", "k")]),
                    ("field", [("name", "day")]),
                    ("meta", [("name", "k"), ("type", "String")]),
                    ("meta", [("name", "day"), ("type", "String"), ("conversion_mask", "dd.MM.yyyy HH:mm")]),
                ],
            )
        ],
    ),
    "remove": ("SelectValues", [("fields", [("remove", [("name", "ok")])])]),
    "round": ("SelectValues", [("fields", [("meta", [("name", "x"), ("type", "Integer")])])]),
    "constant": (
        "Constant",
        [
            fields(
                {"name": "c", "type": "String", "nullif": 'a"b\\c'},
                {"name": "n", "type": "Number", "nullif": "2.5"},
                {"name": "d", "type": "Date", "format": "yyyy-MM-dd", "nullif": "2024-01-02"},
                {"name": "e", "type": "Integer"},
            )
        ],
    ),
    "mapper": (
        "ValueMapper",
        [
            ("field_to_use", "word"),
            ("target_field", "m"),
            ("non_match_default", "other"),
            fields({"source_value": "Ann", "target_value": "A"}, {"source_value": "", "target_value": "none"}),
        ],
    ),
    "mapper in place": (
        "ValueMapper",
        [
            ("field_to_use", "k"),
            fields({"source_value": "2", "target_value": "20"}, {"source_value": "3", "target_value": ""}),
        ],
    ),
    "mapper of booleans": (
        "ValueMapper",
        [
            ("field_to_use", "ok"),
            ("target_field", "m"),
            fields({"source_value": "Y", "target_value": "yes"}, {"source_value": "true", "target_value": "TRUE"}),
        ],
    ),
    "range": (
        "NumberRange",
        [
            ("inputField", "x"),
            ("outputField", "r"),
            ("fallBackValue", "?"),
            fields(
                {"lower_bound": "0", "upper_bound": "1", "value": "low"},
                {"lower_bound": "1", "upper_bound": "5", "value": "mid"},
                {"lower_bound": "", "upper_bound": "0.5", "value": "small"},
                tag="rules",
                one="rule",
            ),
        ],
    ),
    "if null": (
        "IfNull",
        [
            ("selectFields", "Y"),
            fields({"name": "word", "value": "none"}, {"name": "k", "value": "0"}, {"name": "x", "value": "9.5"}),
        ],
    ),
    "null if": ("NullIf", [fields({"name": "word", "value": "Ann"}, {"name": "k", "value": "2"})]),
    "set": (
        "SetValueConstant",
        [
            ("usevar", "N"),
            fields(
                {"name": "word", "value": "same"},
                {"name": "x", "value": ""},
                {"name": "day", "value": "2020/01/02", "mask": "yyyy/MM/dd"},
            ),
        ],
    ),
    "concat": (
        "ConcatFields",
        [
            ("separator", "-"),
            ("enclosure", ""),
            fields(
                {"name": "word"},
                {"name": "k", "nullif": "NULL"},
                {"name": "x"},
                {"name": "day", "format": "yyyy/MM/dd"},
            ),
            ("ConcatFields", [("targetFieldName", "all"), ("removeSelectedFields", "N")]),
        ],
    ),
    "operations": (
        "StringOperations",
        [
            fields(
                {"in_stream_name": "word", "out_stream_name": "a", "trim_type": "both", "lower_upper": "upper"},
                {
                    "in_stream_name": "word",
                    "out_stream_name": "b",
                    "padding_type": "left",
                    "pad_char": "*",
                    "pad_len": "5",
                },
                {"in_stream_name": "word", "out_stream_name": "c", "digits": "digits_only"},
                {"in_stream_name": "word", "remove_special_characters": "espace", "lower_upper": "lower"},
            )
        ],
    ),
    "cut": (
        "StringCut",
        [
            fields(
                {"in_stream_name": "word", "out_stream_name": "a", "cut_from": "1", "cut_to": "3"},
                {"in_stream_name": "word", "cut_from": "4", "cut_to": "6"},
            )
        ],
    ),
    "replace": (
        "ReplaceString",
        [
            fields(
                {
                    "in_stream_name": "word",
                    "out_stream_name": "a",
                    "use_regex": "no",
                    "replace_string": "n",
                    "replace_by_string": "N.",
                    "case_sensitive": "yes",
                },
                {
                    "in_stream_name": "word",
                    "out_stream_name": "b",
                    "use_regex": "yes",
                    "replace_string": "[a-n]+",
                    "replace_by_string": "_",
                },
                {
                    "in_stream_name": "word",
                    "use_regex": "no",
                    "replace_string": "an",
                    "replace_by_string": "x",
                    "whole_word": "no",
                },
            )
        ],
    ),
    "sort": (
        "SortRows",
        [fields({"name": "word", "ascending": "N", "case_sensitive": "N"}, {"name": "x", "ascending": "Y"})],
    ),
    "sort unique": ("SortRows", [("unique_rows", "Y"), fields({"name": "k", "ascending": "Y"})]),
    "hash": ("UniqueRowsByHashSet", [("store_values", "Y"), fields({"name": "word"})]),
    "sequence": ("Sequence", [("valuename", "id"), ("use_counter", "Y"), ("start_at", "5"), ("increment_by", "3")]),
    "memory group": (
        "MemoryGroupBy",
        [
            fields({"name": "word"}, tag="group"),
            fields(
                {"aggregate": "s", "subject": "x", "type": "SUM"},
                {"aggregate": "n", "type": "COUNT_ANY"},
                {"aggregate": "a", "subject": "k", "type": "AVERAGE"},
                {"aggregate": "d", "subject": "k", "type": "COUNT_DISTINCT"},
                {"aggregate": "lo", "subject": "day", "type": "MIN"},
                {"aggregate": "hi", "subject": "x", "type": "MAX"},
            ),
        ],
    ),
    "whole": (
        "GroupBy",
        [
            fields(
                {"aggregate": "s", "subject": "k", "type": "SUM"},
                {"aggregate": "n", "subject": "word", "type": "COUNT_ALL"},
            )
        ],
    ),
}


@pytest.mark.parametrize("name", SIMPLE)
def test_one_step(name: str, tmp_path: Path) -> None:
    agree(one_step(*SIMPLE[name]), tmp_path)
