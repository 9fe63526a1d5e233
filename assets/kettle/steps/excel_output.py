"""Microsoft Excel output (.xls) and Microsoft Excel writer (.xls and .xlsx, templates, appending)."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

import polars as pl

from assets.kettle.engine.outputs import exists
from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.columns import number
from assets.kettle.formats.output_name import output_name
from assets.kettle.formats.sheets import cell_format, cell_values
from assets.kettle.formats.sources import open_path
from assets.kettle.model import Options
from assets.kettle.values.fields import Field, Layout


class Book(Protocol):
    """An open workbook with one sheet to write to; rows and columns count from 0."""

    def next_row(self) -> int:
        """The first row after those in use."""

    def put(self, row: int, column: int, value: Any, form: str) -> None:
        """Writes one cell with a number format."""

    def insert(self, row: int) -> None:
        """Moves the rows from here on down by one."""

    def save(self, path: Path) -> None:
        """Writes the file."""


class XlsBook:
    """An .xls workbook, always new."""

    def __init__(self, sheet: str) -> None:
        import xlwt

        self._book = xlwt.Workbook(encoding="utf-8")
        self._sheet = self._book.add_sheet(sheet or "Sheet1", cell_overwrite_ok=True)
        self._styles: dict[str, Any] = {}
        self._last = -1

    def next_row(self) -> int:
        """After the last written one."""
        return self._last + 1

    def put(self, row: int, column: int, value: Any, form: str) -> None:
        """Writes one cell; a row beyond 65,535 does not exist in this format."""
        import xlwt

        if form not in self._styles:
            self._styles[form] = xlwt.easyxf(num_format_str=form)
        self._last = max(self._last, row)
        self._sheet.write(row, column, value, self._styles[form])

    def insert(self, row: int) -> None:
        """This format is written without moving rows."""
        raise KettleError("rows cannot be moved down in an .xls file", "write an .xlsx file, or overwrite")

    def save(self, path: Path) -> None:
        """Writes the file."""
        self._book.save(str(path))


class XlsxBook:
    """An .xlsx workbook, new or opened."""

    def __init__(self, sheet: str, source: Path | None = None, *, fresh_sheet: bool = True, like: str = "") -> None:
        import openpyxl

        self._book = openpyxl.load_workbook(source) if source else openpyxl.Workbook()
        names = self._book.sheetnames
        sheet = sheet or "Sheet1"
        if source is None:
            self._sheet = self._book.active
            self._sheet.title = sheet
        elif sheet in names and not fresh_sheet:
            self._sheet = self._book[sheet]
        else:
            place = names.index(sheet) if sheet in names else len(names)
            if sheet in names:
                self._book.remove(self._book[sheet])
            if like and like in self._book.sheetnames:
                self._sheet = self._book.copy_worksheet(self._book[like])
                self._sheet.title = sheet
            else:
                self._sheet = self._book.create_sheet(sheet, place)

    @property
    def sheet(self) -> Any:
        """The sheet that is written to."""
        return self._sheet

    def activate(self) -> None:
        """Shows this sheet first when the file is opened."""
        self._book.active = self._book.index(self._sheet)

    def next_row(self) -> int:
        """After the last row that holds something."""
        for row in range(self._sheet.max_row, 0, -1):
            if any(cell.value is not None for cell in self._sheet[row]):
                return row
        return 0

    def put(self, row: int, column: int, value: Any, form: str) -> None:
        """Writes one cell; General keeps the format that is there."""
        cell = self._sheet.cell(row + 1, column + 1, value)
        if form != "General":
            cell.number_format = form

    def insert(self, row: int) -> None:
        """Moves the rows from here on down by one."""
        self._sheet.insert_rows(row + 1)

    def save(self, path: Path) -> None:
        """Writes the file."""
        self._book.save(path)


class SheetOutput(Step):
    """The common part: one workbook at a time, header, rows, footer; rows go on unchanged and count as output."""

    extension: ClassVar[str] = "xls"

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        element = o.element.find("file")
        self.file = Options(element if element is not None else o.element)
        self.header, self.footer = o.flag("header"), o.flag("footer")
        self.split_every = number(self.resolve(self.file.text("splitevery")), 0)
        self.sheet_name = self.resolve(self.file.text("sheetname", default="Sheet1"))
        self.book: Book | None = None
        self.part = self.lines = 0

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        self.cells: list[tuple[Field, Options | None]] = []
        for option in self.options.rows("fields/field"):
            if option.text("name"):
                found = self.field(layout, option.text("name"))
                self.cells.append((found.but(mask=option.text("format") or found.mask), option))
        if not self.cells:
            self.cells = [(f, None) for f in layout]
        return layout

    def start(self) -> None:
        """Creates the file, unless that is to wait for the first row."""
        if self.inputs and not self.file.flag("do_not_open_newfile_init"):
            self._open()

    def path(self) -> str:
        """The file's name with date, part and extension."""
        moment, splitting = self.run.started, self.split_every > 0
        base = output_name(self.text("file/name"), self.file, moment, part=self.part, splitting=splitting)
        extension = self.resolve(self.file.text("extention", "extension", default=self.extension))
        return f"{base}.{extension}" if extension else base

    def _open(self) -> None:
        path = self.path()
        try:
            make = self.file.flag("create_parent_folder", default=True)
            self.staged = self.run.outputs.stage(path, append=self.keeps(path), make_folder=make)
            self.book = self.open_book(path)
        except (KettleError, OSError, ValueError, KeyError) as error:
            raise StepError(self.name, f"cannot write {path}: {error}") from error
        flag = self.file.flag("add_to_result_filenames", default=self.options.flag("add_to_result_filenames"))
        if flag:
            self.run.result.files.append(ResultFile(path, origin=self.name))
        self.begin()

    def keeps(self, path: str) -> bool:
        """Whether the present file is gone on with."""
        return False

    def open_book(self, path: str) -> Book:
        """The workbook; `self.staged` is the file that will be put in place."""
        raise NotImplementedError

    def begin(self) -> None:
        """Finds the first cell and writes the header."""
        assert self.book is not None
        self.row, self.column = 0, 0
        if self.header:
            self.titles()

    def titles(self) -> None:
        """The line of names."""
        for position, (field, option) in enumerate(self.cells):
            title = (option.text("title") if option else "") or field.name
            self.put(position, title, "General")
        self.row += 1

    def put(self, position: int, value: Any, form: str) -> None:
        """One cell of the present row."""
        assert self.book is not None
        if value is not None:
            self.book.put(self.row, self.column + position, value, form)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Writes and passes on."""
        columns = [cell_values(frame[field.name], field) for field, _ in self.cells]
        forms = [cell_format(field) for field, _ in self.cells]
        for values in zip(*columns, strict=True):
            if self.split_every and self.lines and self.lines % self.split_every == 0:
                self._finish()
                self.part += 1
            if self.book is None:
                self._open()
            self.line(values, forms)
            self.lines += 1
        self.count(output=frame.height)
        self.emit(frame)

    def line(self, values: tuple[Any, ...], forms: list[str]) -> None:
        """One row."""
        for position, (value, form) in enumerate(zip(values, forms, strict=True)):
            self.put(position, value, form)
        self.row += 1

    def _finish(self) -> None:
        if self.book is None:
            return
        if self.footer:
            self.titles()
        try:
            self.book.save(self.staged)
        except (OSError, ValueError) as error:
            raise StepError(self.name, f"cannot write {self.path()}: {error}") from error
        self.book = None

    def produce(self) -> Iterator[pl.DataFrame]:
        """Writes the file."""
        self._finish()
        return iter(())

    def writes(self) -> list[DataSet]:
        """The file."""
        return [DataSet("file", "", self.path(), {f.name: f.name for f, _ in self.cells})]


class ExcelOutput(SheetOutput):
    """The old Excel output: always .xls, header and footer of names."""

    types = ("ExcelOutput",)

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        if self.options.flag("append") or self.options.flag("template/enabled"):
            raise StepError(self.name, "it appends to or fills an .xls file", "use the Excel writer with .xlsx")

    def open_book(self, path: str) -> Book:
        """A new workbook."""
        return XlsBook(self.sheet_name)


CELL = re.compile(r"\$?([A-Za-z]+)\$?(\d+)")


def cell_place(text: str) -> tuple[int, int]:
    """Row and column from 0 of a cell such as B3. Raises ValueError."""
    found = CELL.fullmatch(text.strip() or "A1")
    if found is None:
        raise ValueError(f"{text!r} is no cell")
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]) - 1, column - 1


class ExcelWriter(SheetOutput):
    """New or present files and sheets, templates, a starting cell, appended or pushed rows, formulas."""

    types = ("TypeExitExcelWriterStep", "TypeExitExcelWriterTransform")
    extension = "xls"

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        o = self.options
        self.reuse_file = self.file.text("if_file_exists", default="new") == "reuse"
        self.reuse_sheet = self.file.text("if_sheet_exists", default="new") == "reuse"
        self.append_lines = o.flag("appendLines")
        self.pushing = o.text("rowWritingMethod", default="overwrite") == "push"
        try:
            self.origin = cell_place(self.text("startingCell", default="A1"))
        except ValueError as error:
            raise StepError(self.name, str(error), "give a cell such as A1") from error
        self.template = self.resolve(o.text("template/filename")) if o.flag("template/enabled") else ""
        sheet = o.flag("template/sheet_enabled")
        self.sheet_template = self.resolve(o.text("template/sheetname")) if sheet else ""

    def keeps(self, path: str) -> bool:
        """A present file is gone on with when told to."""
        return self.reuse_file

    def open_book(self, path: str) -> Book:
        """A new workbook, the present one, or a copy of the template."""
        present = self.reuse_file and exists(self.run.outputs.resolve(path)) and self.staged.stat().st_size > 0
        if not path.lower().endswith((".xlsx", ".xlsm")):
            if present or self.template:
                raise KettleError("an .xls file can only be written anew", "write an .xlsx file")
            return XlsBook(self.sheet_name)
        if not present and self.template:
            with open_path(self.run, self.template) as source, self.staged.open("wb") as target:
                shutil.copyfileobj(source, target)
            present = True
        if not present:
            return XlsxBook(self.sheet_name)
        copy = self.staged.with_suffix(".xlsx")
        shutil.copyfile(self.staged, copy)
        try:
            return XlsxBook(self.sheet_name, copy, fresh_sheet=not self.reuse_sheet, like=self.sheet_template)
        finally:
            copy.unlink()

    def begin(self) -> None:
        """At the starting cell, or below what is there."""
        assert self.book is not None
        self.row, self.column = self.origin
        appending = self.append_lines and self.book.next_row() > 0
        if appending:
            self.row = max(self.book.next_row(), self.origin[0])
            self.row += self.integer("appendOffset") + self.integer("appendEmpty")
        omit = appending and self.options.flag("appendOmitHeader")
        if self.header and not omit:
            self.titles()
        if self.options.flag("makeSheetActive") and isinstance(self.book, XlsxBook):
            self.book.activate()

    def line(self, values: tuple[Any, ...], forms: list[str]) -> None:
        """One row; a field told to be a formula is written as one."""
        assert self.book is not None
        if self.pushing:
            self.book.insert(self.row)
        for position, (value, form) in enumerate(zip(values, forms, strict=True)):
            option = self.cells[position][1]
            if option is not None and option.flag("formula") and value is not None:
                value = f"={value}".replace("==", "=", 1)
            self.put(position, value, form)
        self.row += 1
