"""Excel input, output and writer."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, grid

TYPES = {"i": "Integer", "s": "String", "d": "Date", "n": "Number"}


def reader(path: Path, row: int = 0, column: int = 0, types: dict[str, str] | None = None, **tags: str) -> Any:
    sheet = [("name", "S"), ("startrow", str(row)), ("startcol", str(column))]
    columns = [("field", [("name", n), ("type", t), ("format", "")]) for n, t in (types or TYPES).items()]
    options = {"header": "Y", "noempty": "Y", "stoponempty": "N"} | tags
    return [*options.items(), ("file", [("name", str(path))]), ("sheets", [("sheet", sheet)]), ("fields", columns)]


def write(kind: str, path: Path, extension: str, *rows: tuple[Any, ...], **tags: str) -> None:
    inner = {k: tags.pop(k) for k in ("if_file_exists", "if_sheet_exists") if k in tags}
    file = [("name", str(path)), ("extention", extension), ("sheetname", "S"), *inner.items()]
    options: list[tuple[str, Any]] = [("header", "Y"), *tags.items(), ("file", file)]
    data = grid(TYPES, list(rows), d="yyyy/MM/dd")
    Flow().step("g", "DataGrid", data).step("out", kind, options).hop("g", "out").run()


def read(path: Path, row: int = 0, column: int = 0, types: dict[str, str] | None = None, **tags: str) -> list[Any]:
    return Flow().step("in", "ExcelInput", reader(path, row, column, types, **tags)).run().rows("in")


ROW = ("1", "a", "2024/01/31", "1.5")


def test_old_output_is_read_again(tmp_path: Path) -> None:
    write("ExcelOutput", tmp_path / "o", "xls", ROW, (None, None, None, "2"))
    rows = read(tmp_path / "o.xls")
    assert [(r[0], r[1], str(r[2]), r[3]) for r in rows] == [
        (1, "a", "2024-01-31 00:00:00", 1.5),
        (None, None, "None", 2.0),
    ]


def test_writer_starts_at_a_cell_and_appends(tmp_path: Path) -> None:
    write("TypeExitExcelWriterStep", tmp_path / "o", "xlsx", ROW, startingCell="B2")
    again = {"if_file_exists": "reuse", "if_sheet_exists": "reuse", "appendLines": "Y", "appendOmitHeader": "Y"}
    write("TypeExitExcelWriterStep", tmp_path / "o", "xlsx", ("2", "b", None, None), startingCell="B2", **again)
    assert [row[:2] for row in read(tmp_path / "o.xlsx", 1, 1)] == [(1, "a"), (2, "b")]


def test_writer_fills_a_template(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "T"
    book.active["A1"] = "kept"
    book.save(tmp_path / "t.xlsx")
    template = [("enabled", "Y"), ("filename", str(tmp_path / "t.xlsx"))]
    options = [("header", "N"), ("template", template)]
    options.append(("file", [("name", str(tmp_path / "o")), ("extention", "xlsx"), ("sheetname", "S")]))
    flow = (
        Flow().step("g", "DataGrid", grid({"a": "Integer"}, [("5",)])).step("out", "TypeExitExcelWriterStep", options)
    )
    flow.hop("g", "out").run()
    made = openpyxl.load_workbook(tmp_path / "o.xlsx")
    assert (made["T"]["A1"].value, made["S"]["A1"].value) == ("kept", 5)


def test_cells_are_converted_and_empty_rows_left_out(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "S"
    for row in (["h", "h"], [100317, "7"], [None, None], [True, "x"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    types = {"s": "String", "t": "String"}
    assert read(tmp_path / "a.xlsx", types=types, noempty="N")[1] == (None, None)
    assert len(read(tmp_path / "a.xlsx", types=types)) == 2
    assert len(read(tmp_path / "a.xlsx", types=types, stoponempty="Y")) == 1
    types = {"s": "String", "t": "Integer"}
    with pytest.raises(StepError, match=r"row 4, field 't'"):
        read(tmp_path / "a.xlsx", types=types)
    assert read(tmp_path / "a.xlsx", types=types, error_ignored="Y")[1][1] is None
    assert len(read(tmp_path / "a.xlsx", types=types, error_ignored="Y", error_line_skipped="Y")) == 1


def test_row_numbers_sheet_and_missing_sheet(tmp_path: Path) -> None:
    write("ExcelOutput", tmp_path / "o", "xls", ROW, ROW)
    options = reader(
        tmp_path / "o.xls", types={"i": "Integer"}, sheetfield="sheet", rownumfield="n", sheetrownumfield="r"
    )
    assert Flow().step("in", "ExcelInput", options).run().rows("in") == [(1, "S", 2, 1), (1, "S", 3, 2)]
    options = [("sheets", [("sheet", [("name", "No")])]) if name == "sheets" else (name, v) for name, v in options]
    with pytest.raises(StepError, match="it has: S"):
        Flow().step("in", "ExcelInput", options).run()


def test_what_is_no_spreadsheet_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_text("no")
    with pytest.raises(StepError, match=r"'in'.*a\.xls"):
        read(tmp_path / "a.xls")
