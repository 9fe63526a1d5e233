"""Microsoft Excel input: xls, xlsx and ods."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.columns import Column, Repeater, declared, integer_field, number
from assets.kettle.formats.file_list import FileRule, expand, facts, file_rules, plain_path, wanted_facts
from assets.kettle.formats.sheets import BadSheet, convert_cells, kind_of, read_sheets, rows_of
from assets.kettle.formats.sources import open_path
from assets.kettle.values.fields import Field, Layout, ValueType


@dataclass(frozen=True, slots=True)
class Sheet:
    """Which sheet, and where its table starts (0-based)."""

    name: str
    row: int = 0
    column: int = 0


class ExcelInput(Step):
    """Rows of sheets, cells by position.

    As measured: a cell of the declared type is taken as it is, others are converted with the field's mask; empty rows
    are left out (and can end the sheet); the header is no input; without sheet names all sheets are read.
    """

    types = ("ExcelInput",)

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.columns = [
            Column(declared(f, self.name), repeat=f.flag("repeat")) for f in o.rows("fields/field") if f.text("name")
        ]
        self.sheets = [
            Sheet(self.resolve(s.text("name")), number(s.text("startrow"), 0), number(s.text("startcol"), 0))
            for s in o.rows("sheets/sheet")
        ]
        self.header = o.flag("header")
        self.skip_empty, self.stop_on_empty = o.flag("noempty"), o.flag("stoponempty")
        self.limit = max(0, self.integer("limit"))
        self.strict = o.flag("strict_types")
        self.ignore, self.skip = o.flag("error_ignored"), o.flag("error_line_skipped")
        self.fed = o.flag("accept_filenames")
        names = ("filefield", "sheetfield", "sheetrownumfield", "rownumfield")
        self.names = [o.text(tag) for tag in names]
        self.facts = wanted_facts(o)
        self.files: list[str] = []
        if not self.columns:
            raise StepError(self.name, "no fields are given", "list the fields of the sheet")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The declared fields, file, sheet, row numbers, facts of the file."""
        self.incoming = next(iter(inputs.values()), Layout())
        own = [c.field for c in self.columns]
        for position, name in enumerate(self.names):
            if name and position < 2:
                own.append(Field(name, length=250, origin=self.name))
            elif name:
                own.append(integer_field(name, self.name))
        own += [fact.named(name, self.name) for name, fact in self.facts]
        return Layout(own)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Takes file names."""
        name = self.field(self.incoming, self.options.text("accept_field"), "the file name field").name
        self.files += [self.resolve(str(v)) for v in frame[name] if v]

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows of all sheets of all files."""
        try:
            files = (
                expand(FileRule(f) for f in self.files) if self.fed else expand(file_rules(self.options, self.resolve))
            )
        except KettleError as error:
            raise StepError(self.name, str(error)) from error
        self.sent = 0
        repeater = Repeater(self.columns)
        for path in files:
            if self.options.flag("add_to_result_filenames"):
                self.run.result.files.append(ResultFile(path, origin=self.name))
            for sheet, first, rows in self._tables(path):
                frame = repeater.fill(self._frame(path, sheet, first, rows))
                self.count(input=frame.height)
                self.sent += frame.height
                yield frame
                if self.limit and self.sent >= self.limit:
                    return

    def _tables(self, path: str) -> Iterator[tuple[str, list[int], list[list[Any]]]]:
        """Sheet name, row numbers and cells of each wanted sheet."""
        try:
            with open_path(self.run, path) as stream:
                books = read_sheets(stream)
        except (BadSheet, KettleError) as error:
            raise StepError(self.name, f"{path}: {error}", "check the file") from error
        for sheet in self._wanted(list(books), path):
            table = rows_of(books[sheet.name], sheet.name)
            numbers, rows = [], []
            for position in range(sheet.row + int(self.header), len(table)):
                cells = table[position][sheet.column :]
                if all(v is None for v in table[position]):
                    if self.stop_on_empty:
                        break
                    if self.skip_empty:
                        continue
                numbers.append(position + 1)
                rows.append(cells)
            if self.limit:
                left = max(0, self.limit - self.sent)
                numbers, rows = numbers[:left], rows[:left]
            yield sheet.name, numbers, rows

    def _wanted(self, present: list[str], path: str) -> list[Sheet]:
        if not any(s.name for s in self.sheets):
            start = self.sheets[0] if self.sheets else Sheet("")
            return [Sheet(name, start.row, start.column) for name in present]
        found = []
        for sheet in self.sheets:
            names = [n for n in present if n == sheet.name]
            if not names and self.options.text("sheets/sheet/is_regex").upper() == "Y":
                names = [n for n in present if re.fullmatch(sheet.name, n)]
            if not names:
                raise StepError(self.name, f"{path} has no sheet {sheet.name!r}", f"it has: {', '.join(present)}")
            found += [Sheet(n, sheet.row, sheet.column) for n in names]
        return found

    def _frame(self, path: str, sheet: str, numbers: list[int], rows: list[list[Any]]) -> pl.DataFrame:
        columns: list[pl.Series] = []
        failed: dict[int, str] = {}
        for position, column in enumerate(self.columns):
            values = [row[position] if position < len(row) else None for row in rows]
            series, reasons = convert_cells(values, column)
            if self.strict:
                reasons |= self._mismatches(values, column.field)
            for row, reason in reasons.items():
                place = f"{path}, sheet {sheet}, row {numbers[row]}, field {column.field.name!r}: {reason}"
                failed.setdefault(row, place)
            columns.append(series)
        if failed and not self.ignore:
            raise StepError(self.name, failed[min(failed)], "correct the cell or the field's type")
        frame = pl.DataFrame(columns)
        extra = (pl.lit(plain_path(path)), pl.lit(sheet), pl.lit(pl.Series(numbers, dtype=pl.Int64)))
        named = [e.alias(n) for e, n in zip(extra, self.names, strict=False) if n]
        frame = frame.with_columns(named)
        if failed and self.skip:
            keep = pl.Series([True]).new_from_index(0, frame.height).scatter(sorted(failed), False)
            frame = frame.filter(keep)
        known = facts(path)
        more = [pl.lit(getattr(known, f.fact), dtype=self.output[n].dtype).alias(n) for n, f in self.facts]
        if self.names[3]:
            more.insert(0, (pl.int_range(pl.len(), dtype=pl.Int64) + self.sent + 1).alias(self.names[3]))
        return frame.with_columns(more).select(self.output.names)

    def _mismatches(self, values: list[Any], field: Field) -> dict[int, str]:
        """Cells whose type is not the declared one."""
        numeric = (ValueType.NUMBER, ValueType.INTEGER, ValueType.BIGNUMBER)
        reasons = {}
        for row, value in enumerate(values):
            if value is None or field.type == ValueType.STRING:
                continue
            kind = kind_of(value)
            fits = field.type in numeric if kind == ValueType.NUMBER else field.type == kind
            if not fits:
                reasons[row] = f"a cell of type {kind} stands where {field.type} is declared"
        return reasons

    def reads(self) -> list[DataSet]:
        """The files as named."""
        names = {c.field.name: c.field.name for c in self.columns}
        return [DataSet("file", "", rule.path, names) for rule in file_rules(self.options, self.resolve)]

    def derive(self) -> dict[str, Derivation]:
        """Each field comes from its column of the sheet."""
        rules = file_rules(self.options, self.resolve)
        path = rules[0].path if rules else ""
        return {
            c.field.name: Derivation((Ref(c.field.name, dataset=path),), f"read as {c.field.type}")
            for c in self.columns
        }
