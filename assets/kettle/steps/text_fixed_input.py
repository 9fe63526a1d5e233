"""Fixed file input: records of a fixed number of bytes, with or without line ends."""

from collections.abc import Iterator, Mapping
from typing import IO

import polars as pl

from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.columns import Column, declared, number
from assets.kettle.formats.encodings import codec
from assets.kettle.formats.sources import open_path
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Layout, ValueType

RECORDS_PER_BATCH = 50_000


class FixedInput(Step):
    """Cuts records of `line_width` bytes (plus a line end, where there is one) into fields by their widths.

    Blank values are converted like any other, so a number of blanks only is an error; the header record is no input.
    """

    types = ("FixedInput",)

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.columns: list[Column] = []
        at = 0
        self.widths: list[tuple[int, int]] = []
        for option in o.rows("fields/field"):
            width = number(option.text("width"), 0)
            self.columns.append(Column(declared(option, self.name)))
            self.widths.append((at, width))
            at += width
        self.width = self.integer("line_width") or at
        if not self.columns or self.width <= 0:
            raise StepError(self.name, "no fields or no widths are given", "give every field a width")
        kind = o.text("file_type", default="NONE").upper()
        self.ending = {"DOS": 2, "UNIX": 1}.get(kind, 1 if o.flag("line_feed") else 0)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The declared fields."""
        return Layout(c.field for c in self.columns)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The records."""
        path = self.text("filename")
        if not path:
            raise StepError(self.name, "no file name is given", "set the file name")
        try:
            with open_path(self.run, path) as stream:
                for records in self._records(stream):
                    self.count(input=len(records))
                    yield self._frame(records, path)
        except KettleError as error:
            if isinstance(error, StepError):
                raise
            raise StepError(self.name, str(error)) from error

    def _records(self, stream: IO[bytes]) -> Iterator[list[bytes]]:
        size = self.width + self.ending
        if self.options.flag("header"):
            stream.read(size)
        while data := stream.read(size * RECORDS_PER_BATCH):
            yield [data[i : i + self.width] for i in range(0, len(data), size)]

    def _frame(self, records: list[bytes], path: str) -> pl.DataFrame:
        name = codec(self.text("encoding"))
        made = []
        for column, (at, width) in zip(self.columns, self.widths, strict=True):
            texts = [record[at : at + width].decode(name, "replace").rstrip("\r\n") for record in records]
            field = column.field
            converted = convert(pl.Series(texts, dtype=pl.String), field.but(type=ValueType.STRING), field)
            if converted.reasons:
                reason = next(iter(converted.reasons.values()))
                raise StepError(self.name, f"{path}, field {field.name!r}: {reason}", "correct the file or the widths")
            made.append(converted.values.alias(field.name))
        return pl.DataFrame(made)

    def reads(self) -> list[DataSet]:
        """The file."""
        return [DataSet("file", "", self.text("filename"), {c.field.name: c.field.name for c in self.columns})]

    def derive(self) -> dict[str, Derivation]:
        """Each field comes from its place in the record."""
        path = self.text("filename")
        return {c.field.name: Derivation((Ref(c.field.name, dataset=path),), "read") for c in self.columns}
