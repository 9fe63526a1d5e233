"""JSON output: blocks of rows as one JSON text, in a field, a file, or both."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.encodings import codec
from assets.kettle.formats.json_text import json_text
from assets.kettle.formats.output_name import output_name
from assets.kettle.model import Options
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType


def hash_order(names: list[str]) -> list[str]:
    """Names in the order of Java's HashMap, in which the JSON library keeps the members of an object."""
    size = 16
    while len(names) > size * 3 // 4:
        size *= 2

    def place(name: str) -> int:
        code = 0
        for char in name:
            code = (31 * code + ord(char)) & 0xFFFFFFFF
        return (code ^ (code >> 16)) & (size - 1)

    return sorted(names, key=place)


class JsonOutput(Step):
    """One JSON text per `nrRowsInBloc` rows (0: one for all).

    As measured: members stand in hash order; what leaves are rows of nulls with the text in the new field, none when
    only a file is written; slashes are escaped; dates are printed with their mask.
    """

    types = ("JsonOutput",)

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        element = o.element.find("file")
        self.file = Options(element if element is not None else o.element)
        self.block = self.text("jsonBloc")
        self.size = self.integer("nrRowsInBloc", default=1)
        kind = o.text("operation_type", default="writetofile").lower()
        self.to_file, self.to_field = kind in ("writetofile", "both"), kind in ("outputvalue", "both")
        self.compatible = o.flag("compatibility_mode")
        self.servlet = self.file.flag("servlet_output")
        self.codec = codec(self.text("encoding"))
        self.held: list[Any] = []

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input fields, and the text where it goes into a field."""
        layout = self.main(inputs)
        self.members = [
            (self.field(layout, f.text("name")), self.resolve(f.text("element")) or f.text("name"))
            for f in self.options.rows("fields/field")
        ]
        if not self.to_field:
            return layout
        return layout.plus(Field(self.text("outputValue", default="outputValue"), origin=self.name))

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Takes the rows and says every full block."""
        columns = [self._values(frame[field.name], field) for field, _ in self.members]
        names = [name for _, name in self.members]
        order = hash_order(list(dict.fromkeys(names)))
        for values in zip(*columns, strict=True):
            row = dict(zip(names, values, strict=True))
            if self.compatible:
                self.held += [{name: value} for name, value in zip(names, values, strict=True)]
            else:
                self.held.append({name: row[name] for name in order})
            self.taken = getattr(self, "taken", 0) + 1
            if self.size > 0 and self.taken == self.size:
                self._say()

    def _values(self, column: pl.Series, field: Field) -> list[Any]:
        if field.type in (ValueType.NUMBER, ValueType.INTEGER, ValueType.BOOLEAN):
            return column.to_list()
        if field.type == ValueType.BIGNUMBER:
            return [None if v is None else Plain(v) for v in column]
        return to_text(column, field).to_list()

    def _say(self) -> None:
        whole = {self.block: self.held} if self.block else self.held
        text = json_text(whole)
        self.held, self.taken = [], 0
        self.count(output=1)
        if self.to_file and not self.servlet:
            self._write(text)
        if self.to_field:
            row = {name: [None] for name in self.output.names[:-1]} | {self.output.names[-1]: [text]}
            self.emit(pl.DataFrame(row, schema=self.output.schema))

    def _path(self) -> str:
        base = output_name(self.text("file/name"), self.file, self.run.started)
        extension = self.resolve(self.file.text("extention", "extension"))
        return f"{base}.{extension}" if extension else base

    def _write(self, text: str) -> None:
        path = self._path()
        try:
            make = self.file.flag("create_parent_folder")
            staged = self.run.outputs.stage(path, append=self.file.flag("append"), make_folder=make)
            with staged.open("ab") as handle:
                handle.write(text.encode(self.codec, "replace"))
        except (KettleError, OSError) as error:
            raise StepError(self.name, f"cannot write {path}: {error}") from error
        if self.options.flag("addtoresult"):
            self.run.result.files.append(ResultFile(path, origin=self.name))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The last block."""
        if self.held:
            self._say()
        return iter(())

    def writes(self) -> list[DataSet]:
        """The file."""
        if not self.to_file or self.servlet:
            return []
        return [DataSet("file", "", self._path(), {name: field.name for field, name in self.members})]

    def derive(self) -> dict[str, Derivation]:
        """The text comes from all members."""
        if not self.to_field:
            return {}
        source = next(iter(self.inputs), "")
        refs = tuple(Ref(field.name, source) for field, _ in self.members)
        return {self.output.names[-1]: Derivation(refs, "rows as JSON text")}


class Plain(int):
    """A number that JSON prints with its own digits."""

    def __new__(cls, text: str) -> "Plain":
        """Keeps the text."""
        made = super().__new__(cls, 0)
        made.text = text
        return made

    text: str

    def __str__(self) -> str:
        """The digits."""
        return self.text
