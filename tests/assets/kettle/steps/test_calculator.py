"""Calculator: every code, types, nulls, failing rows, removed fields."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.errors import StepError
from assets.kettle.steps.calc_codes import CALCULATIONS, CODES, code_of
from tests.assets.kettle.flow import Flow, grid


def line(name: str, code: str, a: str, b: str = "", c: str = "", kind: str = "Number", **tags: str) -> Any:
    said = [("field_name", name), ("calc_type", code), ("field_a", a), ("field_b", b), ("field_c", c)]
    return ("calculation", [*said, ("value_type", kind), ("conversion_mask", ""), *tags.items()])


def calculated(fields: dict[str, str], row: tuple[Any, ...], *lines: Any, **masks: str) -> Any:
    flow = Flow().step("in", "DataGrid", grid(fields, [row], **masks)).step("calc", "Calculator", list(lines))
    return flow.hop("in", "calc").run()


def one(
    fields: dict[str, str], row: tuple[Any, ...], code: str, *names: str, kind: str = "Number", **masks: str
) -> Any:
    return calculated(fields, row, line("r", code, *names, kind=kind), **masks).column("calc", "r")[0]


def test_every_code_has_a_calculation() -> None:
    assert set(CODES) < set(CALCULATIONS) and len(CODES) == 89
    assert code_of("3") == "ADD" and code_of("88") == "REMAINDER" and code_of("A * B") == "MULTIPLY"


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("ADD", -5), ("SUBTRACT", -9), ("MULTIPLY", -14), ("DIVIDE", -3), ("REMAINDER", -1), ("PERCENT_1", -350),
        ("PERCENT_2", -7), ("COMBINATION_2", 7), ("SQUARE", 49), ("SQUARE_ROOT", 0), ("ABS", 7),
    ],
)  # fmt: skip
def test_integers_truncate(code: str, result: int) -> None:
    assert one({"a": "Integer", "b": "Integer"}, (-7, 2), code, "a", "b", kind="Integer") == result


@pytest.mark.parametrize(
    ("code", "a", "b", "result"),
    [
        ("ROUND_1", -7.5, 0, -7.0), ("ROUND_STD_1", -7.5, 0, -8.0), ("ROUND_2", 2.345, 2, 2.35),
        ("ROUND_2", -2.345, 2, -2.34), ("REMAINDER", 7.5, -2, 1.5), ("ROUND_CUSTOM_1", 2.5, 6, 2.0),
        ("ROUND_2", 1.005, 2, 1.01), ("ROUND_STD_2", 1234.5678, -2, 1200.0), ("CEIL", -0.5, 0, 0.0),
    ],
)  # fmt: skip
def test_rounding_and_remainder(code: str, a: float, b: int, result: float) -> None:
    assert one({"a": "Number", "b": "Integer"}, (a, b), code, "a", "b") == result


def test_big_numbers_are_exact() -> None:
    types = {"a": "BigNumber", "b": "BigNumber"}
    row = ("12345678901234567890.5", "0.5")
    assert one(types, row, "ADD", "a", "b", kind="BigNumber") == "12345678901234567891.0"
    assert one(types, row, "MULTIPLY", "a", "b", kind="BigNumber") == "6172839450617283945.25"
    assert one(types, ("1", "3"), "DIVIDE", "a", "b", kind="BigNumber") == "0." + "3" * 34


def test_null_operands_give_null_but_nvl_takes_the_other() -> None:
    types = {"a": "Number", "b": "Integer"}
    assert one(types, (None, 2), "ADD", "a", "b") is None and one(types, (None, 2), "NVL", "a", "b") == 2.0


def test_texts() -> None:
    types = {"s": "String", "n": "Integer"}
    assert one(types, ("ab", 3), "MULTIPLY", "s", "n", kind="String") == "ababab"
    assert one(types, ("a1b2", 3), "GET_ONLY_DIGITS", "s", kind="String") == "12"
    assert one(types, ("a1b2", 3), "ADD", "s", "n", kind="String") == "a1b23"
    assert one(types, (None, 3), "STRING_LEN", "s", kind="Integer") == 0


def test_codes_of_hop() -> None:
    assert one({"s": "String"}, ("a?é",), "BASE64_ENCODE", "s", kind="String") == "YT/DqQ"
    assert one({"s": "String"}, ("YT/DqQ",), "BASE64_DECODE", "s", kind="String") == "a?é"
    assert one({"s": "String"}, ("a b*é",), "URL_ENCODE", "s", kind="String") == "a+b*%C3%A9"
    day = one({"d": "Date"}, ("2024-02-10",), "LAST_DAY_OF_MONTH", "d", kind="Date", d="yyyy-MM-dd")
    assert day == datetime(2024, 2, 29)


def test_dates() -> None:
    types, mask = {"d": "Date", "e": "Date", "n": "Integer"}, {"d": "yyyy-MM-dd HH:mm:ss", "e": "yyyy-MM-dd HH:mm:ss"}
    row = ("2024-01-31 13:14:15", "2024-03-01 00:00:00", 1)

    def of(code: str, *names: str, kind: str = "Integer") -> Any:
        return one(types, row, code, *names, kind=kind, **mask)

    assert of("ADD_MONTHS", "d", "n", kind="Date") == datetime(2024, 2, 29, 13, 14, 15)
    assert of("DATE_DIFF", "d", "e") == -29 and of("DATE_WORKING_DIFF", "e", "d") == 22
    assert of("DAY_OF_WEEK", "d") == 4 and of("REMOVE_TIME_FROM_DATE", "d", kind="Date") == datetime(2024, 1, 31)
    assert one({"d": "Date"}, ("2020-12-28",), "WEEK_OF_YEAR", "d", kind="Integer", d="yyyy-MM-dd") == 1
    assert one({"d": "Date"}, ("2021-01-01",), "YEAR_OF_DATE_ISO8601", "d", kind="Integer", d="yyyy-MM-dd") == 2020


def test_time_is_added_by_its_mask() -> None:
    types = {"d": "Date", "t": "String", "m": "String"}
    row = ("2024-01-31", "10-30", "HH-mm")
    assert one(types, row, "ADD_TIME_TO_DATE", "d", "t", "m", kind="Date", d="yyyy-MM-dd") == datetime(
        2024, 1, 31, 10, 30
    )


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(b"<a/>")
    assert one({"f": "String"}, (file,), "MD5", "f", kind="String") == hashlib.md5(b"<a/>").hexdigest()
    assert one({"f": "String"}, (file,), "LOAD_FILE_CONTENT_BINARY", "f", kind="Binary") == b"<a/>"
    assert one({"f": "String"}, (file,), "CHECK_XML_FILE_WELL_FORMED", "f", kind="Boolean") is True
    missing = [line("r", "CRC32", "f", kind="Integer"), ("failIfNoFile", "N")]
    assert calculated({"f": "String"}, (tmp_path / "none",), *missing).column("calc", "r") == [0]
    with pytest.raises(StepError, match="none"):
        one({"f": "String"}, (tmp_path / "none",), "CRC32", "f", kind="Integer")


def test_later_lines_use_earlier_ones_and_removed_ones_go() -> None:
    lines = (line("t", "ADD", "a", "a", remove="Y"), line("r", "MULTIPLY", "t", "t"), line("c", "CONSTANT", "42"))
    done = calculated({"a": "Number"}, (1.5,), *lines)
    assert done.layouts["calc"] == ["a", "r", "c"] and done.rows("calc") == [(1.5, 9.0, 42.0)]


def test_division_by_zero_goes_to_the_error_hop() -> None:
    lines = [line("r", "DIVIDE", "a", "b", kind="Integer")]
    flow = Flow().step("in", "DataGrid", grid({"a": "Integer", "b": "Integer"}, [(1, 0), (4, 2)]))
    flow.step("calc", "Calculator", lines).step("bad", "Dummy").step("out", "Dummy").hop("in", "calc", "out")
    done = flow.errors("calc", "bad", descriptions_valuename="why").run()
    assert done.rows("out") == [(4, 2, 2)] and done.rejected("calc") == [(1, 0, "/ by zero")]


def test_lineage_goes_through_removed_fields() -> None:
    lines = [line("t", "ADD", "a", "b", remove="Y"), line("r", "ABS", "t")]
    from assets.kettle.engine.start import prepare

    flow = Flow().step("in", "DataGrid", grid({"a": "Number", "b": "Number"}, [])).step("calc", "Calculator", lines)
    with prepare(flow.hop("in", "calc").model) as engine:
        derived = engine.nodes["calc"].step.derive()
    assert [ref.field for ref in derived["r"].sources] == ["a", "b"]
