"""Calculations in both languages."""

from pathlib import Path
from typing import Any

from tests.assets.kettle.convert.agree import agree
from tests.assets.kettle.flow import Flow, grid

ROWS = grid(
    {"i": "Integer", "j": "Integer", "x": "Number", "y": "Number", "s": "String", "d": "Date", "e": "Date"},
    [
        (7, 2, "7.5", "2", "Ann", "2024-01-31 10:20:30", "2024-01-01 00:00:00"),
        (-7, 3, "-2.5", "0.5", "", "2023-12-31 23:59:59", "2024-02-29 12:00:00"),
        (None, 5, None, "1", None, None, "2020-01-01 00:00:00"),
        (100, 7, "0.25", "4", "bob", "2020-06-15 00:00:00", None),
    ],
    d="yyyy-MM-dd HH:mm:ss",
    e="yyyy-MM-dd HH:mm:ss",
)
BINARY = ["ADD", "SUBTRACT", "MULTIPLY", "DIVIDE", "PERCENT_1", "PERCENT_2", "PERCENT_3"]
UNARY = ["SQUARE", "ABS", "CEIL", "FLOOR", "ROUND_1", "COPY_FIELD"]
PARTS = [
    "YEAR_OF_DATE",
    "MONTH_OF_DATE",
    "QUARTER_OF_DATE",
    "DAY_OF_YEAR",
    "DAY_OF_MONTH",
    "DAY_OF_WEEK",
    "WEEK_OF_YEAR_ISO8601",
]
PARTS += ["YEAR_OF_DATE_ISO8601", "MINUTE_OF_HOUR", "HOUR_OF_DAY"]


def calculation(name: str, code: str, kind: str, *operands: str) -> tuple[str, Any]:
    tags = [("field_name", name), ("calc_type", code), ("value_type", kind), ("remove", "N"), ("conversion_mask", "")]
    return "calculation", [*tags, *zip(("field_a", "field_b", "field_c"), operands, strict=False)]


def calculating(lines: list[tuple[str, Any]]) -> Flow:
    return Flow().step("rows", "DataGrid", ROWS).step("calc", "Calculator", lines).hop("rows", "calc")


def test_arithmetic_by_the_type_of_field_a(tmp_path: Path) -> None:
    lines = [calculation(f"i{code}", code, "Integer", "i", "j") for code in [*BINARY, "REMAINDER"]]
    lines += [calculation(f"x{code}", code, "Number", "x", "y") for code in BINARY]
    lines += [calculation(f"ix{code}", code, "Number", "i", "y") for code in ("ADD", "DIVIDE", "SUBTRACT")]
    lines += [calculation(f"ui{code}", code, "Integer", "i") for code in UNARY]
    lines += [calculation(f"ux{code}", code, "Number", "x") for code in UNARY]
    lines += [
        calculation("three", "ADD3", "Number", "x", "y", "i"),
        calculation("comb", "COMBINATION_1", "Number", "x", "y", "y"),
    ]
    lines += [calculation("later", "MULTIPLY", "Integer", "iADD", "j"), calculation("nvl", "NVL", "Integer", "i", "j")]
    agree(calculating(lines), tmp_path)


def test_dates_and_texts(tmp_path: Path) -> None:
    lines = [calculation(code, code, "Integer", "d") for code in PARTS]
    lines += [calculation(f"d{code}", f"DATE_DIFF{code}", "Integer", "d", "e") for code in ("", "_HR", "_MN", "_SEC")]
    lines += [calculation("day", "REMOVE_TIME_FROM_DATE", "Date", "d")]
    lines += [calculation("up", "UPPER_CASE", "String", "s"), calculation("low", "LOWER_CASE", "String", "s")]
    lines += [calculation("both", "ADD", "String", "s", "i"), calculation("fixed", "CONSTANT", "String", "a 'b'")]
    agree(calculating(lines), tmp_path)
