"""Text file output: delimited and padded text, one file, several parts, or one file per name in a field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

import polars as pl

from assets.kettle.engine.background import Behind
from assets.kettle.engine.outputs import exists, open_binary
from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Step
from assets.kettle.errors import StepError
from assets.kettle.formats.columns import number
from assets.kettle.formats.encodings import codec
from assets.kettle.formats.fast_csv import raw_key
from assets.kettle.formats.output_name import output_name
from assets.kettle.formats.text_writer import Cell, TextStyle, open_packed, write_rows, written_header
from assets.kettle.model import Options
from assets.kettle.values.fields import Field, Layout, ValueType

NEWLINES = {"DOS": "\r\n", "UNIX": "\n", "CR": "\r", "NONE": ""}


@dataclass(slots=True)
class Open:
    """A file being written."""

    path: str
    handle: IO[bytes]
    fresh: bool = True


class TextFileOutput(Step):
    """Writes text and hands the rows on unchanged.

    As measured: only Strings are enclosed, when forced or when they hold the separator or the enclosure; a declared
    length pads Strings with blanks and numbers with zeros; an empty mask leaves the field's own, empty symbols do not;
    header, footer and ending line count as output; without rows the file is created empty. Part files change before the
    row at which the lines written so far are a multiple of the split.
    """

    types = ("TextFileOutput", "TextFileOutputLegacy", "S3FileOutputPlugin", "S3FileOutput")

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        element = o.element.find("file")
        self.file = Options(element if element is not None else o.element)
        self.style = TextStyle(
            separator=self.text("separator"),
            enclosure=self.text("enclosure"),
            newline=NEWLINES.get(o.text("format", default="DOS").upper(), "\n"),
            encoding=codec(self.text("encoding")),
            forced=o.flag("enclosure_forced") and not self.file.flag("pad"),
            never=o.flag("enclosure_fix_disabled"),
            fast_dump=self.file.flag("fast_dump"),
        )
        self.header, self.footer = o.flag("header"), o.flag("footer")
        self.ending = self.text("endedLine")
        self.compression = self.text("compression", default="None")
        self.name_field = o.text("fileNameField") if o.flag("fileNameInField") else ""
        self.append = self.file.flag("append")
        self.split_every = number(self.resolve(self.file.text("splitevery")), 0)
        if self.file.flag("is_command"):
            raise StepError(self.name, "it pipes its rows into a command", "write a file, then start the command")
        self.servlet = self.file.flag("servlet_output")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays. A field that is not there stops the step at its first row, as in Kettle."""
        layout = self.main(inputs)
        self.missing = [n for f in self.options.rows("fields/field") if (n := f.text("name")) and n not in layout]
        chosen = [f for f in self.options.rows("fields/field") if f.text("name")]
        self.cells = [self._cell(layout, f) for f in chosen] or [Cell(f, raw=self._lazy(f, f)) for f in layout]
        if self.name_field and inputs:
            self.field(layout, self.name_field, "the file name field")
        return layout

    def _cell(self, layout: Layout, option: Options) -> Cell:
        field = layout.get(option.text("name")) or Field(option.text("name"))
        changed = field.but(
            length=number(option.text("length")),
            precision=number(option.text("precision")),
            mask=option.text("format") or field.mask,
            decimal=option.text("decimal") or None,
            grouping=option.text("group") or None,
            currency=option.text("currency") or None,
            trim=option.text("trim_type", default="none"),
        )
        return Cell(changed, option.text("nullif"), raw=self._lazy(field, changed) and not option.text("nullif"))

    def _lazy(self, field: Field, written: Field) -> bool:
        """Whether a lazily read value is written in the very form in which it was read."""
        kept = ("length", "precision", "mask", "decimal", "grouping", "currency", "trim")
        same = all(getattr(field, name) == getattr(written, name) for name in kept)
        return field.storage == "lazy" and field.type != ValueType.STRING and same

    def _raw(self, frame: pl.DataFrame, source: str) -> pl.DataFrame | None:
        """The raw texts of a batch, when the step before hands them on."""
        queue = self.run.shared.get(raw_key(id(self.run), source, self.name))
        texts = queue.popleft() if queue else None
        return texts if texts is not None and texts.height == frame.height else None

    def start(self) -> None:
        """Creates the file, unless that is to wait for the first row."""
        self.open: dict[str, Open] = {}
        self.behind = Behind()
        self.part = self.lines = 0
        if self.inputs and not (self.name_field or self.servlet or self.file.flag("do_not_open_new_file_init")):
            self._opened(self._path())

    def _path(self, base: str | None = None) -> str:
        name = self.text("file/name", "fileName") if base is None else self.resolve(base)
        if not name:
            raise StepError(self.name, "no file name is given", "set the file name")
        whole = output_name(name, self.file, self.run.started, part=self.part, splitting=self.split_every > 0)
        extension = self.resolve(self.file.text("extention", "extension"))
        kind = self.compression.lower()
        if kind == "zip":
            return f"{whole}.zip"
        whole += f".{extension}" if extension else ""
        return f"{whole}.gz" if kind == "gzip" else whole

    def _opened(self, path: str) -> Open:
        found = self.open.get(path)
        if found is None:
            filled = self.append and exists(self.run.outputs.resolve(path)) and self._filled(path)
            make = self.options.flag("create_parent_folder", default=True)
            try:
                staged = self.run.outputs.stage(path, append=self.append, make_folder=make)
                entry = path.rsplit("/", 1)[-1].removesuffix(".zip")
                extension = self.resolve(self.file.text("extention", "extension"))
                handle = open_packed(staged, self.compression, f"{entry}.{extension}" if extension else entry)
            except OSError as error:
                raise StepError(self.name, f"cannot write {path}: {error.strerror or error}") from error
            found = self.open[path] = Open(path, handle, fresh=not filled)
            if self.file.flag("add_to_result_filenames", default=True):
                self.run.result.files.append(ResultFile(path, origin=self.name))
        return found

    def _filled(self, path: str) -> bool:
        with open_binary(self.run.outputs.resolve(path)) as stream:
            return bool(stream.read(1))

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Writes and passes on."""
        for name in self.missing:
            self.field(self.output, name)
        raw = self._raw(frame, source)
        if self.servlet:
            self.count(output=frame.height)
        elif raw is not None and not self.name_field and not self.split_every:
            self._write(self._opened(self._path()), frame, raw)
        elif self.name_field:
            name = self.output[self.name_field].name
            for part in frame.partition_by(name, maintain_order=True):
                base = part[name][0]
                if base is None:
                    raise StepError(self.name, "the file name is empty", "fill the file name field in every row")
                self._write(self._opened(self._path(str(base))), part)
        else:
            for part in self._parts(frame):
                self._write(self._opened(self._path()), part)
        self.emit(frame)

    def _parts(self, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows that still go into the current file, then those of the following ones."""
        while frame.height and self.split_every > 0:
            if not self.lines and self.header and self._opened(self._path()).fresh:
                self._header(self._opened(self._path()))
            shift = int(self.footer)
            if self.lines and (self.lines + shift) % self.split_every == 0:
                self._next_file()
            room = max(1, self.split_every - (self.lines + shift) % self.split_every)
            yield frame.head(room)
            frame = frame[room:]
        if frame.height:
            yield frame

    def _next_file(self) -> None:
        current = self._opened(self._path())
        if self.footer:
            self._text(current, written_header(self.cells, self.style))
        self.behind.finish()
        current.handle.close()
        del self.open[current.path]
        self.part += 1
        following = self._opened(self._path())
        if self.header and following.fresh:
            self._header(following)

    def _header(self, file: Open) -> None:
        file.fresh = False
        self._text(file, written_header(self.cells, self.style))

    def _text(self, file: Open, text: str) -> None:
        self.behind.finish()
        file.handle.write(text.encode(self.style.encoding, "replace"))
        self.lines += 1
        self.count(output=1)

    def _write(self, file: Open, frame: pl.DataFrame, raw: pl.DataFrame | None = None) -> None:
        if self.header and file.fresh:
            self._header(file)
        file.fresh = False
        self.behind.call(lambda: write_rows(file.handle, frame, self.cells, self.style, raw))
        self.lines += frame.height
        self.count(output=frame.height)

    def produce(self) -> Iterator[pl.DataFrame]:
        """Writes footers and the ending line."""
        if self.ending.strip() and not self.open and not (self.name_field or self.servlet) and self.inputs:
            self._opened(self._path())
        last = list(self.open.values())[-1:]
        for file in last:
            if self.footer and self.lines:
                self._text(file, written_header(self.cells, self.style))
            if self.ending.strip():
                self._text(file, self.ending)
        self.behind.finish()
        for file in self.open.values():
            file.handle.close()
        return iter(())

    def close(self) -> None:
        """Closes what is still open after a failure."""
        if hasattr(self, "behind"):
            self.behind.close()
        for file in getattr(self, "open", {}).values():
            file.handle.close()

    def writes(self) -> list[DataSet]:
        """The file, by its name without date and part."""
        if self.name_field or self.servlet:
            return []
        extension = self.resolve(self.file.text("extention", "extension"))
        path = self.text("file/name", "fileName") + (f".{extension}" if extension else "")
        return [DataSet("file", "", path, {c.field.name: c.field.name for c in self.cells})]
